# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repository has, pushed and pulled with nothing of the collection in between."""

from __future__ import annotations

import hashlib
import json
import typing as t
from urllib.parse import urlsplit

from ansible_collections.edgeops.registry.tests.support.oci_layout import CONFIG, INDEX, LAYER, MANIFEST
from ansible_collections.edgeops.registry.tests.support.record_client import RecordClient

COSIGN = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
NOTATION = "application/vnd.cncf.notary.signature"
_ACCEPT = f"{MANIFEST}, {INDEX}"


class RepositoryContent:
    """One repository of a registry.

    :param record: a record whose endpoint is an address, since only that is used.
    """

    def __init__(self, record: t.Mapping[str, t.Any], name: str) -> None:
        self.name = name
        self._client = RecordClient(record)

    def image(self, *layers: bytes, tag: str = "", created: str = "", platform: str = "linux/amd64") -> str:
        """Push an image; its digest comes out."""
        return str(self._image(layers, created, platform, tag)["digest"])

    def index(self, *images: tuple[bytes, ...], tag: str = "", created: str = "") -> str:
        """Push an index with an image of one layer or more for amd64, arm64, and so on."""
        children = []
        for layers, machine in zip(images, ("amd64", "arm64", "s390x"), strict=False):
            child = self._image(layers, created, f"linux/{machine}", "")
            children.append({**child, "platform": {"os": "linux", "architecture": machine}})
        return self.index_of(*children, tag=tag)

    def index_of(self, *children: t.Mapping[str, t.Any], tag: str = "") -> str:
        """Push an index of what is there already, by descriptors."""
        return str(self.manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}, tag)["digest"])

    def signature(self, subject: str, *, suffix: str = "sig", payload: bytes = b"signed") -> str:
        """Push what cosign would under its tag for a digest."""
        layer = {"mediaType": COSIGN, "digest": self.blob(payload), "size": len(payload)}
        return str(self.manifest(self._manifest(b"{}", [layer]), f"{subject.replace(':', '-')}.{suffix}")["digest"])

    def referrer(self, subject: str, artifact_type: str = BUNDLE, *, tag: str = "", payload: bytes = b"bundle") -> str:
        """Push an artifact with a subject, and keep the list of referrers under its fallback tag."""
        layer = {"mediaType": artifact_type, "digest": self.blob(payload), "size": len(payload)}
        about = {"mediaType": MANIFEST, "digest": subject, "size": len(self.pull(subject))}
        data = {**self._manifest(b"{}", [layer]), "artifactType": artifact_type, "subject": about}
        descriptor = self.manifest(data, tag)
        fallback = subject.replace(":", "-")
        before = self._client.ask("GET", self._path(f"manifests/{fallback}"), accept=_ACCEPT)
        listed = json.loads(before.body)["manifests"] if before.status == 200 else []
        self.index_of(*listed, descriptor, tag=fallback)
        return str(descriptor["digest"])

    def blob(self, content: bytes) -> str:
        """Push a blob; its digest comes out."""
        digest = _digest(content)
        upload = urlsplit(self._client.ask("POST", self._path("blobs/uploads/")).headers["Location"])
        answer = self._client.ask("PUT", f"{upload.path}?{upload.query}&digest={digest}", content)
        assert answer.status == 201, answer
        return digest

    def manifest(self, data: t.Mapping[str, t.Any], tag: str = "") -> dict[str, t.Any]:
        """Push a manifest, under its digest if it gets no tag; its descriptor comes out."""
        content, media_type = json.dumps(data).encode(), data["mediaType"]
        reference = tag or _digest(content)
        answer = self._client.ask("PUT", self._path(f"manifests/{reference}"), content, media_type)
        assert answer.status == 201, answer
        return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}

    def tag(self, digest: str, *tags: str) -> None:
        """Give further tags to what is there."""
        for tag in tags:
            content = self.pull(digest)
            media_type = json.loads(content)["mediaType"]
            assert self._client.ask("PUT", self._path(f"manifests/{tag}"), content, media_type).status == 201

    def delete(self, digest: str) -> None:
        """Delete a manifest, with all its tags."""
        assert self._client.ask("DELETE", self._path(f"manifests/{digest}")).status == 202

    def digest(self, tag: str) -> str:
        """What a tag points to."""
        return _digest(self.pull(tag))

    def tags(self) -> list[str]:
        answer = self._client.ask("GET", self._path("tags/list"))
        return sorted(json.loads(answer.body)["tags"] or []) if answer.status == 200 else []

    def has(self, reference: str) -> bool:
        """Whether a manifest is there."""
        return self._client.ask("GET", self._path(f"manifests/{reference}"), accept=_ACCEPT).status == 200

    def pull(self, reference: str) -> bytes:
        """The bytes of a manifest, which has to be there."""
        answer = self._client.ask("GET", self._path(f"manifests/{reference}"), accept=_ACCEPT)
        assert answer.status == 200, (reference, answer)
        return answer.body

    def pull_whole(self, reference: str) -> str:
        """Pull a manifest with all that it consists of, and check every digest; its digest comes out."""
        content = self.pull(reference)
        assert ":" not in reference or reference == _digest(content)
        data = json.loads(content)
        for child in data.get("manifests", []):
            assert self.pull_whole(child["digest"]) == child["digest"]
        for blob in [data["config"], *data["layers"]] if "config" in data else []:
            answer = self._client.ask("GET", self._path(f"blobs/{blob['digest']}"))
            assert (answer.status, _digest(answer.body)) == (200, blob["digest"])
        return _digest(content)

    def _image(self, layers: t.Sequence[bytes], created: str, platform: str, tag: str) -> dict[str, t.Any]:
        system, dummy, machine = platform.partition("/")
        config = {"os": system, "architecture": machine, "rootfs": {"type": "layers", "diff_ids": []}}
        content = json.dumps({**config, **({"created": created} if created else {})}).encode()
        parts = [{"mediaType": LAYER, "digest": self.blob(layer), "size": len(layer)} for layer in layers]
        return self.manifest(self._manifest(content, parts), tag)

    def _manifest(self, config: bytes, layers: list[dict[str, t.Any]]) -> dict[str, t.Any]:
        described = {"mediaType": CONFIG, "digest": self.blob(config), "size": len(config)}
        return {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": layers}

    def _path(self, rest: str) -> str:
        return f"/v2/{self.name}/{rest}"


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
