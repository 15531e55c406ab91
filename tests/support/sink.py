# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry that takes everything, with habits that no registry has that can be had here."""

from __future__ import annotations

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.tests.support.http_server import Asked, Reply

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.tests.conftest import Serve
    from ansible_collections.edgeops.registry.tests.support.authority import Authority


class Sink:
    """:param location: where it wants uploads.
    :param start: its status for a request to mount.
    """

    def __init__(self, serve: Serve, authority: Authority, location: str, start: int = 202) -> None:
        self.location = location
        self.start = start
        self.manifests: dict[str, str] = {}
        self.server = serve(self.answer, authority.issue("localhost", "127.0.0.1"))
        self.record = {"endpoint": f"localhost:{self.server.port}", "ca_certificates": [authority.pem]}

    def answer(self, asked: Asked) -> Reply:
        if asked.method == "POST":
            if "mount=" in asked.path and self.start != 202:
                return Reply(self.start)
            return Reply(202, {"Location": self.location})
        if "/manifests/" in asked.path and asked.method == "PUT":
            self.manifests[asked.path] = sha256(asked.body)
        found = self.manifests.get(asked.path)
        return (
            Reply(201)
            if asked.method == "PUT"
            else Reply(200, {"Docker-Content-Digest": found})
            if found
            else Reply(404)
        )
