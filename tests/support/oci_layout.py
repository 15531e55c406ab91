# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCI image layouts made of given layers."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import typing as t

if t.TYPE_CHECKING:
    from pathlib import Path

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


class OciLayout:
    """An image layout in a folder, to which images are added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._manifests: list[dict[str, t.Any]] = []
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def blob(self, content: bytes) -> str:
        """Add a blob; its digest comes out."""
        digest = hashlib.sha256(content).hexdigest()
        self.path_of(f"sha256:{digest}").write_bytes(content)
        return f"sha256:{digest}"

    def path_of(self, digest: str) -> Path:
        return self.folder / "blobs" / digest.replace(":", "/")

    def image(self, *layers: bytes, tag: str = "1.0") -> str:
        """Add an image of one platform; its digest comes out."""
        return self.name_it(self.manifest(*layers), tag)

    def index(self, *images: tuple[bytes, ...], tag: str = "1.0") -> str:
        """Add an image of several platforms, each by its layers."""
        return self.index_of(*(self.manifest(*one) for one in images), tag=tag)

    def index_of(self, *manifests: dict[str, t.Any], tag: str = "1.0") -> str:
        """Add an image of several platforms, by their descriptors."""
        return self.name_it(self.document({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}, INDEX), tag)

    def manifest(self, *layers: bytes) -> dict[str, t.Any]:
        config = self.document(
            {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}, "n": len(layers)},
            CONFIG,
        )
        parts = [{"mediaType": LAYER, "digest": self.blob(layer), "size": len(layer)} for layer in layers]
        return self.document({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": parts}, MANIFEST)

    def document(self, data: t.Any, media_type: str) -> dict[str, t.Any]:
        """Add a JSON document; its descriptor comes out."""
        content = json.dumps(data).encode()
        return {"mediaType": media_type, "digest": self.blob(content), "size": len(content)}

    def archive(self, file: Path) -> Path:
        """The layout as a tar file, with gzip if its name ends so."""
        with tarfile.open(file, "w:gz" if file.suffix == ".gz" else "w") as archive:
            archive.add(self.folder, arcname=".")
        return file

    def name_it(self, descriptor: dict[str, t.Any], tag: str) -> str:
        """Give a name to an image, which another loses; its digest comes out."""
        annotations = {"org.opencontainers.image.ref.name": tag}
        self._manifests = [one for one in self._manifests if not tag or one["annotations"] != annotations]
        self._manifests.append({**descriptor, "annotations": annotations})
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self._manifests}))
        return str(descriptor["digest"])


def tar_of(entries: t.Iterable[tarfile.TarInfo], *, packed: bool = False) -> bytes:
    """A tar file of bare entries."""
    content = b"".join(entry.tobuf() for entry in entries) + bytes(1024)
    return gzip.compress(content) if packed else content


def random_layer(size: int, seed: int) -> bytes:
    """Bytes that do not repeat, the same for the same seed."""
    stream = io.BytesIO()
    block = hashlib.sha256(str(seed).encode()).digest()
    while stream.tell() < size:
        block = hashlib.sha256(block).digest()
        stream.write(block)
    return stream.getvalue()[:size]
