# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file was and becomes. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

Redact = t.Callable[[bytes], bytes]
Diff = dict[str, str]


def show_all(content: bytes) -> bytes:
    """The redaction of a file without secrets."""
    return content


def show_nothing(content: bytes) -> bytes:
    """The redaction of a file that is a secret as a whole."""
    return f"<{len(content)} bytes not shown>\n".encode() if content else b""


@dataclasses.dataclass(frozen=True)
class FileState:
    """A regular file as it is: content, permission bits, numeric owner and group."""

    content: bytes
    mode: int
    uid: int
    gid: int


@dataclasses.dataclass(frozen=True)
class FilePlan:
    """A file of the host and how it has to look.

    :param path: absolute path.
    :param render: pure: content there (None: no file) to content wanted (None: no file). Raises `ProvisioningError`
        where the content cannot be understood; the file is then left alone.
    :param owner: for whom: the endpoint of a record. Plans of several owners for one path are folded into one write.
    :param mode: permission bits of a file that is created.
    :param enforce_mode: whether an existing file must have exactly `mode`.
    :param directory_mode: permission bits of the directories that have to be created.
    :param account: name of the user as whom the file is read and written; None: the user that runs the module.
    :param prune: directories above `path`, from this one down, that are removed when they are empty after a removal.
    :param redact: content to what a diff may show.
    """

    path: str
    render: t.Callable[[bytes | None], bytes | None]
    owner: str
    mode: int = 0o644
    enforce_mode: bool = False
    directory_mode: int = 0o755
    account: str | None = None
    prune: str = ""
    redact: Redact = show_all


@dataclasses.dataclass(frozen=True)
class FileChange:
    """What converging one file did, or would do in check mode.

    :param owners: the owners whose plan changed the content or the mode.
    :param failures: one item per owner whose plan could not be rendered.
    """

    path: str
    owners: tuple[str, ...] = ()
    failures: tuple[dict[str, str], ...] = ()
    diff: Diff | None = None

    @property
    def changed(self) -> bool:
        """Whether the file had to change."""
        return bool(self.owners)


def file_diff(path: str, before: FileState | None, after: bytes | None, mode: int, redact: Redact) -> Diff:
    """The diff of a file, redacted, with its mode in the headers where that is what changes."""
    headers = [path, path]
    if before is not None and after is not None and before.mode != mode:
        headers = [f"{path} (mode {before.mode:04o})", f"{path} (mode {mode:04o})"]
    return {
        "before_header": headers[0] if before is not None else f"{path} (absent)",
        "after_header": headers[1] if after is not None else f"{path} (absent)",
        "before": _text(redact(before.content)) if before is not None else "",
        "after": _text(redact(after)) if after is not None else "",
    }


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="backslashreplace")


__all__ = ("Diff", "FileChange", "FilePlan", "FileState", "Redact", "file_diff", "show_all", "show_nothing")
