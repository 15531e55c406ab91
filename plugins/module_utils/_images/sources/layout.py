# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCI image layouts, as a folder or a tar file. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, Manifest, Reader
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.archive import (
    Archive,
    Files,
    Folder,
    Part,
)
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand

LAYOUT_FILE = "oci-layout"
INDEX_FILE = "index.json"
REF_NAME = "org.opencontainers.image.ref.name"
CONTAINERD_NAME = "io.containerd.image.name"


class Entry(t.NamedTuple):
    """An image, or a manifest that refers to one, in the index of a layout.

    :param names: what it is called there, if anything.
    """

    descriptor: Descriptor
    names: tuple[str, ...]


class Layout:
    """An OCI image layout (OCI image specification 1.1, "Image Layout").

    :param name: how errors name it.
    """

    def __init__(self, files: Files, name: str) -> None:
        self._files = files
        self.name = name

    @functools.cached_property
    def entries(self) -> tuple[Entry, ...]:
        """What its index lists.

        :raises ProvisioningError: it is no layout.
        """
        self.locate(LAYOUT_FILE)
        try:
            return tuple(_entry(item) for item in json.loads(self.locate(INDEX_FILE).read())["manifests"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProvisioningError(f"{INDEX_FILE} of {self.name} is broken", reason="unparsable") from error

    def root(self, tag: str) -> str:
        """The digest of an image.

        :param tag: its name in the layout, empty if it is the only one.
        :raises ProvisioningError: it is no layout, or has not that image.
        """
        found = {entry.descriptor.digest for entry in self.entries if not tag or tag in entry.names}
        if len(found) == 1:
            return found.pop()
        names = ", ".join(sorted({name for entry in self.entries for name in entry.names})) or "none with a name"
        raise ProvisioningError(
            f"{self.name} has {len(found)} images{f' called {tag}' if tag else ''}; there are: {names}",
            remedy="Put the name of one behind the path, as in oci:/path:name",
        )

    def find(self, tag: str) -> str | None:
        """The digest of what has a name, None where nothing has it."""
        return next((entry.descriptor.digest for entry in self.entries if tag in entry.names), None)

    def manifest(self, digest: str) -> Manifest:
        """A manifest, checked against its digest.

        :raises ProvisioningError: it is missing or damaged.
        """
        return Manifest.parse(self.read(digest), digest)

    def read(self, digest: str) -> bytes:
        """A blob that is a small document.

        :raises ProvisioningError: it is missing or too large.
        """
        return self.locate(blob_name(digest)).read()

    def open(self, digest: str, offset: int = 0) -> t.ContextManager[Reader]:
        """The stream of a blob.

        :param offset: how many bytes of it are left out.
        :raises ProvisioningError: it is missing.
        """
        return self.locate(blob_name(digest)).open(offset)

    def locate(self, name: str) -> Part:
        """Where a file of it is.

        :raises ProvisioningError: it is missing.
        """
        part = self._files.locate(name)
        if part is None:
            raise ProvisioningError(
                f"{self.name} has no {name}",
                reason="unparsable",
                remedy="It must be an OCI image layout, as skopeo copy … oci:… makes it",
            )
        return part

    def has(self, name: str) -> bool:
        """Whether it has a file."""
        return self._files.locate(name) is not None

    def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        """The manifests of the index that have a digest as subject."""
        return tuple(descriptor for subject, descriptor in self._subjects if subject == digest)

    def close(self) -> None:
        """Free what is held."""
        self._files.close()

    @functools.cached_property
    def _subjects(self) -> list[tuple[str, Descriptor]]:
        found = []
        for entry in self.entries:
            if not self.has(blob_name(entry.descriptor.digest)):
                continue
            subject = self.manifest(entry.descriptor.digest).subject
            if subject:
                found.append((subject, entry.descriptor))
        return found


@dataclasses.dataclass(frozen=True)
class LayoutSource:
    """An image in an OCI layout.

    :param layout: opens it, which raises `ProvisioningError` where there is none.
    :param tag: its name in the layout, empty if it is the only one.
    :param is_of_docker: whether it went through an engine that may have made other manifests for it.
    """

    layout: t.Callable[[], Layout]
    tag: str
    is_of_docker: bool = False

    def image_id(self) -> str:
        """What it counts as the same by, under whatever manifest; empty where only its digest counts."""
        manifest = self.manifest(self.root()) if self.is_of_docker else None
        return manifest.blobs[0].digest if manifest and manifest.blobs else ""

    def root(self) -> str:
        """Its digest, as the layout's index has it."""
        return self.layout().root(self.tag)

    def root_manifest(self) -> Manifest:
        """What its digest names."""
        return self.manifest(self.root())

    def manifest(self, digest: str) -> Manifest:
        """A manifest of it, checked against its digest."""
        return self.layout().manifest(digest)

    def open_blob(self, blob: Descriptor, offset: int = 0) -> t.ContextManager[Reader]:
        """The stream of a blob of it."""
        return self.layout().open(blob.digest, offset)

    def tag_digest(self, tag: str) -> str | None:
        """The digest of another tag: of the same repository, where the layout names images in full."""
        name, is_pinned, dummy = self.tag.partition("@")
        repository = name if is_pinned else name.rpartition(":")[0]
        return self.layout().find(f"{repository}:{tag}" if repository else tag)

    def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        """The manifests in the layout's index that have a manifest as subject."""
        return self.layout().referrers(digest)


def open_layout(path: str, run_command: RunCommand, *, is_archive: bool) -> Layout:
    """Open a layout.

    :raises ProvisioningError: there is none.
    """
    return Layout(Archive(path, run_command) if is_archive else Folder(path), path)


def blob_name(digest: str) -> str:
    """The name of a blob's file."""
    return f"blobs/{digest.replace(':', '/')}"


def _entry(item: t.Mapping[str, t.Any]) -> Entry:
    annotations = item.get("annotations") or {}
    names = [str(annotations[key]) for key in (REF_NAME, CONTAINERD_NAME) if annotations.get(key)]
    return Entry(Descriptor.parse(item), tuple(names))


__all__ = (
    "CONTAINERD_NAME",
    "INDEX_FILE",
    "LAYOUT_FILE",
    "REF_NAME",
    "Entry",
    "Layout",
    "LayoutSource",
    "blob_name",
    "open_layout",
)
