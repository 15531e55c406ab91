# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to an image without being part of it: signatures, attestations, and whatever else refers to it.

This module util is private to the collection.
"""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.catalog import Catalog
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, Manifest
from ansible_collections.edgeops.registry.plugins.module_utils._images.referrers import fallback_tag

COSIGN_SUFFIXES = (".sig", ".att", ".sbom")


def cosign_tags(digest: str) -> tuple[str, ...]:
    """The tags that cosign gives to what belongs to a manifest."""
    return tuple(digest.replace(":", "-") + suffix for suffix in COSIGN_SUFFIXES)


class KnownTags:
    """The tags of one repository, asked for once by all its images, if they fit one page."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_asked = False
        self._tags: frozenset[str] | None = None

    def may_have(self, tag: str, ask: t.Callable[[], t.Iterable[str] | None]) -> bool:
        """Whether it is worth to ask for a tag.

        :param ask: gives all tags, None where there are too many.
        """
        with self._lock:
            if not self._is_asked:
                self._tags = _asked(ask)
                self._is_asked = True
        return self._tags is None or tag in self._tags


class Surroundings:
    """What lies beside an image in its repository.

    :param known: shared by all images of the repository.
    """

    def __init__(self, repository: Repository, catalog: Catalog, known: KnownTags) -> None:
        self._repository = repository
        self._catalog = catalog
        self._known = known

    def tag_digest(self, tag: str) -> str | None:
        """The digest of another tag of the repository.

        :raises ProvisioningError: the registry refuses or fails.
        """
        if not self._known.may_have(tag, lambda: self._catalog.few_tags(self._repository.name)):
            return None
        return self._repository.manifest_digest(tag)

    def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        """The manifests that have a manifest as subject, by the API of the registry or else by the fallback tag.

        :raises ProvisioningError: the registry refuses or fails, or has something else under that tag.
        """
        found = self._catalog.referrers(self._repository.name, digest)
        if found is not None:
            return tuple(Descriptor("", one, 0) for one in found)
        listed = self.tag_digest(fallback_tag(digest))
        return Manifest.parse(self._repository.manifest(listed), listed).children if listed else ()


def _asked(ask: t.Callable[[], t.Iterable[str] | None]) -> frozenset[str] | None:
    try:
        tags = ask()
    except ProvisioningError as error:
        if error.reason == "unreachable":
            raise
        return None  # not everybody may list them
    return None if tags is None else frozenset(tags)


__all__ = ("KnownTags", "Surroundings", "cosign_tags")
