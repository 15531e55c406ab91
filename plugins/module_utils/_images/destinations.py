# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where images go, all alike. This module util is private to the collection."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Body


class Stream(t.Protocol):
    """What `contextlib.closing` and `verified_blocks` take."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer; 0 at the end."""

    def close(self) -> None:
        """Free what is held."""


class Destination(t.Protocol):
    """A repository that images are written to by any number of threads: of a registry, or a name in an OCI layout."""

    @property
    def name(self) -> str:
        """The repository."""

    def manifest_digest(self, reference: str) -> str | None:
        """The digest that a tag or digest has there, None where it is not."""

    def manifest(self, reference: str) -> bytes:
        """The bytes of a manifest; `ProvisioningError` where it is not there."""

    def has_blob(self, digest: str) -> bool:
        """Whether a blob is there."""

    def read_blob(self, digest: str) -> Stream:
        """A blob as a stream, as it is served and not verified; `ProvisioningError` where it is not there."""

    def mount_blob(self, digest: str, origin: str) -> str:
        """Take a blob over if a repository of the same place has it; `origin` may be this repository itself.

        :returns: empty when the blob is there now, else where it may be uploaded to.
        """

    def upload_blob(self, digest: str, size: int, body: Body, location: str = "") -> None:
        """Write a blob, whether it is there or not.

        :param body: makes the stream of the blob anew for every try.
        :param location: what `mount_blob` gave.
        """

    def cancel_upload(self, location: str) -> None:
        """Give up what `mount_blob` has begun; this cannot fail."""

    def put_manifest(self, reference: str, media_type: str, content: bytes) -> bool:
        """Write a manifest under a tag or its digest.

        :returns: whether the place keeps track of what it refers to, so that no fallback tag has to.
        :raises BlobUnknownError: something that the manifest refers to is not there.
        """

    def lists_referrers(self, subject: str) -> bool:
        """Whether the place keeps track itself of what refers to a manifest, so that no fallback tag has to."""


__all__ = ("Destination", "Stream")
