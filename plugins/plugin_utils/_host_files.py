# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the task's host, as controller-side code sees them. This plugin util is private to the collection."""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import Diff
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError


@dataclasses.dataclass(frozen=True)
class Attributes:
    """Permission bits, and names of owner and group; None leaves them as they are."""

    mode: int
    owner: str | None = None
    group: str | None = None

    def fits(self, found: Attributes) -> bool:
        """Whether what was found needs no change."""
        return (self.mode, self.owner or found.owner, self.group or found.group) == (
            found.mode,
            found.owner,
            found.group,
        )

    def describe(self, wanted: Attributes) -> str:
        """One line for each attribute that is wanted, for a diff."""
        lines = [f"mode: {self.mode:04o}\n"]
        lines += [f"owner: {self.owner}\n"] if wanted.owner else []
        lines += [f"group: {self.group}\n"] if wanted.group else []
        return "".join(lines)


@dataclasses.dataclass(frozen=True)
class HostFile:
    """A file of the host; `digest` is the SHA-256 of its content, 64 lower case hexadecimal digits."""

    attributes: Attributes
    digest: str


@dataclasses.dataclass(frozen=True)
class FileWrite:
    """A file that is written; what it held before does not matter."""

    name: str
    content: bytes = dataclasses.field(repr=False)
    attributes: Attributes


@dataclasses.dataclass(frozen=True)
class Listing:
    """Regular files of a directory by their names, and whether the directory is there."""

    exists: bool
    files: t.Mapping[str, HostFile]


class Files(t.Protocol):
    """Access to the files of a host. Every method but `path` costs at least one module execution there."""

    def list_files(self, directory: str, *names: str) -> Listing:
        """The files of a directory, those with one of `names` if there are any.

        :raises ProvisioningError: one is no regular file, such as a symbolic link.
        """

    def read(self, path: str) -> bytes:
        """The content of a file."""

    def write(self, path: str, content: bytes, attributes: Attributes) -> None:
        """Replace a file atomically. No diff is made of it."""

    def make_directory(self, path: str) -> None:
        """Make a directory, 0755, and those above it."""

    def set_attributes(self, path: str, attributes: Attributes) -> None:
        """Give an existing file its attributes."""

    def remove(self, path: str) -> None:
        """Remove a file, or a directory that is empty."""


@dataclasses.dataclass(frozen=True)
class Result:
    """What an action did or, in check mode, would do."""

    changed: bool
    facts: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    diff: t.Sequence[Diff] = ()
    warnings: t.Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Directory:
    """A directory of the host, of which some files are ours; in check mode nothing is written."""

    files: Files
    path: str
    check_mode: bool

    def at(self, name: str) -> str:
        """The path of a file in it."""
        return posixpath.join(self.path, name)

    def look(self, *names: str) -> Listing:
        """Its files, as `Files.list_files` has them."""
        return self.files.list_files(self.path, *names)

    def read(self, name: str) -> bytes:
        """The content of a file in it."""
        return self.files.read(self.at(name))

    def write(self, listing: Listing, writes: t.Iterable[FileWrite]) -> None:
        """Write files in their order."""
        if self.check_mode:
            return
        for number, write in enumerate(writes):
            if number == 0 and not listing.exists:
                self.files.make_directory(self.path)
            self.files.write(self.at(write.name), write.content, write.attributes)

    def repair(self, listing: Listing, wanted: t.Mapping[str, Attributes]) -> list[Diff]:
        """Give existing files their attributes; a diff for each that had others."""
        diffs: list[Diff] = []
        for name, attributes in wanted.items():
            found = listing.files.get(name)
            if found is None or attributes.fits(found.attributes):
                continue
            diffs.append(
                text_diff(self.at(name), found.attributes.describe(attributes), attributes.describe(attributes))
            )
            if not self.check_mode:
                self.files.set_attributes(self.at(name), attributes)
        return diffs


def text_diff(path: str, before: str, after: str) -> Diff:
    """A diff of what describes a file."""
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def parse_mode(text: str) -> int:
    """Read permission bits in octal.

    :raises ProvisioningError: it is no octal number up to 0777, or lets everyone read.
    """
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise ProvisioningError("must be permission bits in octal", part="mode", remedy="Quote it, for example '0640'")
    if mode & 0o007:
        raise ProvisioningError(
            "gives others a right", part="mode", remedy="Use '0600' with owner, or '0640' with group"
        )
    return mode


__all__ = (
    "Attributes",
    "Directory",
    "FileWrite",
    "Files",
    "HostFile",
    "Listing",
    "Result",
    "parse_mode",
    "text_diff",
)
