# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of what refers to a manifest, under a tag, where the registry keeps none itself.

OCI distribution specification 1.1, "Referrers Tag Schema". This module util is private to the collection.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Manifest
from ansible_collections.edgeops.registry.plugins.module_utils._images.destinations import Destination

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


def fallback_tag(digest: str) -> str:
    """Where the list of what refers to a manifest is."""
    algorithm, dummy, value = digest.partition(":")
    return f"{algorithm[:32]}-{value[:64]}"


def note_referrer(destination: Destination, referrer: Manifest) -> None:
    """Add a manifest to the list of its subject, and leave all others there.

    :raises ProvisioningError: the registry refuses or fails, or has something else under that tag.
    """
    tag = fallback_tag(referrer.subject)
    content = _add(_read(destination, tag), referrer)
    if not content:
        return
    destination.put_manifest(tag, INDEX_TYPE, content)
    if destination.manifest_digest(tag) != sha256(content):
        raise ProvisioningError(f"the registry does not serve the list of referrers {tag}", reason="conflict")


def listed_referrers(destination: Destination, subject: str) -> frozenset[str] | None:
    """The digests that the list of a manifest has; None where the registry itself finds all that are there.

    :raises ProvisioningError: as `note_referrer`.
    """
    if destination.lists_referrers(subject):
        return None
    return frozenset(str(item.get("digest")) for item in _read(destination, fallback_tag(subject))["manifests"])


def bytes_of_lists(destination: Destination, referrers: t.Iterable[Manifest]) -> int:
    """What it will take to note manifests one after the other.

    :raises ProvisioningError: as `note_referrer`.
    """
    lists: dict[str, dict[str, t.Any] | None] = {}
    count = 0
    for referrer in referrers:
        subject = referrer.subject
        if subject not in lists:
            lists[subject] = None if destination.lists_referrers(subject) else _read(destination, fallback_tag(subject))
        index = lists[subject]
        count += len(_add(index, referrer)) if index else 0
    return count


def _read(destination: Destination, tag: str) -> dict[str, t.Any]:
    """A list; an empty one where there is none yet."""
    listed = destination.manifest_digest(tag)
    if not listed:
        return {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}
    try:
        index = json.loads(destination.manifest(listed))
        if isinstance(index["manifests"], list):
            return dict(index)
    except (ValueError, KeyError, TypeError):
        pass
    raise ProvisioningError(
        f"the tag {tag}, which is to list referrers, has something else",
        reason="conflict",
        remedy="Remove it, or set companions: false",
    )


def _add(index: dict[str, t.Any], referrer: Manifest) -> bytes:
    """Add a manifest to a list; the list's bytes, none where it has the manifest already."""
    if any(item.get("digest") == referrer.digest for item in index["manifests"]):
        return b""
    index["manifests"].append(_entry(referrer))
    return json.dumps(index, separators=(",", ":")).encode()


def _entry(manifest: Manifest) -> dict[str, t.Any]:
    """A referrer's descriptor in the list (as above, "Pushing Manifests with Subject")."""
    data = json.loads(manifest.content)
    artifact_type = data.get("artifactType") or (data.get("config") or {}).get("mediaType")
    return {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.content),
        **({"artifactType": artifact_type} if artifact_type else {}),
        **({"annotations": data["annotations"]} if data.get("annotations") else {}),
    }


__all__ = ("bytes_of_lists", "fallback_tag", "listed_referrers", "note_referrer")
