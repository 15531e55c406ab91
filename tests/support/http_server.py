# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP server that answers as a test wants it, with or without TLS."""

from __future__ import annotations

import dataclasses
import http.server
import ssl
import threading
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.edgeops.registry.tests.support.authority import Leaf


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclasses.dataclass(frozen=True)
class Reply:
    """An answer: `length` is what Content-Length promises, by default the truth; `date` replaces the Date header."""

    status: int = 200
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""
    length: int | None = None
    date: str = ""


Answer = t.Callable[[Asked], Reply]


class HttpServer(http.server.ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 and remembers what it was asked."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer: Answer | Reply, leaf: Leaf | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.asked: list[Asked] = []
        self.connections = 0
        self.port: int = self.server_address[1]
        if leaf is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(leaf.certificate, leaf.key)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def reply_to(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self.answer if isinstance(self.answer, Reply) else self.answer(asked)

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HttpServer
    date = ""

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = self.server.reply_to(Asked(self.command, self.path, dict(self.headers.items()), body))
        self.date = reply.date
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        length = len(reply.body) if reply.length is None else reply.length
        self.close_connection = self.close_connection or length != len(reply.body)
        if "Content-Length" not in reply.headers:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return self.date or super().date_time_string(timestamp)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


for _method in ("HEAD", "POST", "PUT", "PATCH", "DELETE"):
    setattr(_Handler, f"do_{_method}", _Handler.do_GET)
