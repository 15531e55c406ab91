# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing a bundle that has exactly a list of images. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import tarfile
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._files import read_file, write_file
from ansible_collections.edgeops.registry.plugins.module_utils._images.bundle.bundle import (
    CONTENTS_FILE,
    SUMS_FILE,
    Bundle,
    Contents,
    open_bundle,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.bundle.index import Selection, entry_name
from ansible_collections.edgeops.registry.plugins.module_utils._images.bundle.layout_writer import (
    NAMES_FILE,
    Since,
    Store,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor
from ansible_collections.edgeops.registry.plugins.module_utils._images.lock_file import LOCK_NAME, Pin, render_lock
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.layout import (
    INDEX_FILE,
    LAYOUT_FILE,
    blob_name,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.workspace import locked_workspace, workspace_of
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand

ReadBlob = t.Callable[[Descriptor], bytes]


class Packed(t.NamedTuple):
    """An image of the list, as it is in the bundle.

    :param source: where it came from, as the user wrote it.
    :param read_blob: reads one there, for those that are not in the bundle.
    """

    name: ImageName
    digest: str
    source: str
    read_blob: ReadBlob


class BundleWriter:
    """A bundle at a path: a tar file if it ends with `.tar`, else a folder.

    :param old: the bundle as it is, None without one.
    :param since: what the other side has already.
    """

    def __init__(self, path: str, old: Bundle | None, since: Since) -> None:
        self.path = path
        self._is_archive = path.endswith(".tar")
        self._old = old
        self._folder = workspace_of(path)
        self.store = Store(self._folder, old, since)

    def has_just(self, images: t.Mapping[ImageName, str]) -> bool:
        """Whether the bundle has just these images, each from its source."""
        pins = self._old.pins if self._old else {}
        return {entry_name(name): source for name, source in images.items()} == {
            name: pin.source for name, pin in pins.items()
        }

    def finish(self, images: t.Sequence[Packed]) -> bool:
        """Give the bundle its index, lock and checksums, and take out what no image needs.

        :returns: whether that was necessary.
        :raises ProvisioningError: something is missing; the bundle is as it was then.
        """
        named = {image.name: self._descriptor(image.digest) for image in images}
        selection = Selection(named, {**self._old_entries(), **self.store.written}, self.store.read)
        kept = {digest: size for digest, size in selection.blobs.items() if self.store.find(digest)}
        left_out = {digest: size for digest, size in selection.blobs.items() if digest not in kept}
        for repository, digest in selection.places:
            if digest in left_out and not self.store.is_there(repository, digest):
                raise ProvisioningError(f"the bundle lacks {digest} of {repository}", reason="io", remedy="Run again")
        documents = {
            LAYOUT_FILE: b'{"imageLayoutVersion": "1.0.0"}\n',
            INDEX_FILE: selection.index(),
            CONTENTS_FILE: Contents(selection.places, left_out).render(),
            LOCK_NAME: render_lock({entry_name(image.name): self._pin(image) for image in images}),
        }
        documents[SUMS_FILE] = _sums(documents, kept)
        old = self._old
        if old is not None and all(old.document(name) == content for name, content in documents.items()):
            shutil.rmtree(self._folder)
            return False
        try:
            self._publish(documents, sorted(kept))
        except OSError as error:
            raise ProvisioningError(
                f"{self.path} cannot be written: {error.strerror}", reason="io", remedy="Make room, then run again"
            ) from error
        return True

    def _publish(self, documents: t.Mapping[str, bytes], digests: t.Sequence[str]) -> None:
        if self._is_archive:
            self._write_archive(documents, digests)
            shutil.rmtree(self._folder)
        elif self._old is None:
            self._write_documents(self._folder, documents, digests)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self._folder, NAMES_FILE))
            os.rename(self._folder, self.path)
        else:
            self._move_blobs(digests)
            self._write_documents(self.path, documents, digests)
            shutil.rmtree(self._folder)

    def _move_blobs(self, digests: t.Iterable[str]) -> None:
        for name in map(blob_name, digests):
            if os.path.exists(os.path.join(self._folder, name)):
                os.makedirs(os.path.dirname(os.path.join(self.path, name)), exist_ok=True)
                os.rename(os.path.join(self._folder, name), os.path.join(self.path, name))

    def _write_documents(self, folder: str, documents: t.Mapping[str, bytes], digests: t.Iterable[str]) -> None:
        """Each at once, the checksums last, then what no image needs goes."""
        for name, content in documents.items():
            path = os.path.join(folder, name)
            write_file(path, content, 0o644, before=read_file(path))
        names = set(map(blob_name, digests))
        for place, dummy, files in os.walk(os.path.join(folder, "blobs")):
            for path in (os.path.join(place, file) for file in files):
                if os.path.relpath(path, folder) not in names:
                    os.unlink(path)

    def _write_archive(self, documents: t.Mapping[str, bytes], digests: t.Sequence[str]) -> None:
        """Small files first, so that programs need not read all of it to know it."""
        unfinished = os.path.join(self._folder, "bundle.tar")
        with open(unfinished, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                for name, content in documents.items():
                    archive.addfile(_entry(name, len(content)), io.BytesIO(content))
                for digest in digests:
                    self._add_blob(archive, digest)
            file.flush()
            os.fsync(file.fileno())
        os.rename(unfinished, self.path)

    def _add_blob(self, archive: tarfile.TarFile, digest: str) -> None:
        part = self.store.find(digest)
        if part is not None:
            with open(part.path, "rb") as file:
                file.seek(part.offset)
                archive.addfile(_entry(blob_name(digest), part.size), file)

    def _pin(self, image: Packed) -> Pin:
        old = self._old.pins.get(entry_name(image.name)) if self._old else None
        if old is not None and (old.digest, old.source) == (image.digest, image.source):
            return old

        def read_blob(blob: Descriptor) -> bytes:
            part = self.store.find(blob.digest)
            return part.read() if part else image.read_blob(blob)

        return Pin.of(image.source, image.digest, self.store.read, read_blob)

    def _old_entries(self) -> dict[str, Descriptor]:
        entries = self._old.entries if self._old else ()
        return {name: entry.descriptor for entry in entries for name in (entry.names or (entry.descriptor.digest,))}

    def _descriptor(self, digest: str) -> Descriptor:
        manifest = self.store.read(digest)
        return Descriptor(manifest.media_type, digest, len(manifest.content))


@contextlib.contextmanager
def open_writer(path: str, since: Since, run_command: RunCommand, *, to_write: bool) -> t.Iterator[BundleWriter]:
    """A bundle that is to be written, by this run alone.

    :param to_write: without it, it is only looked at.
    :raises ProvisioningError: something else is there, which is left alone; another run is writing it.
    """
    with contextlib.ExitStack() as cleanup:
        if to_write:
            cleanup.enter_context(locked_workspace(path))
        old = None
        if os.path.lexists(path) and not (os.path.isdir(path) and not os.listdir(path)):
            old = cleanup.enter_context(contextlib.closing(open_bundle(path, run_command)))
            dummy = (old.entries, old.contents, old.pins)  # which a foreign layout has not
        yield BundleWriter(path, old, since)


def _sums(documents: t.Mapping[str, bytes], digests: t.Iterable[str]) -> bytes:
    """Lines as `sha256sum --check` reads them."""
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in documents.items()}
    named = (digest.partition(":") for digest in digests)
    sums.update({blob_name(f"sha256:{digest}"): digest for kind, dummy, digest in named if kind == "sha256"})
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o644
    return entry


__all__ = ("BundleWriter", "Packed", "open_writer")
