# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests, what they consist of, and streams of blobs. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

BLOCK = 256 << 10
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class Reader(t.Protocol):
    """A stream that fills buffers; 0 is its end."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer as far as there is something, and say how far."""


@dataclasses.dataclass(frozen=True)
class Descriptor:
    """What content is addressed by (OCI image specification 1.1, "Descriptors").

    :param size: bytes.
    """

    media_type: str
    digest: str
    size: int

    @classmethod
    def parse(cls, data: object) -> Descriptor:
        """Read a descriptor of a manifest.

        :raises ProvisioningError: it is none.
        """
        if not isinstance(data, dict):
            raise _unusable("holds something that is no descriptor")
        try:
            descriptor = cls(str(data.get("mediaType", "")), str(data["digest"]), int(data["size"]))
        except (KeyError, TypeError, ValueError) as error:
            raise _unusable("holds a broken descriptor") from error
        if not _DIGEST.fullmatch(descriptor.digest) or descriptor.size < 0:
            raise _unusable("holds a descriptor whose digest or size is none")
        return descriptor


@dataclasses.dataclass(frozen=True)
class Manifest:
    """A manifest or index, byte for byte.

    :param children: the manifests of an index.
    :param blobs: configuration and layers of a manifest.
    :param subject: the digest of the manifest that it belongs to, empty for none.
    """

    digest: str
    media_type: str
    content: bytes
    children: tuple[Descriptor, ...]
    blobs: tuple[Descriptor, ...]
    subject: str = ""

    @classmethod
    def parse(cls, content: bytes, digest: str) -> Manifest:
        """Read a manifest and check it against its digest.

        :raises ProvisioningError: it is damaged, or of a kind that cannot be copied.
        """
        check_digest(content, digest)
        try:
            data = json.loads(content)
            media_type = str(data.get("mediaType") or _guessed_type(data))
        except (ValueError, AttributeError, RecursionError) as error:
            raise _unusable("is not JSON") from error
        if media_type in _INDEXES:
            return cls(digest, media_type, content, _descriptors(data, "manifests"), (), _subject(data))
        if media_type in _MANIFESTS:
            blobs = (Descriptor.parse(data.get("config")), *(_descriptors(data, "layers")))
            blobs = tuple({blob.digest: blob for blob in blobs}.values())
            return cls(digest, media_type, content, (), blobs, _subject(data))
        raise ProvisioningError(
            f"the image has a manifest of type {media_type or 'unknown'}",
            reason="unsupported",
            remedy="Build it again as OCI image",
        )


def check_digest(content: bytes, digest: str) -> None:
    """:raises ProvisioningError: the content is not what the digest names."""
    found = hashlib.new(digest.partition(":")[0], content).hexdigest()
    if found != digest.partition(":")[2]:
        raise _mismatch(digest, found)


def verified_blocks(reader: Reader, blob: Descriptor) -> t.Iterator[memoryview]:
    """The blocks of a blob; the last one comes out only if the whole has its digest and size.

    :raises ProvisioningError: it has not; what was passed on until then is incomplete and nobody takes it.
    """
    hasher, left = hashlib.new(blob.digest.partition(":")[0]), blob.size
    buffer, beyond = memoryview(bytearray(BLOCK)), memoryview(bytearray(1))
    while left:
        count = reader.readinto(buffer[: min(BLOCK, left)])
        if not count:
            raise _mismatch(blob.digest, f"{left} bytes less than promised")
        hasher.update(buffer[:count])
        left -= count
        if left:
            yield buffer[:count]
    if reader.readinto(beyond):
        raise _mismatch(blob.digest, "more bytes than promised")
    if hasher.hexdigest() != blob.digest.partition(":")[2]:
        raise _mismatch(blob.digest, hasher.hexdigest())
    if blob.size:
        yield buffer[:count]


def _descriptors(data: t.Mapping[str, t.Any], key: str) -> tuple[Descriptor, ...]:
    items = data.get(key)
    if not isinstance(items, list):
        raise _unusable(f"has no list of {key}")
    return tuple(Descriptor.parse(item) for item in items if not _is_foreign(item))


def _subject(data: t.Mapping[str, t.Any]) -> str:
    return Descriptor.parse(data["subject"]).digest if data.get("subject") else ""


def _is_foreign(item: object) -> bool:
    """Whether it is a layer that lies elsewhere, and need not be in the registry."""
    return isinstance(item, dict) and bool(item.get("urls"))


def _guessed_type(data: t.Mapping[str, t.Any]) -> str:
    """The type of an OCI document that does not say it (OCI image specification: it is only recommended to)."""
    if data.get("schemaVersion") != 2:
        return ""
    return _INDEXES[0] if "manifests" in data else _MANIFESTS[0]


def _unusable(what: str) -> ProvisioningError:
    return ProvisioningError(f"a manifest of the image {what}", reason="unparsable", remedy="Make the image again")


def _mismatch(digest: str, found: str) -> ProvisioningError:
    return ProvisioningError(
        f"the source gives for {digest} something else ({found})",
        reason="digest_mismatch",
        remedy="The source is damaged or tampered with: get it again",
    )


__all__ = ("BLOCK", "Descriptor", "Manifest", "Reader", "check_digest", "verified_blocks")
