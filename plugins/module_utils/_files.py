# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing files without losing anything. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
import stat
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
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise ProvisioningError(
            f"{path} is not a regular file", reason="unsupported", remedy="Put a regular file there"
        )
    with open(descriptor, "rb") as file:
        return FileState(file.read(), stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def write_file(path: str, content: bytes, mode: int, *, before: FileState | None) -> None:
    """Replace a file atomically; in place where it is a mount point and cannot be replaced.

    An existing file keeps its owner, group and SELinux context.

    :raises OSError: it could not be written; the file is then as it was.
    """
    discard_leftover(path)
    temporary = _temporary(path)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
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
        if error.errno != errno.EBUSY or before is None:
            raise
        _write_in_place(path, content, mode, before)
    _sync_directory(os.path.dirname(path))


def check_writable(path: str) -> None:
    """Foresee what `write_file` and `make_directories` would not be permitted to do.

    :raises OSError: the file's directory takes no new file, or cannot be made.
    """
    directory = os.path.dirname(path)
    while not os.path.lexists(directory):
        directory = os.path.dirname(directory)
    if not os.path.isdir(directory):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), directory)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), directory)


def discard_leftover(path: str) -> None:
    """Remove what a killed run may have left beside the file."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_temporary(path))


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


def _temporary(path: str) -> str:
    return os.path.join(os.path.dirname(path), f".edgeops-{os.path.basename(path)}~")


def _write_in_place(path: str, content: bytes, mode: int, before: FileState) -> None:
    with open(path, "r+b", buffering=0) as file:
        os.fchmod(file.fileno(), mode)
        try:
            _overwrite(file, content)
        except OSError:
            _overwrite(file, before.content)  # a full disk: its blocks are still there
            raise
        _sync(file)


def _overwrite(file: io.FileIO, content: bytes) -> None:
    file.seek(0)
    written = 0
    while written < len(content):
        written += file.write(content[written:])
    file.truncate()


def _sync(file: t.BinaryIO | io.FileIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


__all__ = ("check_writable", "discard_leftover", "locked", "make_directories", "read_file", "remove_file", "write_file")
