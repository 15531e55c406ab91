# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP proxy on the loopback interface, behind which any name leads to a port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import select
import socket
import threading
import typing as t
import urllib.parse

if t.TYPE_CHECKING:
    from collections.abc import Mapping


class ProxyServer(http.server.ThreadingHTTPServer):
    """Tunnels and forwards to what it has a route for, and remembers what it was asked.

    :param routes: `host:port` as clients name it, and the port of 127.0.0.1 it stands for.
    :param authorization: what Proxy-Authorization has to be, empty for nothing.
    """

    daemon_threads = True

    def __init__(self, routes: Mapping[str, int], authorization: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.routes = dict(routes)
        self.authorization = authorization
        self.asked: list[tuple[str, str]] = []
        self.port: int = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ProxyServer

    def do_CONNECT(self) -> None:
        port = self._route(self.path)
        if port is None:
            return
        with socket.create_connection(("127.0.0.1", port), 10) as upstream:
            self.send_response(200)
            self.end_headers()
            _pump(self.connection, upstream)
        self.close_connection = True

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        port = self._route(url.netloc)
        if port is None:
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as upstream:
            headers = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy-")}
            upstream.request(self.command, f"{url.path}?{url.query}".rstrip("?"), body or None, headers)
            response = upstream.getresponse()
            content = response.read()
        self.send_response(response.status)
        for name, value in response.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""

    def _route(self, target: str) -> int | None:
        """The port that a target stands for; without one the request is answered."""
        self.server.asked.append((self.command, target))
        allowed = self.headers.get("Proxy-Authorization", "") == self.server.authorization
        if not allowed or target not in self.server.routes:
            self.send_response(502 if allowed else 407)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        return self.server.routes[target]


for _method in ("HEAD", "POST", "PUT", "PATCH", "DELETE"):
    setattr(_Handler, f"do_{_method}", _Handler.do_GET)


def _pump(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes both ways until one end hangs up."""
    with contextlib.suppress(OSError):
        while True:
            for ready in select.select([one, other], [], [], 10)[0]:
                block = ready.recv(1 << 16)
                if not block:
                    return
                (other if ready is one else one).sendall(block)
