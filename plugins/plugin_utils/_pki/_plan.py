# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether certificates have to be made anew, and why. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._authority import issued_by, lifetime_end
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._names import Names

with contextlib.suppress(ImportError):  # ansible-core brings it; only ansible-test's import test has to do without
    from cryptography import x509

MAXIMUM_DAYS = 397
"""The longest life of a server certificate that every client accepts."""
NEW_CA = "Run state: absent, which removes the old CA, then state: present; every client must then trust the new one"


@dataclasses.dataclass(frozen=True)
class Request:
    """What is wanted.

    :param valid_days: lifetime of a server certificate, in days.
    :param renew_before: days before its end from which it is replaced.
    :param ca_valid_days: lifetime of a CA, in days.
    """

    names: Names
    valid_days: int
    renew_before: int
    ca_valid_days: int


@dataclasses.dataclass(frozen=True)
class Standing:
    """What there is.

    :param authority: the CA's certificate.
    :param authority_key: whether there is a file with its key.
    :param server: the server's certificate.
    :param own: whether the server's certificate was made here, and is not one of the user's own.
    :param key_matches: whether the server's key is the one that was written with this certificate.
    """

    authority: x509.Certificate | None = None
    authority_key: bool = False
    server: x509.Certificate | None = None
    own: bool = False
    key_matches: bool = False


@dataclasses.dataclass(frozen=True)
class Decision:
    """What has to be done.

    :param reason: why the server's certificate has to be issued, empty where it stays.
    """

    new_authority: bool
    reason: str
    warnings: tuple[str, ...] = ()


def decide(request: Request, standing: Standing, now: dt.datetime) -> Decision:
    """What has to be done so that the server has a certificate that clients accept.

    :raises ProvisioningError: only another CA could give what is wanted, and every client trusts this one.
    """
    if standing.authority is None:
        if standing.own:
            raise ProvisioningError(
                "the CA's certificate is missing", part="ca.pem", remedy=f"Restore it from a backup. {NEW_CA}"
            )
        return Decision(new_authority=True, reason="there is no CA yet")
    _check_authority(request, standing.authority, now)
    reason = _reason(request, standing, standing.authority, now)
    if reason and not standing.authority_key:
        raise ProvisioningError(
            f"the CA's key is missing, and the server needs a new certificate: {reason}",
            part="ca.key",
            remedy=f"Restore it from a backup. {NEW_CA}",
        )
    return Decision(new_authority=False, reason=reason, warnings=_warnings(request, standing.authority, now))


def _check_authority(request: Request, authority: x509.Certificate, now: dt.datetime) -> None:
    if now > authority.not_valid_after_utc:
        raise ProvisioningError(
            f"the CA expired on {authority.not_valid_after_utc:%Y-%m-%d}",
            reason="expired",
            part="ca.pem",
            remedy=NEW_CA,
        )
    if now < authority.not_valid_before_utc:
        raise ProvisioningError(
            f"the CA is not valid before {authority.not_valid_before_utc:%Y-%m-%d %H:%M} UTC and the controller's clock says"
            f" {now:%Y-%m-%d %H:%M} UTC",
            reason="clock",
            part="ca.pem",
            remedy="Correct the clock of the controller",
        )
    outside = request.names.outside(authority)
    if outside:
        raise ProvisioningError(
            f"the CA has no power over {outside}: its name constraints hold it to the names that it was made for",
            reason="name_mismatch",
            part="names",
            remedy=f"Keep to those names. {NEW_CA}",
        )


def _reason(request: Request, standing: Standing, authority: x509.Certificate, now: dt.datetime) -> str:
    server = standing.server
    if server is None:
        return "there is none"
    if not standing.key_matches:
        return "its key is missing or another one"
    if not issued_by(server, authority):
        return "another CA issued it"
    if Names.of(server) != request.names:
        return f"it is for {Names.of(server)}"
    if _is_due(server, authority, request.renew_before, now):
        return f"it ends on {server.not_valid_after_utc:%Y-%m-%d}"
    return ""


def _is_due(server: x509.Certificate, authority: x509.Certificate, renew_before: int, now: dt.datetime) -> bool:
    """A certificate that ends with its CA cannot be renewed by it."""
    end = server.not_valid_after_utc
    return end - now < dt.timedelta(days=renew_before) and end < authority.not_valid_after_utc


def _warnings(request: Request, authority: x509.Certificate, now: dt.datetime) -> tuple[str, ...]:
    end = authority.not_valid_after_utc
    if end >= lifetime_end(now, request.valid_days):
        return ()
    return (f"The CA ends on {end:%Y-%m-%d}, and so does every certificate of it. Before that day: {NEW_CA}",)


__all__ = ("Decision", "Request", "Standing", "decide")
