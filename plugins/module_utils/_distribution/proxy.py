# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP proxies between this host and a server. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import ipaddress
import socket
import ssl
import typing as t
import urllib.parse

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authentication import basic_authorization
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Connection, Server
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint, parse_address
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError


@dataclasses.dataclass(frozen=True)
class Proxy:
    """A proxy that is spoken to by plain HTTP.

    :param authorization: value of the Proxy-Authorization header, empty for none.
    """

    endpoint: Endpoint
    authorization: str = dataclasses.field(default="", repr=False)

    @classmethod
    def parse(cls, text: str, variable: str) -> Proxy:
        """Read `[http://][user:password@]host[:port]`.

        :param variable: how errors name it; its value may hold a password.
        :raises ProvisioningError: it is anything else.
        """
        parts = urllib.parse.urlsplit(text if "://" in text else f"http://{text}")
        try:
            if parts.scheme != "http" or not parts.hostname:
                raise _unusable(variable)
            endpoint = Endpoint(parts.hostname, parts.port or 80)
        except ValueError as error:
            raise _unusable(variable) from error
        username, password = (urllib.parse.unquote(word or "") for word in (parts.username, parts.password))
        return cls(endpoint, basic_authorization(username, password))


@dataclasses.dataclass(frozen=True)
class Proxies:
    """Which proxy a server is reached through, by the rules that container engines have for the same variables.

    :param http: URL of the proxy for plain HTTP, empty for none; it may have a password in it.
    :param https: the same for HTTPS.
    :param exceptions: the entries of NO_PROXY: `*`, a domain with all below it, with a dot before it only what is below,
        an address, a network in CIDR notation; a domain or address may have a port.
    """

    http: str = dataclasses.field(default="", repr=False)
    https: str = dataclasses.field(default="", repr=False)
    exceptions: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: t.Mapping[str, str]) -> Proxies:
        """Read HTTP_PROXY, HTTPS_PROXY and NO_PROXY, or the same in lower case."""

        def value(name: str) -> str:
            return environment.get(name) or environment.get(name.lower()) or ""

        exceptions = [item.strip().lower() for item in value("NO_PROXY").split(",")]
        return cls(value("HTTP_PROXY"), value("HTTPS_PROXY"), tuple(item for item in exceptions if item))

    def between(self, server: Server) -> Proxy | None:
        """The proxy before a server; None for this host, for an exception, and where the addresses to use are given.

        :raises ProvisioningError: the variable for it has no URL of an HTTP proxy.
        """
        host = server.endpoint.host
        address = parse_address(host)
        is_local = host == "localhost" or (address is not None and address.is_loopback)
        if server.addresses or is_local or any(_matches(item, server.endpoint) for item in self.exceptions):
            return None
        url, variable = (self.https, "HTTPS_PROXY") if server.scheme == "https" else (self.http, "HTTP_PROXY")
        return Proxy.parse(url, variable) if url else None

    def connect(self, server: Server, context: ssl.SSLContext | None, timeout: float) -> Connection:
        """A connection to a server, not opened yet.

        :raises ProvisioningError: the timeout is none, or the proxy.
        """
        proxy = self.between(server)
        return ProxiedConnection(server, context, timeout, proxy) if proxy else Connection(server, context, timeout)


DIRECT = Proxies()


class ProxiedConnection(Connection):
    """A connection through a proxy: a tunnel for TLS, whole URLs for plain HTTP (RFC 9112, section 3.2)."""

    def __init__(self, server: Server, context: ssl.SSLContext | None, timeout: float, proxy: Proxy) -> None:
        super().__init__(server, context, timeout)
        self._proxy = proxy
        self._headers = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {}

    def dial(self) -> socket.socket:
        """:raises OSError: the proxy cannot be reached, or makes no tunnel."""
        endpoint = self._proxy.endpoint
        try:
            plain = socket.create_connection((endpoint.host, endpoint.port), self._seconds)
        except OSError as error:
            raise ConnectionError(0, f"the proxy {endpoint} cannot be reached: {error.strerror or error}") from error
        if self._server.scheme == "https":
            try:
                self._open_tunnel(plain)
            except (OSError, http.client.HTTPException):
                plain.close()
                raise
        return plain

    def putrequest(self, method: str, url: str, *options: t.Any, **further: t.Any) -> None:
        """As `http.client` does, with the whole URL where the proxy has to know it."""
        is_plain = self._server.scheme == "http"
        super().putrequest(method, self._server.url + url if is_plain else url, *options, **further)
        for name, value in self._headers.items() if is_plain else ():
            self.putheader(name, value)

    def _open_tunnel(self, plain: socket.socket) -> None:
        target = str(self._server.endpoint)
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        lines += [f"{name}: {value}" for name, value in self._headers.items()]
        plain.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        with contextlib.closing(http.client.HTTPResponse(plain, method="CONNECT")) as response:
            response.begin()
            if response.status != 200:
                raise ConnectionError(0, f"the proxy {self._proxy.endpoint} answers HTTP {response.status}")


def _matches(item: str, endpoint: Endpoint) -> bool:
    if item == "*":
        return True
    address = parse_address(endpoint.host)
    if address is not None and "/" in item:
        with contextlib.suppress(ValueError):
            return address in ipaddress.ip_network(item, strict=False)
    host, port = _split_port(item)
    if port and port != str(endpoint.port):
        return False
    if address is not None:
        return parse_address(host) == address
    below = host.removeprefix("*") if host.startswith("*.") else host
    return endpoint.host.endswith(below if below.startswith(".") else f".{below}") or endpoint.host == below


def _split_port(item: str) -> tuple[str, str]:
    """Host without brackets, and port or nothing."""
    if item.startswith("["):
        host, dummy, port = item[1:].partition("]")
        return host, port.lstrip(":")
    if item.count(":") == 1:
        host, dummy, port = item.partition(":")
        return host, port
    return item, ""


def _unusable(variable: str) -> ProvisioningError:
    return ProvisioningError(
        f"{variable} in the environment is no URL of an HTTP proxy",
        part="proxy",
        remedy="Write it as http://proxy.example.com:3128; a proxy with TLS or SOCKS is not supported",
    )


__all__ = ("DIRECT", "ProxiedConnection", "Proxies", "Proxy")
