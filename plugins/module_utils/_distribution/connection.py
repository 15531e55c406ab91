# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP connection to one server. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import socket
import ssl
import typing as t
import urllib.parse

from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import CaCertificate
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

_PARTIAL_CHAIN = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN: an intermediate CA may be the anchor, as for Docker
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME
_LONGEST = 86400
_NOT_TLS = {
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
}


@dataclasses.dataclass(frozen=True)
class Server:
    """Where a server listens and who vouches for it.

    :param addresses: tried in turn; empty: what the name resolves to.
    :param ca_certificates: empty: the system's.
    :param system_trust: whether the system's CAs count beside `ca_certificates`.
    :param system_certificates: in PEM, what counts as the system's CAs; None: what the system has now.
    """

    endpoint: Endpoint
    scheme: str = "https"
    addresses: tuple[str, ...] = ()
    ca_certificates: tuple[CaCertificate, ...] = ()
    system_trust: bool = False
    system_certificates: tuple[str, ...] | None = None

    @classmethod
    def of(cls, record: Record) -> Server:
        """The server of a record."""
        return cls(record.endpoint, record.scheme, record.addresses, record.ca_certificates)

    @property
    def url(self) -> str:
        """Its URL, without a path."""
        return f"{self.scheme}://{self.endpoint}"

    def tls_context(self, *, lenient: bool = False) -> ssl.SSLContext | None:
        """How its certificate is checked; None for plain HTTP.

        :param lenient: only the chain counts, not names and dates. For a diagnosis; never send a secret over it.
        """
        if self.scheme == "http":
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.hostname_checks_common_name = False  # container engines do not look at it either
        context.verify_flags |= ssl.VerifyFlags(_PARTIAL_CHAIN)
        if lenient:
            context.check_hostname = False
            context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
        if self.ca_certificates:
            context.load_verify_locations(cadata="".join(certificate.pem for certificate in self.ca_certificates))
        if self.system_trust or not self.ca_certificates:
            self._load_system(context)
        return context

    def _load_system(self, context: ssl.SSLContext) -> None:
        if self.system_certificates is None:
            context.load_default_certs()
        for pem in self.system_certificates or ():
            with contextlib.suppress(ssl.SSLError):  # one that is broken vouches for nothing
                context.load_verify_locations(cadata=pem)


class Connection(http.client.HTTPConnection):
    """A keep-alive connection that opens itself again when the server has closed it.

    :param context: None for plain HTTP.
    :param timeout: seconds, for connecting and for every wait on the network.
    :raises ProvisioningError: the timeout is none.
    """

    def __init__(self, server: Server, context: ssl.SSLContext | None, timeout: float) -> None:
        if not 0 < timeout <= _LONGEST:
            raise ProvisioningError(
                f"must be more than 0 and at most {_LONGEST} seconds",
                part="timeout",
                remedy="Leave it out, or correct it",
            )
        super().__init__(server.endpoint.host, server.endpoint.port, timeout)
        self._server = server
        self._context = context
        self._seconds = timeout

    def connect(self) -> None:
        """:raises OSError: as the socket and its TLS do."""
        plain = self.dial()
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = self._context.wrap_socket(plain, server_hostname=self.host) if self._context else plain
        except OSError:
            plain.close()
            raise

    def dial(self) -> socket.socket:
        """The way to the server, without TLS.

        :raises OSError: as the socket does.
        """
        *others, last = self._server.addresses or (self.host,)
        for address in others:
            with contextlib.suppress(OSError):
                return socket.create_connection((address, self.port), self._seconds)
        return socket.create_connection((last, self.port), self._seconds)

    def peer_certificate(self) -> tuple[dict[str, t.Any], bytes]:
        """The checked certificate of the other end: its fields as `ssl` gives them, and its DER form."""
        if not isinstance(self.sock, ssl.SSLSocket):
            return {}, b""
        return t.cast("dict[str, t.Any]", self.sock.getpeercert()), self.sock.getpeercert(binary_form=True) or b""


Connect = t.Callable[[Server, t.Optional[ssl.SSLContext], float], Connection]
"""Makes a connection to a server, not opened yet: `Connection` itself, or what knows of proxies."""


@contextlib.contextmanager
def network_errors(endpoint: Endpoint, addresses: t.Sequence[str] = ()) -> t.Iterator[None]:
    """Turn what the network does into one exception.

    :param addresses: as in `Server`.
    :raises ProvisioningError: unresolved, untrusted or unreachable.
    """
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise translate(error, endpoint, addresses) from error


def translate(
    error: OSError | http.client.HTTPException, endpoint: Endpoint, addresses: t.Sequence[str] = ()
) -> ProvisioningError:
    """What the network did, in words."""
    where = f"{endpoint} at {' and '.join(addresses)}" if addresses else str(endpoint)
    if isinstance(error, socket.gaierror):
        return ProvisioningError(
            f"the name {endpoint.host} does not resolve: {error.strerror}",
            reason="unresolved",
            remedy="Correct the name or DNS, or put the registry's IP address in the record's addresses",
        )
    if isinstance(error, ssl.SSLError):
        return _translate_tls(error, endpoint)
    if isinstance(error, (socket.timeout, TimeoutError)):
        return unreachable(f"{where} does not answer in time", "Check the address, the network and firewalls between")
    if isinstance(error, ConnectionRefusedError):
        return unreachable(f"{where} refuses connections", "Start the registry, or correct the port")
    return unreachable(f"{where} cannot be reached: {_words(error)}", "Check the registry and the network between")


def _translate_tls(error: ssl.SSLError, endpoint: Endpoint) -> ProvisioningError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return ProvisioningError(
            f"the certificate of {endpoint} is not trusted: {error.verify_message}",
            reason="untrusted",
            remedy="Put the CA that signed it in ca_certificates",
        )
    if error.reason in _NOT_TLS:
        return unreachable(f"{endpoint} answers without TLS", "Enable TLS there, or set scheme: http and allow_http")
    return unreachable(
        f"TLS with {endpoint} failed: {error.reason or error}", "The registry must offer TLS 1.2 or later"
    )


def resolve(url: str, near: Server, base: str = "/") -> tuple[urllib.parse.SplitResult, Server]:
    """An absolute URL and its server, from a URL that another server named.

    :param url: absolute or relative.
    :param near: who named it; its CA certificates and the system's vouch for another server.
    :param base: the path or URL that `url` is relative to.
    :raises ProvisioningError: the URL is not one of HTTP.
    """
    try:
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(urllib.parse.urljoin(near.url, base), url))
        endpoint = Endpoint(parts.hostname or "", parts.port or {"https": 443, "http": 80}[parts.scheme])
    except (ValueError, KeyError) as error:
        raise ProvisioningError(
            f"{near.endpoint} refers to something that is no URL of HTTP",
            reason="not_a_registry",
            remedy="Correct the registry's external URL and its token realm",
        ) from error
    if (endpoint, parts.scheme) == (near.endpoint, near.scheme):
        return parts, near
    return parts, Server(
        endpoint,
        parts.scheme,
        (),
        near.ca_certificates,
        system_trust=True,
        system_certificates=near.system_certificates,
    )


def unreachable(message: str, remedy: str) -> ProvisioningError:
    """The failure of a server that gives no usable answer."""
    return ProvisioningError(message, reason="unreachable", remedy=remedy)


def _words(error: OSError | http.client.HTTPException) -> str:
    if isinstance(error, http.client.RemoteDisconnected):
        return "it closed the connection without an answer"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection broke in the middle of an answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"it does not speak HTTP ({type(error).__name__})"


__all__ = ("Connect", "Connection", "Server", "network_errors", "resolve", "translate", "unreachable")
