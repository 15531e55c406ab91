# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundles: OCI layouts that carry a list of images to a site without a link. This module util is private to the collection.

Beside what an OCI layout has there are in it: a lock file, which has the images by name; what each repository has, and
which blobs were left out since the other side has them; and checksums of all files as `sha256sum --check` reads them.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import (
    Descriptor,
    Manifest,
    verified_blocks,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.lock_file import LOCK_NAME, Pin, parse_lock
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.archive import Archive, Folder, Part
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.layout import (
    INDEX_FILE,
    LAYOUT_FILE,
    Layout,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.tree import walk
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand

CONTENTS_FILE = "bundle.json"
SUMS_FILE = "SHA256SUMS"
DOCUMENTS = (LAYOUT_FILE, INDEX_FILE, CONTENTS_FILE, LOCK_NAME)
_SCHEMA = 1
_MOST_NAMED = 10
DAMAGE = ("digest_mismatch", "unparsable")
"""The reasons of failures that a damaged bundle causes."""

Place = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Contents:
    """What a bundle is for.

    :param places: the blobs of each repository once the bundle has been pushed.
    :param left_out: those that are not in the bundle, as the other side had them, with their sizes.
    """

    places: frozenset[Place] = frozenset()
    left_out: t.Mapping[str, int] = dataclasses.field(default_factory=dict)

    @classmethod
    def parse(cls, content: bytes, path: str) -> Contents:
        """Read the file of it.

        :raises ProvisioningError: it is none.
        """
        try:
            document = json.loads(content)
            schema, repositories = document["schema"], document["repositories"].items()
            places = frozenset((str(name), str(digest)) for name, digests in repositories for digest in digests)
            left_out = {str(digest): int(size) for digest, size in document["left_out"].items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ProvisioningError(
                f"{path} is no bundle",
                reason="unparsable",
                remedy="It must be one that image_sync has written, and whole; a bundle is written to an empty place only",
            ) from error
        if schema != _SCHEMA:
            raise ProvisioningError(
                f"{path} is a bundle of schema {schema} and this version of edgeops.registry reads {_SCHEMA}",
                reason="unsupported",
                remedy="Upgrade the collection",
            )
        return cls(places, left_out)

    def render(self) -> bytes:
        """The content of the file; the same for the same contents."""
        repositories: dict[str, list[str]] = {}
        for name, digest in sorted(self.places):
            repositories.setdefault(name, []).append(digest)
        document = {"schema": _SCHEMA, "left_out": dict(sorted(self.left_out.items())), "repositories": repositories}
        return (json.dumps(document, indent=2) + "\n").encode()


class Bundle(Layout):
    """A bundle that is read."""

    @functools.cached_property
    def contents(self) -> Contents:
        """What it is for.

        :raises ProvisioningError: it is no bundle.
        """
        return Contents.parse(self.document(CONTENTS_FILE), self.name)

    @functools.cached_property
    def pins(self) -> dict[str, Pin]:
        """Its images by name.

        :raises ProvisioningError: it is no bundle.
        """
        return parse_lock(self.document(LOCK_NAME), f"{LOCK_NAME} of {self.name}")

    def document(self, name: str) -> bytes:
        """One of `DOCUMENTS`, empty where it is not there."""
        return self.locate(name).read() if self.has(name) else b""

    def locate(self, name: str) -> Part:
        """Where a file of it is.

        :raises ProvisioningError: it is missing, or has been left out.
        """
        digest = name.replace("blobs/", "", 1).replace("/", ":")
        if not self.has(name) and name != CONTENTS_FILE and digest in self.contents.left_out:
            raise ProvisioningError(
                f"{digest} was left out of {self.name}, for the registry was to have it already",
                remedy="Push the older bundle first, or write this one again without since",
            )
        return super().locate(name)

    def check(self, threads: int) -> None:
        """Read all of it.

        :raises ProvisioningError: something is damaged or missing; it is named.
        """
        damaged = [name for name, digest in self._sums().items() if self._sum(name) != digest]
        if damaged:
            raise self._damaged(damaged)
        manifests, damaged = self._manifests()
        blobs = {blob.digest: blob for manifest in manifests for blob in manifest.blobs}
        kept = [blob for digest, blob in blobs.items() if digest not in self.contents.left_out]
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            damaged += [blob.digest for blob, is_whole in zip(kept, pool.map(self._is_whole, kept)) if not is_whole]
        if damaged:
            raise self._damaged(damaged)

    def _manifests(self) -> tuple[list[Manifest], list[str]]:
        """All manifests, and the digests of those that are damaged or missing."""
        damaged: list[str] = []

        def read(digest: str) -> Manifest:
            try:
                return self.manifest(digest)
            except ProvisioningError as error:
                if error.reason not in DAMAGE:
                    raise
                damaged.append(digest)
                return Manifest(digest, "", b"", (), ())

        return list(walk([entry.descriptor.digest for entry in self.entries], read)), damaged

    def _sums(self) -> dict[str, str]:
        """The checksums of the documents; those of blobs are their names."""
        lines = self.document(SUMS_FILE).decode("ascii", errors="replace").splitlines()
        sums = {name: digest for digest, dummy, name in (line.partition("  ") for line in lines)}
        return {name: sums.get(name, "") for name in DOCUMENTS}

    def _sum(self, name: str) -> str:
        return hashlib.sha256(self.document(name)).hexdigest()

    def _is_whole(self, blob: Descriptor) -> bool:
        try:
            with self.open(blob.digest) as reader:
                return all(True for dummy in verified_blocks(reader, blob))
        except ProvisioningError as error:
            if error.reason not in DAMAGE:
                raise
            return False

    def _damaged(self, names: t.Sequence[str]) -> ProvisioningError:
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        return ProvisioningError(
            f"{self.name} is damaged or incomplete: {', '.join(names[:_MOST_NAMED])}{more}",
            reason="digest_mismatch",
            part="from_bundle",
            remedy="Copy the bundle again; nothing has been pushed",
        )


def open_bundle(path: str, run_command: RunCommand) -> Bundle:
    """Open a bundle, in a folder or in a tar file.

    :raises ProvisioningError: there is none.
    """
    return Bundle(Folder(path) if os.path.isdir(path) else Archive(path, run_command), path)


def read_contents(path: str, run_command: RunCommand) -> Contents:
    """What an older bundle brought, by itself or by a copy of the file in it that says so.

    :raises ProvisioningError: it is neither.
    """
    if os.path.basename(path) == CONTENTS_FILE and os.path.isfile(path):
        return Contents.parse(Part(path, 0, os.path.getsize(path)).read(), path)
    with contextlib.closing(open_bundle(path, run_command)) as bundle:
        return bundle.contents


__all__ = (
    "CONTENTS_FILE",
    "DAMAGE",
    "DOCUMENTS",
    "SUMS_FILE",
    "Bundle",
    "Contents",
    "Place",
    "open_bundle",
    "read_contents",
)
