# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lock files: which digest each image of a list has. This module util is private to the collection.

They are JSON, which is YAML too, so that a host needs no library to read them.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, Manifest
from ansible_collections.edgeops.registry.plugins.module_utils._images.image_config import ImageConfig, parse_created
from ansible_collections.edgeops.registry.plugins.module_utils._images.tree import walk

LOCK_NAME = "images.lock.yml"
_SCHEMA = 1
_CREATED = "org.opencontainers.image.created"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")

ReadManifest = t.Callable[[str], Manifest]
ReadBlob = t.Callable[[Descriptor], bytes]


@dataclasses.dataclass(frozen=True)
class Pin:
    """What an image is.

    :param source: where it came from, as the user wrote it.
    :param size: bytes of all its manifests and blobs, each counted once.
    :param platforms: such as `linux/amd64`, sorted.
    :param created: `YYYY-MM-DDTHH:MM:SSZ`, empty where the image does not say.
    """

    source: str
    digest: str
    size: int
    platforms: tuple[str, ...]
    created: str

    @classmethod
    def of(cls, source: str, digest: str, read_manifest: ReadManifest, read_blob: ReadBlob) -> Pin:
        """Look at an image: at all its manifests, and at the configuration of its first platform.

        :raises ProvisioningError: it cannot be read.
        """
        manifests = list(walk([digest], read_manifest))
        root = json.loads(manifests[0].content)
        configs = [ImageConfig.parse(read_blob(blob)) for blob in _configurations(manifests)]
        sizes = {blob.digest: blob.size for manifest in manifests for blob in manifest.blobs}
        platforms = {_platform(item) for item in root.get("manifests") or ()} or {config.platform for config in configs}
        created = parse_created((root.get("annotations") or {}).get(_CREATED))
        return cls(
            source,
            digest,
            sum(len(manifest.content) for manifest in manifests) + sum(sizes.values()),
            tuple(sorted(platforms - {"", "unknown/unknown"})),
            created or max((config.created for config in configs), default=""),
        )

    @classmethod
    def parse(cls, item: t.Mapping[str, t.Any]) -> Pin:
        """Read an item of a lock file.

        :raises ValueError, TypeError, KeyError, AttributeError: it is none.
        """
        pin = cls(
            str(item["source"]),
            str(item["digest"]),
            int(item["size"]),
            tuple(str(platform) for platform in item["platforms"]),
            str(item["created"]),
        )
        if not _DIGEST.fullmatch(pin.digest):
            raise ValueError(pin.digest)
        return pin

    def check_successor(self, new: Pin) -> None:
        """See that another image may take the place of this one.

        :raises ProvisioningError: it is older.
        """
        if new.created and self.created and new.created < self.created:
            raise ProvisioningError(
                f"its source has an image of {new.created}, and the lock file one of {self.created}",
                reason="conflict",
                remedy="Find out who put an older image there, or set allow_downgrade: true",
            )


Pins = t.Mapping[str, Pin]
"""By the name that the images have at their destination."""


def parse_lock(content: bytes, path: str) -> dict[str, Pin]:
    """Read a lock file.

    :raises ProvisioningError: it is none, or a newer version of this collection has written it.
    """
    try:
        document = json.loads(content)
        schema = document["schema"]
        pins = {str(name): Pin.parse(item) for name, item in document["images"].items()} if schema == _SCHEMA else {}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProvisioningError(
            f"{path} is no lock file",
            reason="unparsable",
            remedy="Get it again, or remove it and run with update_lock: true",
        ) from error
    if schema != _SCHEMA:
        raise ProvisioningError(
            f"{path} has schema {schema} and this version of edgeops.registry reads {_SCHEMA}",
            reason="unsupported",
            remedy="Upgrade the collection",
        )
    return pins


def render_lock(pins: Pins) -> bytes:
    """The content of a lock file; the same for the same pins."""
    images = {name: dataclasses.asdict(pin) for name, pin in sorted(pins.items())}
    return (json.dumps({"schema": _SCHEMA, "images": images}, indent=2) + "\n").encode()


def _configurations(manifests: t.Sequence[Manifest]) -> list[Descriptor]:
    """The configuration of the image, of its first platform where there are several."""
    return [manifest.blobs[0] for manifest in manifests if manifest.blobs][:1]


def _platform(item: t.Mapping[str, t.Any]) -> str:
    platform = item.get("platform") or {}
    return "/".join(str(platform[key]) for key in ("os", "architecture", "variant") if platform.get(key))


__all__ = ("LOCK_NAME", "Pin", "Pins", "parse_lock", "render_lock")
