# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sets of images that are seeded; their layers are random bytes, packed as all clients expect layers to be."""

from __future__ import annotations

import dataclasses
import gzip
import os
import typing as t

from ansible_collections.edgeops.registry.tests.support.oci_layout import CONFIG, MANIFEST, OciLayout

if t.TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
Descriptor = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Image:
    """An image as it is at the source, and is to be at the destination.

    Attributes:
        name: repository and tag.
        tag: its name in the layout that it was made in.
    """

    name: str
    tag: str
    digest: str


@dataclasses.dataclass(frozen=True)
class WorkSet:
    """Images that are seeded together.

    Attributes:
        size: bytes of all blobs, each counted once.
    """

    name: str
    title: str
    images: tuple[Image, ...]
    size: int

    @property
    def repository(self) -> str:
        """The repository of all images, empty where there are several."""
        repositories = {image.name.partition(":")[0] for image in self.images}
        return repositories.pop() if len(repositories) == 1 else ""


class Workshop:
    """Makes sets in a layout of their own.

    Args:
        big: MiB of the one big layer.
    """

    def __init__(self, folder: Path, big: int) -> None:
        self.folder = folder
        self._big = big

    def shared(self) -> WorkSet:
        """20 images that have 2 of their 5 layers in common."""
        layout = OciLayout(self.folder / "shared")
        common = [_layer(MIB), _layer(MIB)]
        images = []
        for number in range(20):
            own = [_layer(MIB) for dummy in range(3)]
            images.append(_image(layout, f"shared-{number:02}", "1.0", [*common, *own]))
        return _done(layout, "20 images, 5 layers of 1 MiB each, 2 of them shared", images)

    def index(self) -> WorkSet:
        """One image of 4 platforms."""
        layout = OciLayout(self.folder / "index")
        children = []
        for architecture in ("amd64", "arm64", "ppc64le", "s390x"):
            child = _manifest(layout, architecture, [_layer(MIB) for dummy in range(3)])
            children.append({**child, "platform": {"os": "linux", "architecture": architecture}})
        image = Image("index:1.0", "index", layout.index_of(*children, tag="index"))
        return _done(layout, "one index of 4 platforms, 3 layers of 1 MiB each", [image])

    def big(self) -> WorkSet:
        """One image with a big layer."""
        layout = OciLayout(self.folder / "big")
        image = _image(layout, "big", "1.0", [_layer(self._big * MIB)])
        return _done(layout, f"one layer of {self._big} MiB", [image])

    def tiny(self) -> WorkSet:
        """200 small images in one repository, as tags of it."""
        layout = OciLayout(self.folder / "tiny")
        images = [_image(layout, "tiny", f"{number}", [_layer(1024)]) for number in range(200)]
        return _done(layout, "200 images of one layer of 1 KiB, in one repository", images)


MAKERS: t.Mapping[str, t.Callable[[Workshop], WorkSet]] = {
    "shared": Workshop.shared,
    "tiny": Workshop.tiny,
    "index": Workshop.index,
    "big": Workshop.big,
}


def _layer(size: int) -> bytes:
    return gzip.compress(os.urandom(size), compresslevel=0)


def _image(layout: OciLayout, repository: str, tag: str, layers: t.Sequence[bytes]) -> Image:
    name = f"{repository}-{tag}"
    return Image(f"{repository}:{tag}", name, layout.name_it(_manifest(layout, name, layers), name))


def _manifest(layout: OciLayout, title: str, layers: t.Sequence[bytes]) -> Descriptor:
    """A manifest whose configuration no other has."""
    parts = [{"mediaType": LAYER, "digest": layout.blob(layer), "size": len(layer)} for layer in layers]
    root = {"type": "layers", "diff_ids": [part["digest"] for part in parts]}
    config = layout.document({"architecture": "amd64", "os": "linux", "rootfs": root, "author": title}, CONFIG)
    return layout.document({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": parts}, MANIFEST)


def _done(layout: OciLayout, title: str, images: t.Sequence[Image]) -> WorkSet:
    blobs = [path for path in (layout.folder / "blobs" / "sha256").iterdir() if path.is_file()]
    return WorkSet(layout.folder.name, title, tuple(images), sum(path.stat().st_size for path in blobs))
