# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for secrets in all files that were written since a moment."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import os
import pathlib
import secrets
import stat
import typing as t
import urllib.parse

KERNEL = frozenset({"/proc", "/sys", "/dev"})


@dataclasses.dataclass(frozen=True)
class Canary:
    """A secret that is looked for, under a name that may be printed."""

    name: str
    secret: bytes

    @classmethod
    def random(cls, name: str) -> Canary:
        """Make a canary whose URL-encoded form differs from the plain one."""
        return cls(name, f"{secrets.token_hex(8)}/+{secrets.token_hex(8)}".encode())

    @property
    def text(self) -> str:
        """The secret as text."""
        return self.secret.decode()

    def forms(self) -> dict[str, bytes]:
        """Return what the secret may look like: name of the form -> bytes."""
        return {
            "plain": self.secret,
            "URL-encoded": urllib.parse.quote(self.secret, safe="").encode(),
            "hexadecimal": self.secret.hex().encode(),
            **{f"base64 at offset {offset}": base64_within(self.secret, offset) for offset in range(3)},
        }


def base64_within(secret: bytes, offset: int) -> bytes:
    """Return the characters that `secret` has in the base64 text of any longer data.

    :param offset: position of the secret in that data, modulo 3.
    """
    encoded = base64.b64encode(b"\0" * offset + secret)
    shared_first = -(-offset * 8 // 6)
    return encoded[shared_first : (offset + len(secret)) * 8 // 6]


@dataclasses.dataclass(frozen=True)
class Finding:
    """A secret in a file."""

    path: str
    mode: int
    canary: str
    form: str

    def __str__(self) -> str:
        return f"{self.path} (mode {self.mode:04o}) holds {self.canary}, {self.form}"


def written_since(root: str, moment: float, skipped: t.AbstractSet[str]) -> t.Iterator[tuple[pathlib.Path, int]]:
    """Yield path and mode of the files and links that were made, written, renamed or given a mode since then.

    :param moment: seconds since the epoch; nothing that is older can hold a canary made after it.
    """
    for folder, folders, files in os.walk(root):
        here = pathlib.Path(folder)
        folders[:] = [name for name in folders if str(here / name) not in skipped]
        for path in map(here.joinpath, files):
            with contextlib.suppress(FileNotFoundError):  # what goes meanwhile leaks nothing
                status = path.lstat()
                if status.st_ctime >= moment and (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
                    yield path, stat.S_IMODE(status.st_mode)


def scan(
    root: str, canaries: t.Sequence[Canary], moment: float, skipped: t.AbstractSet[str] = KERNEL
) -> t.Iterator[Finding]:
    """Yield every canary, in every form, that is in the content or name of a file below `root`."""
    needles = [(canary.name, form, needle) for canary in canaries for form, needle in canary.forms().items()]
    for path, mode in written_since(root, moment, skipped):
        text = bytes(path) + b"\n" + _content(path)
        for name, form, needle in needles:
            if needle in text:
                yield Finding(str(path), mode, name, form)


def _content(path: pathlib.Path) -> bytes:
    """Return what a file holds or where a link leads; nothing where it went meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        return bytes(path.readlink()) if path.is_symlink() else path.read_bytes()
    return b""


def leaks(findings: t.Iterable[Finding], allowed: t.Mapping[str, t.AbstractSet[str]]) -> list[Finding]:
    """Return the findings that are leaks.

    :param allowed: exact path -> names of the canaries that it may hold, if its mode is 0600.
    """
    return [
        finding
        for finding in findings
        if finding.mode != 0o600 or finding.canary not in allowed.get(finding.path, frozenset())
    ]
