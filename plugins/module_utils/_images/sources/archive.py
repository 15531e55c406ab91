# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in a folder or a tar file, read where they lie. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import io
import os
import posixpath
import tarfile
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.unpack import (
    compression,
    spool_folder,
    unpack,
)
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand

DOCUMENT_LIMIT = 32 << 20
_HEADER_LIMIT = 1 << 20
_MOST_ENTRIES = 200_000


class Part(t.NamedTuple):
    """A stretch of a file, in bytes."""

    path: str
    offset: int
    size: int

    @contextlib.contextmanager
    def open(self, offset: int = 0) -> t.Iterator[PartReader]:
        """The stream of it.

        :param offset: how many bytes of it are left out.
        :raises ProvisioningError: it cannot be read.
        """
        with self._reading() as file:
            file.seek(self.offset + offset)
            yield PartReader(file, max(0, self.size - offset))

    def read(self) -> bytes:
        """The whole of a small document.

        :raises ProvisioningError: it is large, or cannot be read.
        """
        if self.size > DOCUMENT_LIMIT:
            raise ProvisioningError(f"a document in {self.path} is too large: {self.size} bytes", reason="unparsable")
        with self._reading() as file:
            file.seek(self.offset)
            return file.read(self.size)

    @contextlib.contextmanager
    def _reading(self) -> t.Iterator[t.BinaryIO]:
        try:
            with open(self.path, "rb") as file:
                yield file
        except OSError as error:
            raise ProvisioningError(f"{self.path} cannot be read: {error.strerror}", reason="io") from error


class PartReader:
    """The stream of a part."""

    def __init__(self, file: t.BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer; 0 at the end of the part."""
        block = self._file.read(min(len(buffer), self._left))
        buffer[: len(block)] = block
        self._left -= len(block)
        return len(block)


class Files(t.Protocol):
    """Named files."""

    def locate(self, name: str) -> Part | None:
        """Where the content of a file is, None where there is no such file."""

    def close(self) -> None:
        """Free what is held."""


class Folder:
    """The files below a folder."""

    def __init__(self, path: str) -> None:
        """:raises ProvisioningError: there is no such folder."""
        if not os.path.isdir(path):
            raise _missing(path, "folder")
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
    """The files of a tar file; a compressed one is unpacked into a temporary file first."""

    def __init__(self, path: str, run_command: RunCommand) -> None:
        """:raises ProvisioningError: it is no tar file, is damaged, or has entries that lead out of it."""
        if not os.path.isfile(path):
            raise _missing(path, "file")
        self._held = contextlib.ExitStack()
        try:
            self._path = self._plain(path, run_command)
            with _HeaderFile(self._path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
                self._entries = _entries(archive)
        except (tarfile.TarError, OSError) as error:
            self.close()
            raise ProvisioningError(f"{path} cannot be read as a tar file: {error}", reason="unparsable") from error
        except ProvisioningError:
            self.close()
            raise

    def locate(self, name: str) -> Part | None:
        """The content of a file; links within the archive are followed, as `docker save` makes them for layers.

        :raises ProvisioningError: it is no regular file inside of the archive.
        """
        entry = self._entries.get(name)
        if entry is None:
            return None
        if entry.issym() or entry.islnk():
            folder = posixpath.dirname(name) if entry.issym() else ""
            target = self._entries.get(_inside(posixpath.join(folder, entry.linkname)))
            if target is None:
                raise _unsafe(name)
            entry = target
        if not entry.isreg() or entry.issparse():
            raise _unsafe(name)
        return Part(self._path, entry.offset_data, entry.size)

    def close(self) -> None:
        """Remove the temporary file."""
        self._held.close()

    def _plain(self, path: str, run_command: RunCommand) -> str:
        """The path of the archive without compression: its own, or that of a temporary file, which is held."""
        if not compression(path):
            return path
        plain = os.path.join(self._held.enter_context(spool_folder()), "archive.tar")
        unpack(path, plain, run_command)
        return plain


class _HeaderFile(io.FileIO):
    """A tar file of which only headers are read: an extended one is held in memory, whatever its size."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= _HEADER_LIMIT:
            raise tarfile.ReadError(f"it has a header of more than {_HEADER_LIMIT} bytes")
        return super().read(size)


def _entries(archive: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    found: dict[str, tarfile.TarInfo] = {}
    for entry in archive:
        found[_inside(entry.name)] = entry
        if len(found) > _MOST_ENTRIES:
            raise tarfile.ReadError(f"it has more than {_MOST_ENTRIES} entries")
    return found


def _inside(name: str) -> str:
    normal = posixpath.normpath(name)
    if normal.startswith(("/", "../")) or normal == "..":
        raise _unsafe(name)
    return normal


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


__all__ = ("DOCUMENT_LIMIT", "Archive", "Files", "Folder", "Part")
