# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trying a record against its registry. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import ssl

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authentication import (
    basic_authorization,
    fetch_token,
    find_bearer,
    parse_challenges,
)
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import (
    Connect,
    Connection,
    Server,
    network_errors,
    unreachable,
)
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.diagnosis import (
    ServerCertificate,
    diagnose,
    server_certificate,
)
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import MANIFEST_TYPES, ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

_BODY_LIMIT = 1 << 16


@dataclasses.dataclass(frozen=True)
class Probe:
    """What trying a record showed.

    :param reason: one of `PROBE_REASONS`, empty if ok.
    :param http_status: of the last answer, None where there was none.
    :param requests: HTTP requests made, to the registry and to its token server.
    :param certificate: what the registry showed, None for plain HTTP and for a chain that no CA of ours vouches for.
    """

    ok: bool
    reason: str = ""
    msg: str = ""
    remedy: str = ""
    http_status: int | None = None
    requests: int = 0
    certificate: ServerCertificate | None = None


def probe(
    record: Record,
    *,
    verify_image: str | None = None,
    allow_http: bool = False,
    timeout: float = 10.0,
    system_certificates: tuple[str, ...] | None = None,
) -> Probe:
    """Prove that a record works: address, TLS with the record's CA, credentials. One request, with bearer tokens three.

    :param verify_image: `repository:tag` or `repository@digest` that the record must be able to pull.
    :param allow_http: whether a record with plain HTTP is permitted.
    :param timeout: seconds, for connecting and for every wait on the network.
    :param system_certificates: as in `Server`.
    :raises ProvisioningError: an argument is invalid. Never for what the network does.
    """
    image = ImageName.parse(verify_image, part="verify_image") if verify_image else None
    check_scheme(record, allow_http=allow_http)
    server = dataclasses.replace(Server.of(record), system_certificates=system_certificates)
    return _tried(_Trial(record, server, timeout, Connection), image)


def probe_through(connect: Connect, record: Record, *, allow_http: bool, timeout: float) -> Probe:
    """Prove that a record works, as `probe` does, on another way.

    :param connect: makes the connections to the registry and to its token server.
    :raises ProvisioningError: as `probe`, and as `connect`.
    """
    check_scheme(record, allow_http=allow_http)
    return _tried(_Trial(record, Server.of(record), timeout, connect), None)


def check_scheme(record: Record, *, allow_http: bool) -> None:
    """:raises ProvisioningError: the record wants plain HTTP and that is not permitted."""
    if record.scheme == "http" and not allow_http:
        raise ProvisioningError(
            "the record has scheme http, so the password would travel in clear",
            registry=str(record.endpoint),
            part="scheme",
            remedy="Give the registry TLS, or set allow_http: true",
        )


@dataclasses.dataclass(frozen=True)
class _Answer:
    status: int
    headers: http.client.HTTPMessage

    def header(self, name: str) -> str:
        return ", ".join(self.headers.get_all(name, []))

    @property
    def is_from_registry(self) -> bool:
        """Whether it looks like an answer of the distribution API."""
        kind = self.headers.get_content_type()
        challenges = parse_challenges(self.header("WWW-Authenticate")) if self.status == 401 else []
        return bool(
            self.headers.get("Docker-Distribution-API-Version")
            or kind == "application/json"
            or kind in MANIFEST_TYPES
            or any(challenge.scheme in ("basic", "bearer") for challenge in challenges)
        )


class _Trial:
    """One try of one record, with what is known of it so far."""

    def __init__(self, record: Record, server: Server, timeout: float, connect: Connect) -> None:
        self._record = record
        self._server = server
        self._timeout = timeout
        self._connect_to = connect
        self._requests = 0
        self._status: int | None = None
        self._certificate: ServerCertificate | None = None
        self.connection = connect(server, server.tls_context(), timeout)

    def report(self, error: ProvisioningError | None = None) -> Probe:
        return Probe(
            ok=error is None,
            reason=error.reason if error else "",
            msg=error.message if error else "",
            remedy=error.remedy if error else "",
            http_status=self._status,
            requests=self._requests,
            certificate=self._certificate,
        )

    def run(self, image: ImageName | None) -> None:
        """:raises ProvisioningError: the record does not work."""
        try:
            self._connect()
            _judge(self._record, self._authenticated_answer(image), image)
        except ProvisioningError as error:
            if self._record.scheme == "http" and self._speaks_tls():
                raise unreachable(f"{self._server.endpoint} speaks TLS", "Set scheme: https in the record") from error
            raise

    def _connect(self) -> None:
        with network_errors(self._server.endpoint, self._server.addresses):
            try:
                self.connection.connect()
            except ssl.SSLCertVerificationError as refused:
                diagnosis = diagnose(self._server, refused, self._timeout, self._connect_to)
                self._requests += diagnosis.requests
                self._certificate = diagnosis.certificate
                raise diagnosis.error from refused
        self._certificate = server_certificate(self.connection)

    def _authenticated_answer(self, image: ImageName | None) -> _Answer:
        basic = basic_authorization(self._record.username, self._record.password)
        answer = self._ask(image, basic)
        bearer = find_bearer(answer.header("WWW-Authenticate")) if answer.status == 401 else None
        if bearer is None:
            return answer
        scope = f"repository:{image.repository}:pull" if image else bearer.parameters.get("scope")
        self._requests += 1
        token = fetch_token(
            self._server,
            bearer,
            scopes=[scope] if scope else [],
            authorization=basic,
            connect=lambda realm: self._connect_to(realm, realm.tls_context(), self._timeout),
        )
        return self._ask(image, f"Bearer {token.value}")

    def _ask(self, image: ImageName | None, authorization: str) -> _Answer:
        method, path = ("HEAD", f"/v2/{image.repository}/manifests/{image.reference}") if image else ("GET", "/v2/")
        headers = {"Accept": ", ".join(MANIFEST_TYPES)} if image else {}
        if authorization:
            headers["Authorization"] = authorization
        self._requests += 1
        with network_errors(self._server.endpoint, self._server.addresses):
            self.connection.request(method, path, headers=headers)
            response = self.connection.getresponse()
            response.read(_BODY_LIMIT)
        self._status = response.status
        return _Answer(response.status, response.msg)

    def _speaks_tls(self) -> bool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # nothing is sent over it: only the handshake counts
        connection = self._connect_to(self._server, context, self._timeout)
        with contextlib.suppress(OSError), contextlib.closing(connection):
            connection.connect()
            return True
        return False


def _tried(trial: _Trial, image: ImageName | None) -> Probe:
    try:
        trial.run(image)
    except ProvisioningError as error:
        return trial.report(error)
    finally:
        trial.connection.close()
    return trial.report()


def _judge(record: Record, answer: _Answer, image: ImageName | None) -> None:
    if answer.status == 429 or answer.status >= 500:
        raise unreachable(
            f"{record.endpoint} answers HTTP {answer.status}", "Look at the registry's log, or try again later"
        )
    if not answer.is_from_registry:
        raise ProvisioningError(
            f"{record.endpoint} answers HTTP {answer.status} and not as a registry",
            reason="not_a_registry",
            remedy="Correct host and port; what answers there is something else, or a proxy's page",
        )
    if answer.status in (401, 403):
        raise _refusal(record, answer.status, image)
    if image and answer.status == 404:
        raise ProvisioningError(
            f"{image} is not there, or this user may not see it",
            reason="unauthorized",
            remedy="Correct verify_image, push that image, or grant the user the right to pull it",
        )
    if answer.status != 200:
        raise ProvisioningError(
            f"{record.endpoint} answers HTTP {answer.status} instead of 200",
            reason="not_a_registry",
            remedy="Correct host and port, and check what stands before the registry",
        )


def _refusal(record: Record, status: int, image: ImageName | None) -> ProvisioningError:
    if not record.username:
        return _unauthorized("it wants credentials and the record has none", "Put username and password in the record")
    if status == 403:
        what = f"may not pull {image}" if image else "may not use it"
        return _unauthorized(f"the user of the record {what}", "Grant the right at the registry, or use another user")
    return _unauthorized(
        "it refuses username and password", "Correct them in the record; a file that holds others was left as it is"
    )


def _unauthorized(message: str, remedy: str) -> ProvisioningError:
    return ProvisioningError(message, reason="unauthorized", remedy=remedy)


__all__ = ("Probe", "check_scheme", "probe", "probe_through")
