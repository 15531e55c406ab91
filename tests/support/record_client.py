# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking to a registry by what its record says and nothing else."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import ssl
import typing as t
from urllib.parse import urlsplit

from ansible_collections.edgeops.registry.tests.support.oci_layout import CONFIG, MANIFEST


class Answer(t.NamedTuple):
    """An answer of the registry."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class RecordClient:
    """A client that trusts the record's CA alone.

    :param password: instead of the record's; None for an anonymous client.
    """

    def __init__(self, record: t.Mapping[str, t.Any], **identity: str | None) -> None:
        self._host, dummy, port = record["endpoint"].rpartition(":")
        self._port = int(port)
        self._context = ssl.create_default_context(cadata="".join(record["ca_certificates"]))
        self._password = identity.get("password", record["password"])
        self._username = record["username"]

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str = "application/octet-stream",
        *,
        accept: str = MANIFEST,
    ) -> Answer:
        headers = {"Content-Type": content_type, "Accept": accept}
        if self._password is not None:
            token = base64.b64encode(f"{self._username}:{self._password}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        connection = http.client.HTTPSConnection(self._host.strip("[]"), self._port, timeout=60, context=self._context)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def answers(self) -> bool:
        """Whether the registry lets the user in."""
        with contextlib.suppress(OSError):
            return self.ask("GET", "/v2/").status == 200
        return False

    def push(self, repository: str) -> str:
        """Push an image without layers under the tag `1.0`; its digest comes out."""
        config = b'{"architecture": "amd64", "os": "linux"}'
        upload = urlsplit(self.ask("POST", f"/v2/{repository}/blobs/uploads/").headers["Location"])
        stored = self.ask("PUT", f"{upload.path}?{upload.query}&digest={_digest(config)}", config)
        assert stored.status == 201, stored
        described = {"mediaType": CONFIG, "digest": _digest(config), "size": len(config)}
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}).encode()
        assert self.ask("PUT", f"/v2/{repository}/manifests/1.0", manifest, MANIFEST).status == 201
        return _digest(manifest)

    def pull(self, repository: str) -> str:
        """The digest of what the tag `1.0` gives; empty where there is nothing."""
        answer = self.ask("GET", f"/v2/{repository}/manifests/1.0")
        return _digest(answer.body) if answer.status == 200 else ""


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
