# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that are kept, and how fast they are used. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import email.utils
import http.client
import ssl
import threading
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import (
    Connection,
    Server,
    network_errors,
)
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.diagnosis import diagnose
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.proxy import Proxies
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

BODY_LIMIT = 32 << 20  # manifests are at least allowed 4 MiB
DRAIN_LIMIT = 1 << 16
LONGEST_PAUSE = 300.0
_STEP = 1.0  # seconds of a pause until it is asked again whether there is time for it
_SHORT = 5.0  # seconds that are waited at any time, since what is under way may have to begin anew otherwise
_DEAD = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


@dataclasses.dataclass(frozen=True)
class Request:
    """One HTTP request.

    :param target: path and query.
    :param body: makes the body anew for every try.
    """

    method: str
    target: str
    headers: t.Mapping[str, str]
    body: t.Callable[[], t.Iterable[bytes | memoryview]] | None = None


class Answer:
    """An answer whose body can be streamed; `close` gives its connection back."""

    def __init__(self, pool: Pool, server: Server, connection: Connection, response: http.client.HTTPResponse) -> None:
        self._pool = pool
        self._server = server
        self._connection = connection
        self._response = response
        self.status = response.status

    def header(self, name: str) -> str:
        """The value of a header, several joined by commas, empty without one."""
        return ", ".join(self._response.headers.get_all(name, []))

    def read(self, limit: int = BODY_LIMIT) -> bytes:
        """The rest of the body, or its first `limit` bytes.

        :raises ProvisioningError: the connection broke.
        """
        length = self._response.length
        with network_errors(self._server.endpoint, self._server.addresses):
            return self._response.read(None if length is not None and length <= limit else limit)

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer; 0 at the end of the body.

        :raises ProvisioningError: the connection broke.
        """
        with network_errors(self._server.endpoint, self._server.addresses):
            count = self._response.readinto(buffer)
            if not count and self._response.length:
                raise http.client.IncompleteRead(b"", self._response.length)
            return count

    def close(self) -> None:
        """Keep the connection if little is left to read, and end it otherwise."""
        length = self._response.length
        if length is not None and length <= DRAIN_LIMIT:
            with contextlib.suppress(ProvisioningError):
                self.read()
        if self._response.isclosed() and not self._response.will_close:
            self._pool.give_back(self._server, self._connection)
        else:
            self._connection.close()


class Pool:
    """Keep-alive connections and one TLS context per server, for any number of threads."""

    def __init__(self, timeout: float, proxies: Proxies) -> None:
        self._timeout = timeout
        self._proxies = proxies
        self._lock = threading.Lock()
        self._idle: dict[Server, list[Connection]] = {}
        self._contexts: dict[Server, ssl.SSLContext | None] = {}

    def send(self, server: Server, request: Request) -> Answer:
        """Send one request; one without a body again at once where the kept connection turns out to be dead.

        :raises ProvisioningError: the network failed.
        """
        with network_errors(server.endpoint, server.addresses):
            kept = self._take(server)
            if kept is not None:
                try:
                    return self._exchange(server, kept, request)
                except _DEAD:
                    if request.body is not None:
                        raise
            try:
                return self._exchange(server, self._connection(server), request)
            except ssl.SSLCertVerificationError as refused:
                raise diagnose(server, refused, self._timeout, self._proxies.connect).error from refused

    def give_back(self, server: Server, connection: Connection) -> None:
        """Keep a connection for the next request."""
        with self._lock:
            self._idle.setdefault(server, []).append(connection)

    def close(self) -> None:
        """End all kept connections."""
        with self._lock:
            for connection in (one for idle in self._idle.values() for one in idle):
                connection.close()
            self._idle.clear()

    def _take(self, server: Server) -> Connection | None:
        with self._lock:
            idle = self._idle.get(server)
            return idle.pop() if idle else None

    def _connection(self, server: Server) -> Connection:
        return self._proxies.connect(server, self._context(server), self._timeout)

    def _context(self, server: Server) -> ssl.SSLContext | None:
        with self._lock:
            if server not in self._contexts:
                self._contexts[server] = server.tls_context()
            return self._contexts[server]

    def _exchange(self, server: Server, connection: Connection, request: Request) -> Answer:
        with contextlib.ExitStack() as undo:
            undo.callback(connection.close)
            if connection.sock is None:
                connection.connect()
            with contextlib.suppress(*_DEAD):  # a server may answer and hang up before it has read all
                connection.request(
                    request.method, request.target, request.body() if request.body else None, dict(request.headers)
                )
            answer = Answer(self, server, connection, connection.getresponse())
            undo.pop_all()
        return answer


class Pace:
    """How long requests to one server have to wait, for all threads alike.

    :param base: seconds of the first pause; each further one is twice as long.
    :param check_time: raises where there is no time left for a long pause.
    """

    def __init__(
        self, base: float = 0.5, longest: float = 30.0, check_time: t.Callable[[], None] = lambda: None
    ) -> None:
        self._base = base
        self._longest = longest
        self._check_time = check_time
        self._resume_at = 0.0

    @property
    def rest(self) -> float:
        """Seconds until requests may go out."""
        return max(0.0, self._resume_at - time.monotonic())

    def wait(self) -> None:
        """Wait until requests may go out."""
        while rest := self.rest:
            if rest > _SHORT:
                self._check_time()
            time.sleep(min(rest, _STEP))

    def slow_down(self, attempt: int, retry_after: str) -> None:
        """Pause after a failed try.

        :param attempt: its number, from 0.
        :param retry_after: value of the Retry-After header, empty without one.
        """
        pause = parse_retry_after(retry_after, time.time())
        if pause is None:
            pause = min(self._base * 2**attempt, self._longest)
        self._resume_at = max(self._resume_at, time.monotonic() + min(pause, LONGEST_PAUSE))


def parse_retry_after(value: str, now: float) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110, section 10.2.3), None where it says nothing.

    :param now: seconds since the epoch.
    """
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError):
        return None


__all__ = ("BODY_LIMIT", "Answer", "Pace", "Pool", "Request", "parse_retry_after")
