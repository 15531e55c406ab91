# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a server's certificate is refused. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import email.utils
import hashlib
import http.client
import ssl
import time

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import (
    Connect,
    Connection,
    Server,
    translate,
)
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

_MISMATCHES = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH


@dataclasses.dataclass(frozen=True)
class ServerCertificate:
    """The certificate that a server showed.

    :param not_after: end of its validity, ISO 8601 in UTC.
    :param days_left: whole days until then, negative when it is over.
    :param fingerprint: SHA-256 over its DER form, 64 lower case hexadecimal digits.
    """

    not_after: str
    days_left: int
    fingerprint: str


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """Why a certificate is refused.

    :param certificate: None where no CA of ours vouches for it.
    :param requests: HTTP requests that it took to find out.
    """

    error: ProvisioningError
    certificate: ServerCertificate | None = None
    requests: int = 0


@dataclasses.dataclass(frozen=True)
class _Facts:
    """What a chain-checked certificate says: times in seconds since the epoch."""

    not_before: float
    not_after: float
    names: tuple[str, ...]


def server_certificate(connection: Connection) -> ServerCertificate | None:
    """The certificate of the other end; None for plain HTTP."""
    fields, der = connection.peer_certificate()
    if not fields:
        return None
    not_after = ssl.cert_time_to_seconds(str(fields["notAfter"]))
    return ServerCertificate(
        not_after=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(not_after)),
        days_left=int((not_after - time.time()) // 86400),
        fingerprint=hashlib.sha256(der).hexdigest(),
    )


def diagnose(
    server: Server, refused: ssl.SSLCertVerificationError, timeout: float, connect: Connect = Connection
) -> Diagnosis:
    """Look at a refused certificate again over a connection that carries no secret.

    :param refused: the refusal.
    """
    untrusted = translate(refused, server.endpoint)
    connection = connect(server, server.tls_context(lenient=True), timeout)
    try:
        connection.connect()
        facts, certificate = _facts(connection), server_certificate(connection)
        now = time.time()
        if facts.not_before <= now <= facts.not_after:
            fault = _lasting_fault(server, facts, refused)
            return Diagnosis(fault or untrusted, certificate)
        return Diagnosis(_timely_fault(facts, now, _server_time(connection)), certificate, 1)
    except OSError:
        return Diagnosis(untrusted)
    finally:
        connection.close()


def _facts(connection: Connection) -> _Facts:
    fields = connection.peer_certificate()[0]
    names = tuple(value for kind, value in fields.get("subjectAltName", ()) if kind in ("DNS", "IP Address"))
    return _Facts(
        ssl.cert_time_to_seconds(str(fields["notBefore"])), ssl.cert_time_to_seconds(str(fields["notAfter"])), names
    )


def _server_time(connection: Connection) -> float | None:
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError, TypeError):
        connection.request("HEAD", "/v2/")
        date = connection.getresponse().getheader("Date", "")
        return email.utils.parsedate_to_datetime(date).timestamp()
    return None


def _timely_fault(facts: _Facts, now: float, server_now: float | None) -> ProvisioningError:
    theirs = "" if server_now is None else f", the server's says {_date(server_now)}"
    clocks = f"this host's clock says {_date(now)}{theirs}"
    if now < facts.not_before:
        return ProvisioningError(
            f"its certificate is not valid before {_date(facts.not_before)}; {clocks}",
            reason="clock",
            remedy="Correct the clock of this host, or of the one that made the certificate",
        )
    if server_now is not None and server_now <= facts.not_after:
        return ProvisioningError(
            f"its certificate is valid until {_date(facts.not_after)}; {clocks}",
            reason="clock",
            remedy="Correct the clock of this host, or renew the certificate if the server's clock is wrong",
        )
    return ProvisioningError(
        f"its certificate expired on {_date(facts.not_after)}",
        reason="expired",
        remedy="Renew the registry's certificate",
    )


def _lasting_fault(server: Server, facts: _Facts, refused: ssl.SSLCertVerificationError) -> ProvisioningError | None:
    for authority in server.ca_certificates:
        try:
            authority.check_validity()
        except ProvisioningError as error:
            return error
    host = server.endpoint.host
    if refused.verify_code not in _MISMATCHES:
        return None
    if not facts.names:
        return ProvisioningError(
            "its certificate has no subjectAltName: container engines ignore the common name",
            reason="legacy_common_name",
            remedy=f"Make it again with {host} as subject alternative name",
        )
    return ProvisioningError(
        f"its certificate is for {', '.join(facts.names)}, not for {host}",
        reason="name_mismatch",
        remedy=f"Make it again with {host} in it, or use a name that it has as endpoint",
    )


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


__all__ = ("Diagnosis", "ServerCertificate", "diagnose", "server_certificate")
