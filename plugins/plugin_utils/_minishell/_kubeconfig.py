# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubeconfig of a device's user. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import datetime as dt
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.kubeconfig import (
    Kubeconfig,
    is_of_another,
)


def read_kubeconfig(user: str, lines: t.Iterable[str]) -> Kubeconfig:
    """Read what a cmdlet printed, whose indentation cannot be relied on.

    :raises ProvisioningError: it cannot be used; no value is part of the message.
    """
    remedy = f"Look at it with: Get-HcsKubernetesUserConfig -UserName {user}"
    try:
        kubeconfig = Kubeconfig.parse(user, lines)
    except ProvisioningError as error:
        raise ProvisioningError(error.message, reason=error.reason, remedy=remedy) from error
    if not kubeconfig.ca:
        raise ProvisioningError(
            f"the kubeconfig of {user} has no certificate-authority-data", reason="unparsable", remedy=remedy
        )
    return kubeconfig


def kept_or_given(given: Kubeconfig, now: dt.datetime, renew_before: int, content: bytes | None) -> bytes:
    """What a user's file is to hold: what it holds, or what a device gives where that is damaged, of another cluster or near its end.

    :param renew_before: days.
    :param content: what it holds, None where there is no file.
    :raises ProvisioningError: it holds somebody else's kubeconfig.
    """
    if content and is_of_another(given.user, content):
        raise ProvisioningError(
            f"{given.user}.kubeconfig is there and was not made for this user",
            reason="conflict",
            remedy="Move it away, or choose another kubeconfig_directory",
        )
    former = None
    with contextlib.suppress(ProvisioningError):
        former = Kubeconfig.parse(given.user, (content or b"").decode("utf-8", "replace").splitlines())
    return given.render().encode() if content is None or _replaces(given, former, now, renew_before) else content


def _replaces(given: Kubeconfig, former: Kubeconfig | None, now: dt.datetime, renew_before: int) -> bool:
    if former is None or (given.server, given.ca, given.user) != (former.server, former.ca, former.user):
        return True
    near = former.credential.days_left(now) < renew_before
    return near and former.credential.not_after < given.credential.not_after


__all__ = ("kept_or_given", "read_kubeconfig")
