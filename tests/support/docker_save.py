# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives as `docker save` of other versions than the one at hand writes them, and images for the one at hand."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import secrets
import subprocess
import tarfile
import typing as t

if t.TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def layer(name: str, content: bytes) -> bytes:
    """A layer with one file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def configuration(*layers: bytes) -> bytes:
    diff_ids = [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in layers]
    rootfs = {"type": "layers", "diff_ids": diff_ids}
    return json.dumps({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).encode()


def old_archive(file: Path, *layers: bytes, tags: t.Sequence[str] = (), packed: bool = False) -> str:
    """As Docker wrote it before version 25, a repeated layer as a link to the first; the image's ID comes out.

    :param packed: with compressed layers, as other tools write them.
    """
    config = configuration(*layers)
    config_id = hashlib.sha256(config).hexdigest()
    names: dict[bytes, str] = {}
    with tarfile.open(file, "w") as archive:
        _add(archive, f"{config_id}.json", config)
        paths = []
        for number, one in enumerate(layers):
            path = f"{hashlib.sha256(bytes([number])).hexdigest()}/layer.tar"
            paths.append(path)
            if one in names:
                link = tarfile.TarInfo(path)
                link.type, link.linkname = tarfile.SYMTYPE, f"../{names[one]}"
                archive.addfile(link)
            else:
                names[one] = path
                _add(archive, path, gzip.compress(one) if packed else one)
        items = [{"Config": f"{config_id}.json", "RepoTags": list(tags) or None, "Layers": paths}]
        _add(archive, "manifest.json", json.dumps(items).encode())
    return f"sha256:{config_id}"


def new_archive(file: Path, *layers: bytes, tags: t.Sequence[str]) -> tuple[str, str]:
    """As Docker writes it since version 25, with an OCI layout in it; digest and ID of the image come out."""
    config = configuration(*layers)
    blobs = {_digest(content): content for content in (config, *layers)}
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", one) for one in layers],
        }
    ).encode()
    blobs[_digest(manifest)] = manifest
    index = [
        {
            **_descriptor(MANIFEST, manifest),
            "annotations": {
                "io.containerd.image.name": f"docker.io/library/{tag}",
                "org.opencontainers.image.ref.name": tag.partition(":")[2],
            },
        }
        for tag in tags
    ]
    items = [{"Config": _path(config), "RepoTags": list(tags), "Layers": [_path(one) for one in layers]}]
    with tarfile.open(file, "w") as archive:
        for digest, content in blobs.items():
            _add(archive, f"blobs/{digest.replace(':', '/')}", content)
        _add(archive, "index.json", json.dumps({"schemaVersion": 2, "manifests": index}).encode())
        _add(archive, "manifest.json", json.dumps(items).encode())
        _add(archive, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    return _digest(manifest), _digest(config)


@contextlib.contextmanager
def engine_image(content: bytes, tag: str = "1.0") -> t.Iterator[str]:
    """A small image of this host's Docker engine, for as long as it is used; its name comes out."""
    name = f"edgeops-test-{secrets.token_hex(6)}:{tag}"
    subprocess.run(["docker", "import", "-", name], input=content, check=True, capture_output=True)
    try:
        yield name
    finally:
        subprocess.run(["docker", "rmi", "--force", name], check=True, capture_output=True)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _descriptor(media_type: str, content: bytes) -> dict[str, t.Any]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _path(content: bytes) -> str:
    return f"blobs/{_digest(content).replace(':', '/')}"
