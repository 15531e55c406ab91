# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port `Files` over this machine's own files, which can die after any number of writes."""

from __future__ import annotations

import grp
import hashlib
import pwd
import stat
from pathlib import Path

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._host_files import Attributes, HostFile, Listing


class Killed(BaseException):
    """The process ended here."""


class LocalFiles:
    """Remembers what was read, and dies before the write with the number `lives`, counted from 0."""

    def __init__(self, lives: int | None = None) -> None:
        self.was_read: list[str] = []
        self.changes: list[str] = []
        self._lives = lives

    def list_files(self, directory: str, *names: str) -> Listing:
        if not Path(directory).is_dir():
            return Listing(exists=False, files={})
        found = {path.name: path for path in Path(directory).iterdir() if not names or path.name in names}
        for path in found.values():
            if names and not stat.S_ISREG(path.lstat().st_mode):
                raise ProvisioningError(f"{path} is not a regular file", reason="unsupported")
        return Listing(exists=True, files={name: _host_file(path) for name, path in found.items()})

    def read(self, path: str) -> bytes:
        self.was_read.append(Path(path).name)
        return Path(path).read_bytes()

    def write(self, path: str, content: bytes, attributes: Attributes) -> None:
        self._change(path)
        Path(path).write_bytes(content)
        Path(path).chmod(attributes.mode)

    def make_directory(self, path: str) -> None:
        self._change(path)
        Path(path).mkdir(parents=True, mode=0o755)

    def set_attributes(self, path: str, attributes: Attributes) -> None:
        self._change(path)
        Path(path).chmod(attributes.mode)

    def remove(self, path: str) -> None:
        self._change(path)
        if Path(path).is_dir():
            Path(path).rmdir()
        else:
            Path(path).unlink()

    def _change(self, path: str) -> None:
        if len(self.changes) == self._lives:
            raise Killed
        self.changes.append(Path(path).name)


def _host_file(path: Path) -> HostFile:
    status = path.lstat()
    owner, group = pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return HostFile(Attributes(stat.S_IMODE(status.st_mode), owner, group), digest)
