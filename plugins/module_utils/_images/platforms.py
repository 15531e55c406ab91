# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of fewer platforms. This module util is private to the collection."""

from __future__ import annotations

import hashlib
import json
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Manifest

_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?")
_DEFAULT_VARIANTS = {"arm64": "v8"}  # as container engines have it
_DESCRIBED = "vnd.docker.reference.digest"  # what an attestation of BuildKit belongs to

Item = t.Mapping[str, t.Any]


def check_platforms(platforms: t.Iterable[str]) -> None:
    """:raises ProvisioningError: one is no platform."""
    for platform in platforms:
        if not _PLATFORM.fullmatch(platform):
            raise ProvisioningError(
                f"{platform!r} is no platform", part="platforms", remedy="Write os/architecture, such as linux/amd64"
            )


def select_platforms(index: Manifest, platforms: t.Sequence[str]) -> Manifest:
    """The index with the manifests of these platforms only; itself if that is all of them or it is no index.

    :param platforms: `os/architecture` for all variants of it, or `os/architecture/variant`.
    :raises ProvisioningError: it has none for one of them.
    """
    if not index.children or not platforms:
        return index
    data = json.loads(index.content)
    items = data["manifests"]
    for platform in platforms:
        if not any(_matches(item, platform) for item in items):
            there = ", ".join(sorted({_platform(item) for item in items} - {"unknown/unknown"}))
            raise ProvisioningError(f"it has no platform {platform}", remedy=f"There are: {there or 'none'}")
    kept = {item["digest"] for item in items if any(_matches(item, platform) for platform in platforms)}
    chosen = [item for item in items if {item["digest"], _described(item)} & kept]
    if len(chosen) == len(items):
        return index
    content = json.dumps({**data, "manifests": chosen}, separators=(",", ":")).encode()
    return Manifest.parse(content, f"sha256:{hashlib.sha256(content).hexdigest()}")


def _matches(item: Item, wanted: str) -> bool:
    platform = _platform(item)
    return platform == wanted or platform.rpartition("/")[0] == wanted or f"{platform}/{_default(platform)}" == wanted


def _platform(item: Item) -> str:
    platform = item.get("platform") or {}
    parts = [platform.get("os") or "unknown", platform.get("architecture") or "unknown", platform.get("variant")]
    return "/".join(part for part in parts if part)


def _default(platform: str) -> str:
    return _DEFAULT_VARIANTS.get(platform.partition("/")[2], "")


def _described(item: Item) -> str:
    return str((item.get("annotations") or {}).get(_DESCRIBED, ""))


__all__ = ("check_platforms", "select_platforms")
