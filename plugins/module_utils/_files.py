# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing files without losing anything. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FileState
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

LOCK_SECONDS = 60.0
SELINUX_CONTEXT = "security.selinux"


def read_file(path: str) -> FileState | None:
    """State of a regular file, None where there is none.

    :raises ProvisioningError: it is a symbolic link or no regular file.
    :raises OSError: it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise ProvisioningError(
            f"{path} is a symbolic link to {os.readlink(path)}",
            reason="unsupported",
            remedy="Put a regular file there: a link is never followed when secrets are written",
        ) from error
    with open(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ProvisioningError(f"{path} is not a regular file", reason="unsupported")
        return FileState(file.read(), stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def write_file(path: str, content: bytes, mode: int, *, before: FileState | None) -> None:
    """Replace a file atomically; in place where it is a mount point and cannot be replaced.

    An existing file keeps its owner, group and SELinux context.

    :raises OSError: it could not be written; the file is then as it was.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=".edgeops-", dir=os.path.dirname(path))
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            if before is not None:
                _keep_identity(file.fileno(), path, before)
            file.write(content)
            _sync(file)
        os.rename(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        if error.errno != errno.EBUSY:
            raise
        _write_in_place(path, content, mode)
    _sync_directory(os.path.dirname(path))


def remove_file(path: str, *, prune: str) -> None:
    """Remove a file and the directories above it that are empty then, up to and with `prune` (empty: none)."""
    os.unlink(path)
    directory = os.path.dirname(path)
    while prune and os.path.commonpath((prune, directory)) == prune:
        try:
            os.rmdir(directory)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY):
                raise
            return
        directory = os.path.dirname(directory)


def make_directories(path: str, mode: int) -> None:
    """Make a directory and those above it; only the new ones get the mode, whatever the umask."""
    if os.path.isdir(path):
        return
    make_directories(os.path.dirname(path), mode)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, mode)
        os.chmod(path, mode)


@contextlib.contextmanager
def locked(directory: str) -> t.Iterator[None]:
    """Keep other runs out of a directory's files. The lock is the directory itself: no lock file is left behind.

    :raises ProvisioningError: another run held it for `LOCK_SECONDS`.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _acquire(descriptor, directory)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, directory: str) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise ProvisioningError(
                    f"{directory} is locked by another run", reason="busy", remedy="Wait for it to end and run again"
                ) from error
            time.sleep(0.05)
        else:
            return


def _keep_identity(descriptor: int, path: str, before: FileState) -> None:
    status = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (before.uid, before.gid):
        os.fchown(descriptor, before.uid, before.gid)
    with contextlib.suppress(OSError):  # no SELinux, or a file system without attributes
        os.setxattr(descriptor, SELINUX_CONTEXT, os.getxattr(path, SELINUX_CONTEXT))


def _write_in_place(path: str, content: bytes, mode: int) -> None:
    with open(path, "r+b") as file:
        if content:
            os.posix_fallocate(file.fileno(), 0, len(content))  # a full disk fails here, with nothing lost
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.truncate(len(content))
        _sync(file)


def _sync(file: t.BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


__all__ = ("locked", "make_directories", "read_file", "remove_file", "write_file")
