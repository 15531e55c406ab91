# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remembering that a bundle has been checked, for a run in several slices. This module util is private to the collection.

Blobs are compared with their digests again when they are pushed, so that nothing depends on what is remembered but time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time

from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.unpack import large_files

_SECONDS = 3600.0


class Mark:
    """An empty file whose name says which file was checked, in which state.

    :param path: of the bundle; a folder is another one as soon as a file in it has been replaced.
    :raises OSError: there is none.
    """

    def __init__(self, path: str) -> None:
        status = os.stat(path)
        state = f"{path} {status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns}"
        name = hashlib.sha256(os.fsencode(state)).hexdigest()
        self._path = os.path.join(large_files(), f"edgeops-checked-{name[:32]}")

    def is_set(self) -> bool:
        """Whether this user has set it, not long ago."""
        try:
            status = os.lstat(self._path)
        except OSError:
            return False
        is_ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
        return is_ours and 0 <= time.time() - status.st_mtime < _SECONDS

    def set(self) -> None:
        """Make the file; where that cannot be, the check is done again."""
        self.clear()
        with contextlib.suppress(OSError):
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))

    def clear(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            os.unlink(self._path)


__all__ = ("Mark",)
