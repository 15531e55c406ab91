# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single manifests and blobs, put into a registry and read from there."""

from __future__ import annotations

import contextlib
import json
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authenticator import Credentials
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.catalog import Catalog
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository, sha256
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter, Transport
from ansible_collections.edgeops.registry.tests.support.oci_layout import CONFIG, INDEX, LAYER, MANIFEST

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry

ARTIFACT_TYPE = "application/vnd.example.notes"
Descriptor = dict[str, t.Any]


class Pusher:
    """One repository of a registry."""

    def __init__(self, registry: RealRegistry, name: str) -> None:
        record = registry.record
        self._transport = Transport(Server.of(record), Credentials.of(record), timeout=10)
        self.repository = Repository(self._transport, name, Meter(), push=True)

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *dummy: object) -> None:
        self._transport.close()

    def blob(self, content: bytes, media_type: str = LAYER) -> Descriptor:
        digest = sha256(content)
        self.repository.upload_blob(digest, len(content), lambda: (content,))
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def manifest(self, *layers: bytes, tag: str = "", **further: t.Any) -> Descriptor:
        """An image, or what belongs to one: further keys are such as `subject`."""
        config = self.blob(b"{}", CONFIG)
        parts = [self.blob(layer) for layer in layers]
        return self.document(
            {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": parts, **further}, tag
        )

    def index(self, *manifests: Descriptor, tag: str = "") -> Descriptor:
        return self.document({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}, tag)

    def document(self, data: dict[str, t.Any], tag: str = "") -> Descriptor:
        content = json.dumps(data).encode()
        digest = sha256(content)
        self.repository.put_manifest(tag or digest, data["mediaType"], content)
        return {"mediaType": data["mediaType"], "digest": digest, "size": len(content)}

    def delete(self, digest: str) -> None:
        Catalog(self._transport, Meter()).delete(self.repository.name, digest)

    def digest_of(self, reference: str) -> str | None:
        return self.repository.manifest_digest(reference)

    def listed(self, reference: str) -> list[Descriptor]:
        """The items of an index."""
        return list(json.loads(self.repository.manifest(reference))["manifests"])

    def read(self, digest: str) -> bytes:
        content, buffer = b"", memoryview(bytearray(1 << 20))
        with contextlib.closing(self.repository.open_blob(digest)) as stream:
            while count := stream.readinto(buffer):
                content += buffer[:count]
        return content
