# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repository has, and what of it needs what: pure. This module util is private to the collection."""

from __future__ import annotations

import collections
import dataclasses
import json
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, Manifest
from ansible_collections.edgeops.registry.plugins.module_utils._images.image_config import ImageConfig, parse_created

_COMPANION = re.compile(r"(?P<algorithm>sha256|sha512)-(?P<hex>[0-9a-f]{64,128})(?:\.(?P<kind>sig|att|sbom))?")
_CREATED = "org.opencontainers.image.created"


@dataclasses.dataclass(frozen=True)
class StoredManifest:
    """A manifest of a repository, and what it says.

    :param size: bytes of the manifest itself.
    :param children: of an index.
    :param blobs: configuration and layers, without those that lie elsewhere.
    :param config: None for an index.
    :param subject: the digest that it is attached to, empty for none.
    :param artifact_type: what it is, as a list of referrers would say: OCI image specification 1.1.
    """

    digest: str
    media_type: str
    size: int
    children: tuple[Descriptor, ...] = ()
    blobs: tuple[Descriptor, ...] = ()
    config: Descriptor | None = None
    subject: str = ""
    artifact_type: str = ""
    annotations: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def parse(cls, content: bytes, digest: str) -> StoredManifest:
        """Read a manifest and check it against its digest.

        :raises ProvisioningError: it is damaged, or of an unknown kind.
        """
        manifest, data = Manifest.parse(content, digest), json.loads(content)
        config = Descriptor.parse(data["config"]) if manifest.blobs else None
        annotations = data.get("annotations")
        return cls(
            digest,
            manifest.media_type,
            len(content),
            manifest.children,
            manifest.blobs,
            config,
            subject=manifest.subject,
            artifact_type=str(data.get("artifactType") or (config.media_type if config else "")),
            annotations=annotations if isinstance(annotations, dict) else {},
        )


@dataclasses.dataclass
class Inventory:
    """What a repository has.

    :param tags: the digest of every tag that was looked at; empty where the registry lists it and has no manifest.
    :param configs: of images, by the digest of the manifest.
    """

    repository: str
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    manifests: dict[str, StoredManifest] = dataclasses.field(default_factory=dict)
    configs: dict[str, ImageConfig] = dataclasses.field(default_factory=dict)

    def images(self) -> dict[str, list[str]]:
        """The tags of every image, by its digest; without those that are companions of others."""
        found: dict[str, list[str]] = {}
        for tag, digest in self.tags.items():
            if digest and not companion_subject(tag):
                found.setdefault(digest, []).append(tag)
        return found

    def parts(self, *digests: str) -> list[str]:
        """The manifests that images consist of, as far as they are here: their own, and those of an index."""
        return self.reach(digests, lambda manifest: [child.digest for child in manifest.children])

    def platforms(self, digest: str) -> list[str]:
        """The manifests of the platforms of an image: those of an index, else its own."""
        return [part for part in self.parts(digest) if not self.manifests[part].children]

    def created(self, digest: str) -> str:
        """When an image was made, of its platforms the last one; `YYYY-MM-DDTHH:MM:SSZ`, empty where nobody says."""
        annotated = parse_created(self.manifests[digest].annotations.get(_CREATED))
        told = [self.configs[one].created for one in self.platforms(digest) if one in self.configs]
        return max(told, default="") or annotated

    def sizes(self, digests: t.Iterable[str]) -> dict[str, int]:
        """The bytes of manifests and of their blobs, by digest."""
        sizes: dict[str, int] = {}
        for manifest in (self.manifests[digest] for digest in digests):
            sizes[manifest.digest] = manifest.size
            sizes.update({blob.digest: blob.size for blob in manifest.blobs})
        return sizes

    def holders_first(self, digests: t.Container[str]) -> list[str]:
        """Some manifests, each index before what it consists of."""
        order: list[str] = []
        seen: set[str] = set()
        stack = [(digest, False) for digest in self.manifests if digest in digests]
        while stack:
            digest, is_done = stack.pop()
            if is_done:
                order.append(digest)
            elif digest in digests and digest not in seen:
                seen.add(digest)
                stack.append((digest, True))
                stack += [(child.digest, False) for child in self.manifests[digest].children]
        return order[::-1]

    def reach(self, roots: t.Iterable[str], step: t.Callable[[StoredManifest], t.Iterable[str]]) -> list[str]:
        """All manifests here to which steps lead from some, those included; each once."""
        found: dict[str, None] = {}
        queue = collections.deque(roots)
        while queue:
            digest = queue.popleft()
            if digest in self.manifests and digest not in found:
                found[digest] = None
                queue.extend(step(self.manifests[digest]))
        return list(found)


class Relations:
    """What of a repository belongs to what."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._attached: dict[str, list[str]] = collections.defaultdict(list)
        for manifest in inventory.manifests.values():
            if manifest.subject:
                self._attached[manifest.subject].append(manifest.digest)
        for tag, digest in inventory.tags.items():
            subject = companion_subject(tag)
            if digest and subject:
                self._attached[subject].append(digest)

    def belongings(self, roots: t.Iterable[str]) -> list[str]:
        """Some manifests, all that they consist of, and what is attached to any of it."""
        return self._inventory.reach(roots, self._below)

    def needs(self, roots: t.Iterable[str]) -> list[str]:
        """As `belongings`, and what any of it is attached to, with all of that."""
        return self._inventory.reach(roots, lambda manifest: [*self._below(manifest), manifest.subject])

    def _below(self, manifest: StoredManifest) -> list[str]:
        return [*(child.digest for child in manifest.children), *self._attached.get(manifest.digest, ())]


def companion_subject(tag: str) -> str:
    """The digest that a tag belongs to: as cosign names signatures, or OCI the list of referrers; empty for others."""
    match = _COMPANION.fullmatch(tag)
    return f"{match['algorithm']}:{match['hex']}" if match else ""


def companion_kind(tag: str) -> str:
    """`sig`, `att` or `sbom` for cosign's tags, empty for others."""
    match = _COMPANION.fullmatch(tag)
    return (match["kind"] or "") if match else ""


__all__ = ("Inventory", "Relations", "StoredManifest", "companion_kind", "companion_subject")
