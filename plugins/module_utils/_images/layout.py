# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCI image layouts, as a folder or a tar file. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import posixpath
import shutil
import tarfile
import tempfile
import typing as t
import zlib

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import BLOCK, Descriptor

_REF_NAME = "org.opencontainers.image.ref.name"
_DOCUMENT_LIMIT = 32 << 20
_GZIP = b"\x1f\x8b"


class Part(t.NamedTuple):
    """A stretch of a file, in bytes."""

    path: str
    offset: int
    size: int


class PartReader:
    """The stream of a part."""

    def __init__(self, file: t.BinaryIO, part: Part) -> None:
        self._file = file
        self._left = part.size
        file.seek(part.offset)

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer; 0 at the end of the part."""
        block = self._file.read(min(len(buffer), self._left))
        buffer[: len(block)] = block
        self._left -= len(block)
        return len(block)


class Files(t.Protocol):
    """The files of a layout."""

    def locate(self, name: str) -> Part | None:
        """Where the content of a file is, None where there is no such file."""

    def close(self) -> None:
        """Free what is held."""


class Folder:
    """A layout in a folder."""

    def __init__(self, path: str) -> None:
        self._path = os.path.realpath(path)

    def locate(self, name: str) -> Part | None:
        """:raises ProvisioningError: it is a link that leads out of the folder."""
        path = os.path.realpath(os.path.join(self._path, name))
        if not os.path.isfile(path):
            return None
        if os.path.commonpath((path, self._path)) != self._path:
            raise _unsafe(name)
        return Part(path, 0, os.path.getsize(path))

    def close(self) -> None:
        """Nothing is held."""


class Archive:
    """A layout in a tar file, read where it lies; one with gzip is unpacked into a temporary file first."""

    def __init__(self, path: str) -> None:
        """:raises ProvisioningError: it is no tar file, is damaged, or has entries that lead out of it."""
        self._held = contextlib.ExitStack()
        try:
            self._path = _plain(path, self._held)
            with tarfile.open(self._path, "r:") as archive:
                self._entries = {_entry_name(entry): entry for entry in archive}
        except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
            self.close()
            raise ProvisioningError(f"{path} cannot be read as a tar file: {error}", reason="unparsable") from error

    def locate(self, name: str) -> Part | None:
        """:raises ProvisioningError: it is no regular file."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        if not entry.isreg() or entry.issparse():
            raise _unsafe(name)
        return Part(self._path, entry.offset_data, entry.size)

    def close(self) -> None:
        """Remove the temporary file."""
        self._held.close()


class Layout:
    """An OCI image layout (OCI image specification 1.1, "Image Layout").

    :param name: how errors name it.
    """

    def __init__(self, files: Files, name: str) -> None:
        self._files = files
        self._name = name

    def root(self, tag: str) -> str:
        """The digest of an image.

        :param tag: its name in the layout, empty if it is the only one.
        :raises ProvisioningError: it is no layout, or has not that image.
        """
        images = self._images()
        named = [digest for digest, name in images if name == tag] if tag else [digest for digest, dummy in images]
        if len(set(named)) == 1:
            return named[0]
        names = ", ".join(sorted({name for dummy, name in images if name})) or "none with a name"
        raise ProvisioningError(
            f"{self._name} has {len(set(named))} images{f' called {tag}' if tag else ''}; there are: {names}",
            remedy="Put the name of one behind the path: oci:/path:name or oci-archive:/path:name",
        )

    def read(self, digest: str) -> bytes:
        """A blob that is a small document.

        :raises ProvisioningError: it is missing or too large.
        """
        return self._read(_blob_name(digest))

    @contextlib.contextmanager
    def open(self, digest: str) -> t.Iterator[PartReader]:
        """The stream of a blob.

        :raises ProvisioningError: it is missing.
        """
        part = self._locate(_blob_name(digest))
        with _reading(part) as file:
            yield PartReader(file, part)

    def close(self) -> None:
        """Free what is held."""
        self._files.close()

    def _images(self) -> list[tuple[str, str]]:
        self._locate("oci-layout")
        try:
            manifests = json.loads(self._read("index.json"))["manifests"]
            return [
                (Descriptor.parse(item).digest, str((item.get("annotations") or {}).get(_REF_NAME, "")))
                for item in manifests
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise ProvisioningError(f"index.json of {self._name} is broken", reason="unparsable") from error

    def _locate(self, name: str) -> Part:
        part = self._files.locate(name)
        if part is None:
            raise ProvisioningError(
                f"{self._name} has no {name}",
                reason="unparsable",
                remedy="It must be an OCI image layout, as skopeo copy … oci:… makes it",
            )
        return part

    def _read(self, name: str) -> bytes:
        part = self._locate(name)
        if part.size > _DOCUMENT_LIMIT:
            raise ProvisioningError(f"{name} of {self._name} is too large: {part.size} bytes", reason="unparsable")
        with _reading(part) as file:
            file.seek(part.offset)
            return file.read(part.size)


def _plain(path: str, held: contextlib.ExitStack) -> str:
    """The path of the archive without compression: its own, or that of a temporary file, which is held."""
    with open(path, "rb") as file:
        if file.read(2) != _GZIP:
            return path
    plain = os.path.join(held.enter_context(tempfile.TemporaryDirectory(prefix="edgeops-")), "layout.tar")
    with gzip.open(path) as packed, open(plain, "wb") as file:
        shutil.copyfileobj(packed, file, BLOCK)
    return plain


def open_layout(path: str, *, is_archive: bool) -> Layout:
    """Open a layout.

    :raises ProvisioningError: there is none.
    """
    if is_archive and not os.path.isfile(path):
        raise _missing(path, "file")
    if not is_archive and not os.path.isdir(path):
        raise _missing(path, "folder")
    return Layout(Archive(path) if is_archive else Folder(path), path)


@contextlib.contextmanager
def _reading(part: Part) -> t.Iterator[t.BinaryIO]:
    try:
        with open(part.path, "rb") as file:
            yield file
    except OSError as error:
        raise ProvisioningError(f"{part.path} cannot be read: {error.strerror}", reason="io") from error


def _blob_name(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _entry_name(entry: tarfile.TarInfo) -> str:
    name = posixpath.normpath(entry.name)
    if name.startswith(("/", "../")) or name == "..":
        raise _unsafe(entry.name)
    return name


def _unsafe(name: str) -> ProvisioningError:
    return ProvisioningError(
        f"the entry {name!r} is no regular file inside of the image",
        reason="unparsable",
        remedy="Get it from a source that you trust",
    )


def _missing(path: str, kind: str) -> ProvisioningError:
    return ProvisioningError(
        f"there is no {kind} {path} on this host", remedy="Correct the path, or copy it there first"
    )


__all__ = ("Layout", "open_layout")
