# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry with images, and keys to sign them with."""

from __future__ import annotations

import contextlib
import json
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.registries import Registries
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository, sha256
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, verified_blocks
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import parse_source
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.verification import (
    Policy,
    Verdict,
    verify,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.source import Sources
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.tests.support.cosign import Cosign
from ansible_collections.edgeops.registry.tests.support.oci_layout import OciLayout
from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry

if t.TYPE_CHECKING:
    from pathlib import Path


class Workshop:
    """A registry with images, and keys to sign them with: ours, theirs and strange.

    Images are named as cosign wants it: localhost, port, repository and digest.

    :param others: registries that cosign may use too.
    """

    def __init__(self, folder: Path, *others: RealRegistry) -> None:
        self.registry = RealRegistry(folder / "registry")
        self.layout = OciLayout(folder / "layout")
        self.cosign = Cosign(folder / "cosign", self.registry, *others)
        self.keys = {name: self.cosign.make_key(name) for name in ("ours", "theirs", "strange")}
        self._registries = Registries(timeout=10)
        self.registry.start()

    def image(self, name: str) -> str:
        """Put an image into a repository of that name, with the tag 1.0."""
        return self.push(name, self.layout.image(name.encode(), tag=name))

    def index(self, name: str) -> str:
        """The same with an image of two platforms."""
        return self.push(name, self.layout.index((name.encode(),), (name.encode(), b"arm"), tag=name))

    def push(self, name: str, digest: str) -> str:
        """Put an image of the layout into a repository, with the tag 1.0."""
        repository = self.repository(name)
        content = self.layout.path_of(digest).read_bytes()
        data = json.loads(content)
        for child in data.get("manifests", []):
            self.push(name, child["digest"])
        for blob in [data["config"], *data["layers"]] if "layers" in data else []:
            self.upload(repository, self.layout.path_of(blob["digest"]).read_bytes())
        for reference in (digest, "1.0"):
            repository.put_manifest(reference, data["mediaType"], content)
        return f"localhost:{self.registry.port}/{name}@{digest}"

    def platforms(self, image: str) -> list[str]:
        """The images that an index consists of."""
        name, digest = name_and_digest(image)
        children = json.loads(self.repository(name).manifest(digest))["manifests"]
        return [f"{image.partition('@')[0]}@{child['digest']}" for child in children]

    def repository(self, name: str) -> Repository:
        return Repository(self._registries.transport(self.registry.record, name), name, Meter(), push=True)

    def upload(self, repository: Repository, content: bytes) -> dict[str, t.Any]:
        """Write a blob; what a descriptor says of it comes out."""
        repository.upload_blob(sha256(content), len(content), lambda: [content])
        return {"digest": sha256(content), "size": len(content)}

    def put(self, repository: Repository, reference: str, data: dict[str, t.Any]) -> dict[str, t.Any]:
        """Write a manifest under a tag, or its digest; its descriptor comes out."""
        content = json.dumps(data).encode()
        repository.put_manifest(reference or sha256(content), data["mediaType"], content)
        return {"mediaType": data["mediaType"], "digest": sha256(content), "size": len(content)}

    def read(self, repository: Repository, layer: dict[str, t.Any]) -> bytes:
        """A blob."""
        blob = Descriptor.parse(layer)
        with contextlib.closing(repository.open_blob(blob.digest)) as reader:
            return b"".join(bytes(block) for block in verified_blocks(reader, blob))

    def verify(self, image: str, *keys: str, require: str = "any") -> Verdict:
        """What our code says of an image and the keys of these names."""
        record = Record.parse(self.registry.record_dict_for("localhost"))
        source = Sources([record], self._registries, Settings().run_command).open(parse_source(image), Meter())
        return verify(source, source.root(), self._policy(*keys, require=require))

    def fingerprint(self, key: str) -> str:
        return self._policy(key).keys[0].fingerprint

    def close(self) -> None:
        self._registries.close()
        self.registry.stop()

    def _policy(self, *keys: str, require: str = "any") -> Policy:
        return Policy.parse({"keys": [self.keys[key] for key in keys], "require": require, "on_failure": "fail"})


def name_and_digest(image: str) -> tuple[str, str]:
    """Repository and digest of an image as cosign names it."""
    name, dummy, digest = image.partition("/")[2].partition("@")
    return name, digest
