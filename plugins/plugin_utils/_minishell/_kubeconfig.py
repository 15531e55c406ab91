# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubeconfig of a device's user. This plugin util is private to the collection."""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.kubeconfig import Kubeconfig


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


def replaces(given: Kubeconfig, former: Kubeconfig | None, now: dt.datetime, renew_before: int) -> bool:
    """Whether what a device gives is to be written over a file: for another cluster, or since the file's end is near."""
    if former is None or (given.server, given.ca, given.user) != (former.server, former.ca, former.user):
        return True
    near = former.credential.days_left(now) < renew_before
    return near and former.credential.not_after < given.credential.not_after


__all__ = ("read_kubeconfig", "replaces")
