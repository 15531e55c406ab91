# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives as `docker save` writes them, seen as OCI layouts. This module util is private to the collection.

Since version 25 Docker puts an OCI layout into them, which is taken as it is. In an older one there are no manifests, so
they are made: over the configuration, byte for byte, and the layers as they lie in the archive. Nothing is compressed on
the way, for then the digests of layers and image would depend on who did it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import MANIFEST_TYPES
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import BLOCK
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import canonical_name
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.archive import Archive, Part
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.layout import (
    CONTAINERD_NAME,
    INDEX_FILE,
    LAYOUT_FILE,
    Layout,
    blob_name,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.unpack import GZIP, ZSTD, spool_folder
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand

_MANIFEST_FILE = "manifest.json"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"


def open_docker_archive(path: str, run_command: RunCommand) -> Layout:
    """Open what `docker save` has written; its images have their full names, such as docker.io/library/redis:7.

    :raises ProvisioningError: it is no such archive, incomplete, or has entries that lead out of it.
    """
    archive = Archive(path, run_command)
    try:
        return Layout(archive if archive.locate(INDEX_FILE) else _LayoutView(archive, path), path)
    except ProvisioningError:
        archive.close()
        raise


class _LayoutView:
    """The files of an OCI layout, made of an archive without one. Documents that are not in it lie in a temporary folder."""

    def __init__(self, archive: Archive, path: str) -> None:
        self._archive = archive
        self._path = path
        self._held = contextlib.ExitStack()
        self._held.callback(archive.close)
        self._parts: dict[str, Part] = {}
        self._layers: dict[tuple[str, str], dict[str, t.Any]] = {}
        with contextlib.ExitStack() as undo:
            undo.callback(self._held.close)
            self._folder = self._held.enter_context(spool_folder())
            self._describe_all()
            undo.pop_all()

    def locate(self, name: str) -> Part | None:
        """Where the content of a file is, None where there is no such file."""
        return self._parts.get(name)

    def close(self) -> None:
        """Remove the temporary files."""
        self._held.close()

    def _describe_all(self) -> None:
        try:
            items = [self._manifest(item) for item in json.loads(self._find(_MANIFEST_FILE).read())]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(self._path, f"a broken {_MANIFEST_FILE}") from error
        index = {"schemaVersion": 2, "manifests": [named for item in items for named in item]}
        self._add_document(INDEX_FILE, index)
        self._add_document(LAYOUT_FILE, {"imageLayoutVersion": "1.0.0"})

    def _manifest(self, item: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        """Make the manifest of an image; its descriptors come out, one for each of its names."""
        config = self._find(item["Config"])
        content = config.read()
        diff_ids = [str(diff_id) for diff_id in json.loads(content)["rootfs"].get("diff_ids") or ()]
        if len(diff_ids) != len(item["Layers"]):
            raise _damaged(self._path, f"an image with {len(diff_ids)} layers and {len(item['Layers'])} files for them")
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPES[1],
            "config": self._add(_CONFIG_TYPE, _sha256(content), config),
            "layers": [self._layer(str(name), diff_id) for name, diff_id in zip(item["Layers"], diff_ids)],
        }
        text = json.dumps(manifest, separators=(",", ":"))
        digest = _sha256(text.encode())
        descriptor = {"mediaType": MANIFEST_TYPES[1], "digest": digest, "size": len(text)}
        self._add_document(blob_name(digest), manifest)
        names = [canonical_name(str(name)) for name in item.get("RepoTags") or ()]
        return [{**descriptor, "annotations": {CONTAINERD_NAME: name}} for name in names] or [descriptor]

    def _layer(self, name: str, diff_id: str) -> dict[str, t.Any]:
        """The descriptor of a layer, which only some tools compress."""
        if (name, diff_id) not in self._layers:
            part = self._find(name)
            suffix = _compression(part)
            digest = _hash(part) if suffix else diff_id
            self._layers[name, diff_id] = self._add(_LAYER_TYPE + suffix, digest, part)
        return self._layers[name, diff_id]

    def _add(self, media_type: str, digest: str, part: Part) -> dict[str, t.Any]:
        self._parts[blob_name(digest)] = part
        return {"mediaType": media_type, "digest": digest, "size": part.size}

    def _add_document(self, name: str, data: object) -> None:
        content = json.dumps(data, separators=(",", ":")).encode()
        path = os.path.join(self._folder, name.replace("/", "-"))
        with open(path, "wb") as file:
            file.write(content)
        self._parts[name] = Part(path, 0, len(content))

    def _find(self, name: str) -> Part:
        part = self._archive.locate(name)
        if part is None:
            raise _damaged(self._path, f"no {name}")
        return part


def _compression(part: Part) -> str:
    with part.open() as reader:
        buffer = memoryview(bytearray(4))
        start = bytes(buffer[: reader.readinto(buffer)])
    return "+gzip" if start.startswith(GZIP) else "+zstd" if start == ZSTD else ""


def _hash(part: Part) -> str:
    hasher, buffer = hashlib.sha256(), memoryview(bytearray(BLOCK))
    with part.open() as reader:
        while count := reader.readinto(buffer):
            hasher.update(buffer[:count])
    return f"sha256:{hasher.hexdigest()}"


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _damaged(path: str, what: str) -> ProvisioningError:
    return ProvisioningError(
        f"{path} has {what}", reason="unparsable", remedy="It must be an archive as docker save makes it"
    )


__all__ = ("open_docker_archive",)
