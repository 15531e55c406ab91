# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources that a lock file pins. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._files import read_file
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import (
    Descriptor,
    Manifest,
    Reader,
    verified_blocks,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.lock_file import Pin, parse_lock, render_lock
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.archive import DOCUMENT_LIMIT
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.registry import RegistrySource
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.source import Source


class LockFile:
    """The lock file of a list of images.

    :param path: where it is.
    :param update: whether the sources are asked and the file follows them; without it the sources have to follow the file.
    :param allow_downgrade: whether it follows to an older image too.
    :raises ProvisioningError: it is no lock file, or is missing and is not to be made.
    """

    def __init__(self, path: str, *, update: bool, allow_downgrade: bool) -> None:
        self._path = path
        self._update = update
        self._allow_downgrade = allow_downgrade
        self._pins = self._read()
        self._kept: dict[str, Pin] = {}

    def source(self, name: str, text: str, source: Source) -> Source:
        """A source that gives what is pinned.

        :param name: of the image at its destination.
        :param text: the source, as the user wrote it.
        """
        pin = self._pins.get(name)
        if pin:
            self._kept[name] = pin
        decide = self._follow if self._update else self._pinned
        return PinnedSource(source, functools.partial(decide, name, text, source))

    def plan(self) -> FilePlan | None:
        """The file as it has to be now, with the images of the list only; None where it is not to be changed."""
        content = render_lock(self._kept)
        is_to_be_written = self._update and (self._kept or self._pins)
        return FilePlan(self._path, lambda dummy: content, owner="lock_file") if is_to_be_written else None

    def _read(self) -> dict[str, Pin]:
        try:
            state = read_file(self._path)
        except OSError as error:
            raise ProvisioningError(
                f"{self._path} cannot be read: {error.strerror}", reason="io", part="lock_file"
            ) from error
        if state is not None:
            return parse_lock(state.content, self._path)
        if self._update:
            return {}
        raise ProvisioningError(
            f"there is no {self._path}", part="lock_file", remedy="Copy it there, or make it with update_lock: true"
        )

    def _pinned(self, name: str, text: str, source: Source) -> str:
        pin = self._pins.get(name)
        if pin is None or pin.source != text:
            what = f"has {pin.source} as the source of it" if pin else "has it not"
            raise ProvisioningError(
                f"{self._path} {what}", reason="conflict", remedy="Run with update_lock: true, and look at what changes"
            )
        if not isinstance(source, RegistrySource) and source.root() != pin.digest:
            raise ProvisioningError(
                f"its source has {source.root()} and {self._path} {pin.digest}",
                reason="digest_mismatch",
                remedy="Find out why, then run with update_lock: true, or correct the source",
            )
        return pin.digest

    def _follow(self, name: str, text: str, source: Source) -> str:
        digest = source.root()
        old = self._pins.get(name)
        if old and (old.digest, old.source) == (digest, text):
            return digest
        new = Pin.of(text, digest, source.manifest, lambda blob: read_blob(source, blob))
        if old and not self._allow_downgrade:
            old.check_successor(new)
        self._kept[name] = new
        return digest


@dataclasses.dataclass(frozen=True)
class PinnedSource:
    """A source whose digest somebody else decides.

    :param pinned: gives the digest, or raises why there is none.
    """

    source: Source
    pinned: t.Callable[[], str]

    def root(self) -> str:
        """What it is pinned to."""
        return self.pinned()

    def root_manifest(self) -> Manifest:
        """What it is pinned to."""
        return self.manifest(self.pinned())

    def image_id(self) -> str:
        """Only the digest counts."""
        return ""

    def manifest(self, digest: str) -> Manifest:
        """As the source has it."""
        return self.source.manifest(digest)

    def open_blob(self, blob: Descriptor, offset: int = 0) -> t.ContextManager[Reader]:
        """As the source has it."""
        return self.source.open_blob(blob, offset)

    def tag_digest(self, tag: str) -> str | None:
        """As the source has it."""
        return self.source.tag_digest(tag)

    def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        """As the source has them."""
        return self.source.referrers(digest)


def read_blob(source: Source, blob: Descriptor) -> bytes:
    """A blob that is a small document, checked against its digest.

    :raises ProvisioningError: it is large, damaged or missing.
    """
    if blob.size > DOCUMENT_LIMIT:
        raise ProvisioningError(f"the configuration {blob.digest} is too large: {blob.size} bytes", reason="unparsable")
    with source.open_blob(blob) as reader:
        return b"".join(bytes(block) for block in verified_blocks(reader, blob))


__all__ = ("LockFile", "PinnedSource", "read_blob")
