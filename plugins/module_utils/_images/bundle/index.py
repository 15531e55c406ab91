# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bundle consists of: pure. This module util is private to the collection."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import MANIFEST_TYPES, ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, Manifest
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.layout import REF_NAME
from ansible_collections.edgeops.registry.plugins.module_utils._images.tree import walk

_COMPANION = re.compile(r"(?P<repository>.+):(?P<algorithm>sha256|sha512)-(?P<hex>[0-9a-f]{64,128})(?:\.[a-z]+)?")


class Selection:
    """Images, and of what else is at hand that which belongs to them: signatures and other referrers.

    :param images: by their names.
    :param others: by `repository:tag` those with one, the others by digest.
    :param read: gives a manifest by its digest.
    """

    def __init__(
        self,
        images: t.Mapping[ImageName, Descriptor],
        others: t.Mapping[str, Descriptor],
        read: t.Callable[[str], Manifest],
    ) -> None:
        self._read = read
        self._entries = {entry_name(name): descriptor for name, descriptor in images.items()}
        self.repositories: dict[str, dict[str, Manifest]] = {name.repository: {} for name in images}
        for name, descriptor in images.items():
            self._add(name.repository, descriptor.digest)
        left = {name: descriptor for name, descriptor in others.items() if name not in self._entries}
        while found := {name: one for name, one in left.items() if self._take(name, one)}:
            self._entries.update(found)
            left = {name: one for name, one in left.items() if name not in found}

    @property
    def places(self) -> frozenset[tuple[str, str]]:
        """The blobs that each repository needs."""
        return frozenset(
            (repository, blob.digest)
            for repository, manifests in self.repositories.items()
            for manifest in manifests.values()
            for blob in manifest.blobs
        )

    @property
    def blobs(self) -> dict[str, int]:
        """All blobs and manifests with their sizes."""
        manifests = [one for manifests in self.repositories.values() for one in manifests.values()]
        sizes = {blob.digest: blob.size for manifest in manifests for blob in manifest.blobs}
        return {**sizes, **{manifest.digest: len(manifest.content) for manifest in manifests}}

    def index(self) -> bytes:
        """The content of index.json; the same for the same images."""
        items = [_item(name, descriptor) for name, descriptor in sorted(self._entries.items())]
        document = {"schemaVersion": 2, "mediaType": MANIFEST_TYPES[0], "manifests": items}
        return (json.dumps(document, indent=2) + "\n").encode()

    def _take(self, name: str, descriptor: Descriptor) -> bool:
        """Add something to the repositories to which it belongs, if any."""
        match = _COMPANION.fullmatch(name)
        subject = f"{match['algorithm']}:{match['hex']}" if match else self._read(descriptor.digest).subject
        homes = [match["repository"]] if match else list(self.repositories)
        taken = [home for home in homes if subject in self.repositories.get(home, {})]
        for home in taken:
            self._add(home, descriptor.digest)
        return bool(taken)

    def _add(self, repository: str, digest: str) -> None:
        self.repositories[repository].update({one.digest: one for one in walk([digest], self._read)})


def entry_name(name: ImageName) -> str:
    """How an image is called in a bundle's index: in full, without the registry."""
    return f"{name.repository}:{name.tag}" if name.tag else f"{name.repository}@{name.digest}"


def _item(name: str, descriptor: Descriptor) -> dict[str, t.Any]:
    item = {"mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size}
    return item if name == descriptor.digest else {**item, "annotations": {REF_NAME: name}}


__all__ = ("Selection", "entry_name")
