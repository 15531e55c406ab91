# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bundle as the destination of images. This module util is private to the collection.

Blobs gather in a folder beside the bundle, each under its name only once it is whole, so that a run that was killed is
resumed. The bundle itself changes at the end, at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
import threading
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Body, sha256
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.bundle.bundle import Bundle
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, Manifest
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.archive import Part
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.layout import blob_name
from ansible_collections.edgeops.registry.plugins.module_utils._images.tree import walk

NAMES_FILE = "names"
_UNFINISHED = ".edgeops-"


class Since(t.Protocol):
    """What the other side has already."""

    def has(self, repository: str, digest: str) -> bool:
        """Whether a repository there has a blob."""


class Store:
    """The blobs of a bundle that is being written, and the names that were written; any number of threads use it.

    :param folder: where new blobs go; made when the first one comes.
    :param old: the bundle as it was, None without one.
    """

    def __init__(self, folder: str, old: Bundle | None, since: Since) -> None:
        self._folder = folder
        self._old = old
        self._since = since
        self._lock = threading.Lock()
        self.written = dict(_read_names(folder))
        """By `repository:tag`, and by digest what refers to something; with those of a run that was killed."""

    def find(self, digest: str) -> Part | None:
        """Where a blob is."""
        path = os.path.join(self._folder, blob_name(digest))
        if os.path.isfile(path):
            return Part(path, 0, os.path.getsize(path))
        return self._old.locate(blob_name(digest)) if self._old and self._old.has(blob_name(digest)) else None

    def is_there(self, repository: str, digest: str) -> bool:
        """Whether the other side has a blob."""
        return self._since.has(repository, digest)

    def find_name(self, name: str) -> str | None:
        """The digest that a name has, after this run or after the one before."""
        with self._lock:
            digest = self.written[name].digest if name in self.written else None
        digest = digest or (self._old.find(name) if self._old else None)
        return digest if digest and self.is_complete(name.rpartition(":")[0], digest) else None

    def read(self, digest: str) -> Manifest:
        """A manifest.

        :raises ProvisioningError: it is missing or damaged.
        """
        part = self.find(digest)
        if part is None:
            raise ProvisioningError(f"the bundle lacks the manifest {digest}", reason="io", remedy="Run again")
        return Manifest.parse(part.read(), digest)

    def is_complete(self, repository: str, digest: str) -> bool:
        """Whether there is all of an image that the other side will not have."""
        try:
            manifests = list(walk([digest], self.read))
        except ProvisioningError:
            return False
        blobs = [blob.digest for manifest in manifests for blob in manifest.blobs]
        return all(self.find(blob) or self.is_there(repository, blob) for blob in blobs)

    def note(self, name: str, descriptor: Descriptor) -> None:
        """Give a manifest a name."""
        line = json.dumps([name, *dataclasses.astuple(descriptor)])
        with self._lock, open(os.path.join(self._folder, NAMES_FILE), "a", encoding="utf-8") as file:
            self.written[name] = descriptor
            file.write(f"{line}\n")

    def check_room(self, size: int) -> None:
        """:raises ProvisioningError: the disk has no room for so many bytes more."""
        free = shutil.disk_usage(os.path.dirname(self._folder)).free
        if size > free:
            raise ProvisioningError(
                f"{self._folder} needs {size} bytes more, and its disk has {free}", reason="io", remedy="Make room"
            )

    def add(self, digest: str, blocks: t.Iterable[bytes | memoryview]) -> None:
        """Write a blob; it appears when it is whole.

        :raises ProvisioningError: there is no room for it.
        """
        path = os.path.join(self._folder, blob_name(digest))
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            descriptor, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=os.path.dirname(path))
            with contextlib.ExitStack() as undo:
                undo.callback(os.unlink, unfinished)
                with open(descriptor, "wb") as file:
                    file.writelines(blocks)
                    os.fchmod(descriptor, 0o644)
                    file.flush()
                    os.fsync(descriptor)
                os.rename(unfinished, path)
                undo.pop_all()
        except OSError as error:
            raise ProvisioningError(
                f"{path} cannot be written: {error.strerror}", reason="io", remedy="Make room, then run again"
            ) from error


@dataclasses.dataclass(frozen=True)
class LayoutDestination:
    """A repository of a bundle.

    :param meter: counts what is written.
    """

    store: Store
    name: str
    meter: Meter

    def manifest_digest(self, reference: str) -> str | None:
        """The digest that a tag or digest has, None where it is not there."""
        if ":" in reference:
            return reference if self.store.is_complete(self.name, reference) else None
        return self.store.find_name(f"{self.name}:{reference}")

    def manifest(self, reference: str) -> bytes:
        """The bytes of a manifest.

        :raises ProvisioningError: it is not there.
        """
        return self._locate(self.manifest_digest(reference) or reference).read()

    def has_blob(self, digest: str) -> bool:
        """Whether a blob is there, or need not be."""
        return self.store.find(digest) is not None or self.store.is_there(self.name, digest)

    def read_blob(self, digest: str) -> BlobStream:
        """A blob as a stream.

        :raises ProvisioningError: it is not there.
        """
        return BlobStream(self._locate(digest))

    def mount_blob(self, digest: str, dummy: str, /) -> str:
        """What is in the bundle is there for all its repositories."""
        return "" if self.has_blob(digest) else digest

    def cancel_upload(self, location: str) -> None:
        """Nothing was begun."""

    def upload_blob(self, digest: str, size: int, body: Body, location: str = "") -> None:
        """Write a blob.

        :raises ProvisioningError: it cannot be read or written.
        """
        self.store.check_room(size)
        self.store.add(location or digest, self._counted(body()))

    def put_manifest(self, reference: str, media_type: str, content: bytes) -> bool:
        """Write a manifest under a tag or its digest; the bundle's index keeps track of what it refers to."""
        descriptor = Descriptor(media_type, sha256(content), len(content))
        self.store.add(descriptor.digest, self._counted((content,)))
        if ":" not in reference:
            self.store.note(f"{self.name}:{reference}", descriptor)
        elif Manifest.parse(content, descriptor.digest).subject:
            self.store.note(descriptor.digest, descriptor)
        return True

    def lists_referrers(self, dummy: str, /) -> bool:
        """The bundle's index does."""
        return True

    def _locate(self, digest: str) -> Part:
        part = self.store.find(digest)
        if part is None:
            raise ProvisioningError(f"the bundle has no {digest} in {self.name}", remedy="Write it again")
        return part

    def _counted(self, blocks: t.Iterable[bytes | memoryview]) -> t.Iterator[bytes | memoryview]:
        for block in blocks:
            self.meter.add(bytes_sent=len(block))
            yield block


def _read_names(folder: str) -> t.Iterator[tuple[str, Descriptor]]:
    """What was noted; a last line that was not finished is none."""
    with (
        contextlib.suppress(FileNotFoundError, ValueError),
        open(os.path.join(folder, NAMES_FILE), encoding="utf-8") as file,
    ):
        for line in file:
            name, *fields = json.loads(line)
            yield name, Descriptor(*fields)


class BlobStream:
    """A blob of a bundle, to be closed."""

    def __init__(self, part: Part) -> None:
        self._held = contextlib.ExitStack()
        self._reader = self._held.enter_context(part.open())

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer; 0 at the end."""
        return self._reader.readinto(buffer)

    def close(self) -> None:
        """Free what is held."""
        self._held.close()


__all__ = ("NAMES_FILE", "LayoutDestination", "Since", "Store")
