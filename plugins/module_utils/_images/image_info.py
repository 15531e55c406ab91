# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case of module image_info. This module util is private to the collection."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._images.inspection import Inspector
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.inventory import (
    Inventory,
    StoredManifest,
    companion_kind,
    companion_subject,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.registry_access import (
    matches,
    open_registry,
    parse_pattern,
    select_repositories,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.formats import (
    BUNDLE_TYPES,
    COSIGN_TAG,
    NOTATION,
    NOTATION_TYPE,
    PREDICATE_ANNOTATION,
    SIGNATURE_PREDICATE,
    SIGSTORE_BUNDLE,
)
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome

_SIGNATURE_PREDICATES = (None, SIGNATURE_PREDICATE)
_NO_PLATFORM = "unknown/unknown"  # what builders give to attestations within an index


Attachments = t.Mapping[str, t.Sequence[dict[str, str]]]


def describe_images(params: t.Mapping[str, t.Any], settings: Settings) -> Outcome:
    """Say what images a registry has.

    :raises ProvisioningError: an option is wrong, or the registry does not tell its repositories.
    """
    wanted = _Wanted(params["images"])
    with open_registry(params, settings.run_command) as access:
        repositories = select_repositories(access.catalog, wanted.repositories)
        inspections = Inspector(access.catalog, access.concurrency).inspect(repositories, wanted.select, configs=True)
    failures = [
        one.failure.at(registry=str(access.record.endpoint), part=one.inventory.repository)
        for one in inspections
        if one.failure
    ]
    return Outcome(
        changed=False,
        facts={
            **_describe([one.inventory for one in inspections], wanted),
            "requests": access.meter.requests,
            "failures": [failure.as_failure() for failure in failures],
        },
        warnings=access.warnings,
        failed="; ".join(map(str, failures)),
    )


class _Wanted:
    """The images that are asked for."""

    def __init__(self, texts: t.Sequence[str]) -> None:
        self._patterns: list[str] = []
        self._names: list[ImageName] = []
        for number, text in enumerate(texts):
            part = f"images[{number}]"
            if set(text) & set(":@"):
                self._names.append(ImageName.parse(text, part=part))
            else:
                self._patterns.append(parse_pattern(text, part))
        self.repositories = [*self._patterns, *(name.repository for name in self._names)]

    def select(self, repository: str, tags: t.Sequence[str]) -> list[str]:
        """What has to be read of a repository."""
        if matches(repository, self._patterns):
            return list(tags)
        references = [name.reference for name in self._names if name.repository == repository]
        return [reference for reference in references if ":" in reference or reference in tags]

    def images(self, inventory: Inventory) -> dict[str, list[str]]:
        """The digests that are asked for, each with those of its tags that are."""
        pinned = [name.digest for name in self._names if name.repository == inventory.repository]
        return {**{digest: [] for digest in pinned if digest in inventory.manifests}, **inventory.images()}


def _describe(inventories: t.Sequence[Inventory], wanted: _Wanted) -> dict[str, t.Any]:
    images = [(one, digest, tags) for one in inventories for digest, tags in wanted.images(one).items()]
    sizes = [one.sizes(one.parts(digest)) for one, digest, dummy in images]
    users = collections.Counter(digest for own in sizes for digest in own)
    stored = sum({digest: size for own in sizes for digest, size in own.items()}.values())
    attachments = {one.repository: _attachments(one) for one in inventories}
    return {
        "images": [
            {
                **_describe_image(one, digest, attachments[one.repository]),
                "tags": sorted(tags),
                "bytes": sum(own.values()),
                "bytes_shared": sum(size for part, size in own.items() if users[part] > 1),
            }
            for (one, digest, tags), own in zip(images, sizes)
        ],
        "digests": {f"{one.repository}:{tag}": digest for one, digest, tags in images for tag in tags},
        "bytes_stored": stored,
        "bytes_saved": sum(sum(own.values()) for own in sizes) - stored,
    }


def _describe_image(inventory: Inventory, digest: str, attachments: Attachments) -> dict[str, t.Any]:
    referrers = [one for part in inventory.parts(digest) for one in attachments.get(part, ())]
    return {
        "repository": inventory.repository,
        "digest": digest,
        "media_type": inventory.manifests[digest].media_type,
        "artifact_type": inventory.manifests[digest].artifact_type,
        "created": inventory.created(digest),
        "platforms": [
            {"platform": config.platform, "digest": part, "bytes": sum(inventory.sizes([part]).values())}
            for part in inventory.platforms(digest)
            if (config := inventory.configs.get(part)) and config.platform not in ("", _NO_PLATFORM)
        ],
        "referrers": referrers,
        "signatures": sorted({one["signature"] for one in referrers if one["signature"]}),
    }


def _attachments(inventory: Inventory) -> Attachments:
    """What is attached, by the digest that it is attached to."""
    found: dict[str, list[dict[str, str]]] = collections.defaultdict(list)
    for tag, digest in inventory.tags.items():
        kind = companion_kind(tag)
        if kind and digest:
            form = COSIGN_TAG if kind == "sig" else ""
            found[companion_subject(tag)].append(
                _attachment(companion_subject(tag), inventory.manifests[digest], tag, form)
            )
    for manifest in inventory.manifests.values():
        if manifest.subject:
            found[manifest.subject].append(_attachment(manifest.subject, manifest, "", _form(manifest)))
    return found


def _attachment(subject: str, manifest: StoredManifest, tag: str, form: str) -> dict[str, str]:
    return {
        "subject": subject,
        "digest": manifest.digest,
        "artifact_type": manifest.artifact_type,
        "tag": tag,
        "signature": form,
    }


def _form(manifest: StoredManifest) -> str:
    """Which form of signature a referrer is, empty for another thing: an attestation, a list of contents."""
    if manifest.artifact_type == NOTATION_TYPE:
        return NOTATION
    predicate = manifest.annotations.get(PREDICATE_ANNOTATION)
    return SIGSTORE_BUNDLE if manifest.artifact_type in BUNDLE_TYPES and predicate in _SIGNATURE_PREDICATES else ""


__all__ = ("describe_images",)
