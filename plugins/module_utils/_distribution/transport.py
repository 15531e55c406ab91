# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to one registry: authentication, redirects, retries. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import ipaddress
import threading
import typing as t
import urllib.parse

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authenticator import (
    Authenticator,
    Credentials,
)
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server, resolve
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.notices import Notices
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.pool import Answer, Pace, Pool, Request
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.proxy import DIRECT, Proxies
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import parse_address
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

T = t.TypeVar("T")
TRIES = 5
REDIRECTS = 10
RETRIED_STATUS = (408, 429, 500, 502, 503, 504)
_REDIRECT_STATUS = (301, 302, 303, 307, 308)


@dataclasses.dataclass
class Meter:
    """What was spent on something; any number of threads may add to it."""

    requests: int = 0
    retries: int = 0
    bytes_sent: int = 0
    bytes_mounted: int = 0
    bytes_received: int = 0
    seconds: float = 0.0
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, **amounts: float) -> None:
        """Count: amounts by field."""
        with self._lock:
            for name, amount in amounts.items():
                setattr(self, name, getattr(self, name) + amount)


@dataclasses.dataclass(frozen=True)
class Call:
    """A request to a registry.

    :param url: path and query, or the absolute URL that the registry named.
    :param scopes: what a bearer token must be good for, such as `repository:edge/hello:pull`.
    :param body: makes the body anew for every try.
    """

    method: str
    url: str
    scopes: tuple[str, ...]
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: t.Callable[[], t.Iterable[bytes | memoryview]] | None = None


class Feature:
    """A part of the API that a registry may lack, which is found out once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_there: bool | None = None

    def attempt(self, use: t.Callable[[], T | None]) -> T | None:
        """Use it, unless it is known to be missing.

        :param use: gives None where it is missing.
        """
        with self._lock:
            if self._is_there is None:
                result = use()
                self._is_there = result is not None
                return result
        return use() if self._is_there else None


class Transport:
    """One registry as one identity; its connections, tokens and pauses are shared by all threads.

    :param timeout: seconds, for connecting and for every wait on the network.
    :param proxies: on the way to the registry and to where it refers to.
    :ivar notices: what the registry wants its users to be told.
    """

    def __init__(
        self,
        server: Server,
        credentials: Credentials,
        *,
        timeout: float,
        proxies: Proxies = DIRECT,
        pace: Pace | None = None,
    ) -> None:
        self.server = server
        self.pace = pace or Pace()
        self._pool = Pool(timeout, proxies)
        self._authenticator = Authenticator(server, credentials, self._pool)
        self.notices = Notices()
        self.referrers = Feature()
        self.is_silent = False  # all tries of a request failed, so that further ones get a single try

    def close(self) -> None:
        """End all connections."""
        self._pool.close()

    def send(self, call: Call, meter: Meter) -> Answer:
        """Send a request, with credentials, until there is an answer that is no passing failure.

        :raises ProvisioningError: the network failed, again and again; a redirect or token server is unusable.
        """
        return self.persist(lambda: self.once(call, meter), meter)

    def persist(self, attempt: t.Callable[[], Answer], meter: Meter) -> Answer:
        """Do something until its answer is no passing failure, with pauses that all threads share.

        :raises ProvisioningError: as the last attempt, or at once where another attempt would be no better.
        """
        for number in range(0 if self.is_silent else TRIES - 1):
            self.pace.wait()
            answer, retry_after = _lasting_answer(attempt)
            if answer is not None:
                return self._heard(answer)
            self.pause(number, meter, retry_after)
        self.pace.wait()
        try:
            return self._heard(attempt())
        except ProvisioningError:
            self.is_silent = True
            raise

    def pause(self, attempt: int, meter: Meter, retry_after: str = "") -> None:
        """Let the next request of any thread wait, because something failed and is tried again.

        :param attempt: its number, from 0.
        """
        meter.add(retries=1)
        self.pace.slow_down(attempt, retry_after)

    def _heard(self, answer: Answer) -> Answer:
        self.is_silent = False
        return answer

    def once(self, call: Call, meter: Meter) -> Answer:
        """Send a request, with credentials.

        :raises ProvisioningError: the network failed; a redirect or token server is unusable.
        """
        authorization = self._authorization(call, meter)
        answer = self._followed(call, authorization, meter)
        if answer.status != 401 or not self._authenticator.learn(answer.header("WWW-Authenticate"), authorization):
            return answer
        answer.close()
        return self._followed(call, self._authorization(call, meter), meter)

    def locate(self, location: str, base: str) -> str:
        """The absolute URL that a Location header names.

        :param base: what was asked for.
        :raises ProvisioningError: it leads from TLS to none, or into a private network.
        """
        url, target = resolve(location, self.server, base)
        if self.server.scheme == "https" and target.scheme != "https":
            raise self._bad_location(f"to {target.endpoint} without TLS")
        if target != self.server and _is_private(target.endpoint.host) and not self._is_private():
            raise self._bad_location(f"to the private address {target.endpoint}")
        return url.geturl()

    def _authorization(self, call: Call, meter: Meter) -> str:
        authorization, requests = self._authenticator.authorization(call.scopes)
        meter.add(requests=requests)
        return authorization

    def _followed(self, call: Call, authorization: str, meter: Meter) -> Answer:
        url = call.url
        for _redirect in range(REDIRECTS):
            answer = self._send_to(call, url, authorization, meter)
            if answer.status not in _REDIRECT_STATUS or call.method not in ("GET", "HEAD"):
                return answer
            url = self.locate(answer.header("Location"), url)
            answer.close()
        raise self._bad_location("in circles")

    def _send_to(self, call: Call, url: str, authorization: str, meter: Meter) -> Answer:
        server, target = self._split(url)
        headers = dict(call.headers)
        if authorization and server == self.server:
            headers["Authorization"] = authorization
        meter.add(requests=1)
        answer = self._pool.send(server, Request(call.method, target, headers, call.body))
        self.notices.hear(server.endpoint, answer.header("Warning"))
        return answer

    def _split(self, url: str) -> tuple[Server, str]:
        """The server of a URL, and its path and query."""
        if url.startswith("/v2/"):
            return self.server, url
        parts, server = resolve(url, self.server)
        return server, urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))

    def _is_private(self) -> bool:
        return any(_is_private(host) for host in (self.server.endpoint.host, *self.server.addresses))

    def _bad_location(self, where: str) -> ProvisioningError:
        return ProvisioningError(
            f"{self.server.endpoint} redirects {where}",
            reason="untrusted",
            remedy="Correct the registry's external URL",
        )


def _lasting_answer(attempt: t.Callable[[], Answer]) -> tuple[Answer | None, str]:
    """An answer that is no passing failure; else None and the value of Retry-After."""
    try:
        answer = attempt()
    except ProvisioningError as error:
        if error.reason != "unreachable":
            raise
        return None, ""
    if answer.status not in RETRIED_STATUS:
        return answer, ""
    answer.close()
    return None, answer.header("Retry-After")


def _is_private(host: str) -> bool:
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None = parse_address(host)
    return address is not None and not address.is_global


__all__ = ("Call", "Meter", "Transport")
