# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that a look at two registries can take: one connection each, and all questions asked before the first answer.

Arguments: a file with a JSON list of what to ask, each with host, port, file of the CA, authorization and paths.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
import typing as t
from pathlib import Path

FOUND = b"HTTP/1.1 200 OK\r\n"
BLOCK = 1 << 16


def main() -> None:
    """Entry point; exits with an error unless both have everything."""
    threads = [threading.Thread(target=ask, kwargs=one) for one in json.loads(Path(sys.argv[1]).read_bytes())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def ask(host: str, port: int, ca: str, authorization: str, accept: str, paths: t.Sequence[str]) -> None:
    """Ask a registry for the digests of manifests.

    Raises:
        ConnectionError: it has hung up.
    """
    common = f"Host: {host}:{port}\r\nAuthorization: {authorization}\r\nAccept: {accept}\r\n\r\n"
    requests = "".join(f"HEAD {path} HTTP/1.1\r\n{common}" for path in paths)
    context = ssl.create_default_context(cafile=ca)
    with (
        socket.create_connection((host, port)) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        connection.sendall(requests.encode())
        received = b""
        while received.count(FOUND) < len(paths) or not received.endswith(b"\r\n\r\n"):
            block = connection.recv(BLOCK)
            if not block:
                raise ConnectionError(received)
            received += block


if __name__ == "__main__":
    main()
