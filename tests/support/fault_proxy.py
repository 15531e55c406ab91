# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network that fails: a TCP proxy before a real registry. TLS goes through it untouched."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry

UP, DOWN = "up", "down"
_RESET = struct.pack("ii", 1, 0)


class FaultProxy:
    """Listens on a free port of 127.0.0.1, and counts connections and bytes: up is what the client sends."""

    def __init__(self, registry: RealRegistry) -> None:
        self.connections = 0
        self.passed = {UP: 0, DOWN: 0}
        self.watch: t.Callable[[str, int], None] = lambda direction, total: None
        self._registry = registry
        self._cuts: list[tuple[str, int]] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"localhost:{self.port}"

    @property
    def record_dict(self) -> dict[str, t.Any]:
        """The registry's record, by way of the proxy."""
        return {**self._registry.record_dict_for("localhost"), "endpoint": self.endpoint}

    def cut(self, direction: str, *positions: int) -> None:
        """Break connections: one at each of these numbers of bytes, counted anew on every connection."""
        self._cuts = [(direction, position) for position in positions]

    def stop(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, dummy = self._listener.accept()
                self.connections += 1
                server = socket.create_connection(("127.0.0.1", self._registry.port))
                for direction, ends in ((UP, (client, server)), (DOWN, (server, client))):
                    threading.Thread(target=self._pump, args=(direction, *ends), daemon=True).start()

    def _pump(self, direction: str, source: socket.socket, sink: socket.socket) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while block := source.recv(16384):
                sink.sendall(block)
                passed += len(block)
                with self._lock:
                    self.passed[direction] += len(block)
                    is_cut = bool(self._cuts) and self._cuts[0][0] == direction and passed >= self._cuts[0][1]
                    if is_cut:
                        self._cuts.pop(0)
                self.watch(direction, self.passed[direction])
                if is_cut:
                    source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    break
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
