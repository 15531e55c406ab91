# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory where blobs arrive, over several runs if need be. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import os
import tempfile
import threading
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import BLOCK, Descriptor, Reader
from ansible_collections.edgeops.registry.plugins.module_utils._images.limits import Budget

_FULL = (errno.ENOSPC, errno.EDQUOT)
_POLL_SECONDS = 0.1
_DOCUMENT = ".json"

Fetch = t.Callable[[int], t.ContextManager[Reader]]
"""Opens the stream of a blob at an offset."""

Streams = t.Callable[[], t.ContextManager[Reader]]
"""Opens the stream of a blob from its start."""


class Spool:
    """Blobs in files named by their digest; a file is complete when it has the size of its blob.

    A file belongs to whoever holds its lock. What a file holds is verified by who reads it.

    :param limit: bytes that all files together may have; those that were not used for longest go first.
    :raises ProvisioningError: the directory cannot be made or written to.
    """

    def __init__(self, directory: str, limit: int, budget: Budget) -> None:
        self._directory = directory
        self._limit = limit
        self._budget = budget
        self._lock = threading.Lock()
        self._reserved: dict[str, int] = {}
        self._uses: dict[str, int] = {}
        self.warnings: list[str] = []
        try:
            os.makedirs(directory, 0o700, exist_ok=True)
            tempfile.TemporaryFile(dir=directory).close()
        except OSError as error:
            raise ProvisioningError(
                f"{directory} cannot be written to: {error.strerror}",
                reason="io",
                part="spool",
                remedy="Name a directory on a local disk, or leave it out",
            ) from error

    @contextlib.contextmanager
    def held(self, blob: Descriptor, fetch: Fetch) -> t.Iterator[Streams]:
        """Bring a blob here and keep others from it; it is removed if it proves damaged.

        What comes out opens its stream, any number of times. Where there is no room the source's own stream follows.

        :raises OutOfTimeError: what has arrived until then stays.
        :raises ProvisioningError: the source fails, or the disk does.
        """
        with _io_errors(self._directory), contextlib.ExitStack() as stack:
            file = stack.enter_context(self._locked(blob))
            here = self._fill(file, blob, fetch)
            held = stack.pop_all()
        with held:
            try:
                yield functools.partial(self._stream, file, fetch, None if here == blob.size else here)
            except ProvisioningError as error:
                if error.reason == "digest_mismatch":
                    os.unlink(self._path(blob.digest))
                raise

    def expect(self, uses: t.Mapping[str, int]) -> None:
        """Learn how often blobs will be wanted.

        :param uses: by digest.
        """
        self._uses = dict(uses)

    def release(self, digest: str) -> None:
        """Remove a blob that was of use, if it is wanted no more and no other run is at it."""
        with self._lock:
            self._uses[digest] = self._uses.get(digest, 1) - 1
            if self._uses[digest] <= 0:
                with contextlib.suppress(OSError):
                    _removed(self._path(digest))

    def document(self, digest: str) -> bytes | None:
        """A small document that was kept here, not verified."""
        try:
            with open(self._path(digest) + _DOCUMENT, "rb") as file:
                return file.read()
        except OSError:
            return None

    def keep_document(self, digest: str, content: bytes) -> None:
        """Keep a small document for the next run, if there is room."""
        with contextlib.suppress(OSError), open(self._path(digest) + _DOCUMENT, "wb") as file:
            file.write(content)

    def forget_document(self, digest: str) -> None:
        """Remove a small document."""
        with contextlib.suppress(OSError):
            os.unlink(self._path(digest) + _DOCUMENT)

    def size_of(self, blob: Descriptor) -> int:
        """How many bytes of a blob are here."""
        try:
            return min(os.stat(self._path(blob.digest)).st_size, blob.size)
        except OSError:
            return 0

    def _path(self, digest: str) -> str:
        return os.path.join(self._directory, digest.replace(":", "-"))

    @contextlib.contextmanager
    def _stream(self, file: t.BinaryIO, fetch: Fetch, end: int | None) -> t.Iterator[Reader]:
        """The stream of what is in a file, and of what the source has beyond its end."""
        with contextlib.ExitStack() as stack:
            file.seek(0)
            rest = stack.enter_context(fetch(end)) if end is not None else None
            yield _Joined(file, rest, self._directory)

    @contextlib.contextmanager
    def _locked(self, blob: Descriptor) -> t.Iterator[t.BinaryIO]:
        path = self._path(blob.digest)
        with self._acquire(path) as descriptor, os.fdopen(descriptor, "r+b", 0, closefd=False) as file:
            with self._lock:
                self._reserved[path] = blob.size
            try:
                yield file
            finally:
                with self._lock:
                    del self._reserved[path]

    @contextlib.contextmanager
    def _acquire(self, path: str) -> t.Iterator[int]:
        """The file, opened and locked: another run may have removed it while we waited for its lock."""
        while True:
            self._budget.check()
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                if _lock(descriptor, path):
                    yield descriptor
                    return
            finally:
                os.close(descriptor)
            time.sleep(_POLL_SECONDS)

    def _fill(self, file: t.BinaryIO, blob: Descriptor, fetch: Fetch) -> int:
        """Bring what is missing; how much is here then."""
        here = os.fstat(file.fileno()).st_size
        if here > blob.size:
            here = 0
            file.truncate()
        os.utime(file.fileno())
        if here == blob.size or not self._make_room(blob):
            return here
        file.seek(here)
        with fetch(here) as reader:
            buffer = memoryview(bytearray(BLOCK))
            while here < blob.size:
                self._budget.check()
                count = reader.readinto(buffer[: min(BLOCK, blob.size - here)])
                if not count or not self._write(file, buffer[:count]):
                    break
                here += count
        return here

    def _write(self, file: t.BinaryIO, block: memoryview) -> bool:
        """Whether there was room for it; if not, the file is as before."""
        before = file.tell()
        try:
            while block:
                block = block[file.write(block) :]
        except OSError as error:
            if error.errno not in _FULL:
                raise
            file.truncate(before)
            self._warn(f"the disk of the spool {self._directory} is full, so that some blobs go without it")
            return False
        return True

    def _make_room(self, blob: Descriptor) -> bool:
        """Remove what was not used for longest until a blob fits."""
        with self._lock:
            files = dict(_files(self._directory))
            used = sum(max(status.st_size, self._reserved.get(path, 0)) for path, status in files.items())
            for path in sorted(files, key=lambda one: files[one].st_mtime):
                if used > self._limit and path not in self._reserved and _removed(path):
                    used -= files[path].st_size
        if used > self._limit:
            self._warn(f"a blob of {blob.size} bytes has no room within spool_limit, so that it goes without the spool")
        return used <= self._limit

    def _warn(self, warning: str) -> None:
        with self._lock:
            if warning not in self.warnings:
                self.warnings.append(warning)


class _Joined:
    """What is in a file, then what comes from elsewhere."""

    def __init__(self, file: t.BinaryIO, rest: Reader | None, directory: str) -> None:
        self._file = file
        self._rest = rest
        self._directory = directory

    def readinto(self, buffer: memoryview) -> int:
        with _io_errors(self._directory):
            count = int(t.cast("t.Any", self._file).readinto(buffer))
        return count if count or self._rest is None else self._rest.readinto(buffer)


def _files(directory: str) -> t.Iterator[tuple[str, os.stat_result]]:
    for entry in os.scandir(directory):
        with contextlib.suppress(FileNotFoundError):
            if entry.is_file(follow_symlinks=False):
                yield entry.path, entry.stat(follow_symlinks=False)


def _lock(descriptor: int, path: str) -> bool:
    """Whether the lock was free and the file is still in its place."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except (BlockingIOError, FileNotFoundError):
        return False


def _removed(path: str) -> bool:
    """Remove a file that no run is at; whether it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    try:
        if _lock(descriptor, path):
            os.unlink(path)
            return True
        return False
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _io_errors(directory: str) -> t.Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ProvisioningError(
            f"the spool {directory} fails: {error.strerror}", reason="io", part="spool", remedy="Look at its disk"
        ) from error


__all__ = ("Fetch", "Spool", "Streams")
