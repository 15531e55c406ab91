# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of its own for a module: hosts file, accounts and home directories, in a mount namespace."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pwd
import stat
import subprocess
import sys
import typing as t
from pathlib import Path

COLLECTION = "ansible_collections.edgeops.registry"
USER = "nobody"
MOUNT = Path("/srv")
"""Where the host sees its directory: every user may walk through it, unlike through pytest's."""


@dataclasses.dataclass(frozen=True)
class Result:
    """What a module returned."""

    code: int
    values: dict[str, t.Any]

    def __getitem__(self, key: str) -> t.Any:
        return self.values[key]

    @property
    def reasons(self) -> list[str]:
        return [failure["reason"] for failure in self.values["failures"]]


class Host:
    """The machine that runs the tests, with a hosts file and home directories that are made for one test.

    Its files may be looked at and changed from outside. The hosts file is a mount point, as in a container.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.hosts_file = directory / "hosts"
        self.root_home = directory / "root"
        self.user_home = directory / USER
        self.passwd = directory / "passwd"
        for home, name in ((self.root_home, "root"), (self.user_home, USER)):
            home.mkdir(parents=True, mode=0o700)
            os.chown(home, pwd.getpwnam(name).pw_uid, pwd.getpwnam(name).pw_gid)
        self.hosts_file.write_bytes(b"127.0.0.1\tlocalhost\n")
        self.passwd.write_text(
            f"root:x:0:0::{MOUNT / 'root'}:/bin/sh\n"
            f"{USER}:x:{pwd.getpwnam(USER).pw_uid}:{pwd.getpwnam(USER).pw_gid}::{MOUNT / USER}:/bin/sh\n"
        )

    @property
    def mounts(self) -> list[tuple[Path, Path]]:
        """What the host sees, and where."""
        return [(self.hosts_file, Path("/etc/hosts")), (self.passwd, Path("/etc/passwd")), (self.directory, MOUNT)]

    def module(self, name: str, *, check: bool = False, diff: bool = False, **options: t.Any) -> Result:
        """Run a module of this collection as root, as Ansible does."""
        arguments = {"ANSIBLE_MODULE_ARGS": {**options, "_ansible_check_mode": check, "_ansible_diff": diff}}
        done = self.run([sys.executable, "-m", f"{COLLECTION}.plugins.modules.{name}"], stdin=json.dumps(arguments))
        return Result(done.returncode, json.loads(done.stdout.splitlines()[-1]))

    def run(self, argv: list[str], *, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command there."""
        mounts = " && ".join(f"mount --bind '{source}' {target}" for source, target in self.mounts)
        return subprocess.run(
            ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", f'{mounts} && exec "$@"', "sh", *argv],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "HOME": str(MOUNT / "root")},
        )

    def listing(self) -> dict[str, tuple[t.Any, ...]]:
        """Owner, mode, time of modification and hash of everything there."""
        return {str(path): _state(path) for path in sorted(self.directory.rglob("*"))}


def _state(path: Path) -> tuple[t.Any, ...]:
    status = path.lstat()
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else ""
    return (status.st_uid, status.st_gid, oct(status.st_mode), status.st_mtime_ns if digest else 0, digest)
