# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in registries, and in others that stand in for those. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.catalog import Catalog
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.registries import Registries
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository, sha256
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter, Transport
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.companions import KnownTags, Surroundings
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, Manifest, Reader
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import RegistryReference
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

Found = t.TypeVar("Found", str, bytes)


class Home(t.NamedTuple):
    """A repository that may have an image."""

    repository: Repository
    surroundings: Surroundings


class RegistrySource:
    """An image in a registry.

    :param homes: where it may be, tried in turn: mirrors, at last the registry itself.
    """

    def __init__(self, image: ImageName, homes: t.Sequence[Home]) -> None:
        self._image = image
        self._homes = homes
        self._chosen: Home | None = homes[0] if len(homes) == 1 else None

    def image_id(self) -> str:
        """Only its digest counts."""
        return ""

    def root(self) -> str:
        """Its digest, for which a tag costs one request."""
        return self._image.digest or self._find(self._digest)[1]

    def root_manifest(self) -> Manifest:
        """What its digest names, for one request."""
        content = self._find(self._content)[1]
        return Manifest.parse(content, self._image.digest or sha256(content))

    def manifest(self, digest: str) -> Manifest:
        """A manifest of it, checked against its digest."""
        return Manifest.parse(self._home().repository.manifest(digest), digest)

    def open_blob(self, blob: Descriptor, offset: int = 0) -> t.ContextManager[Reader]:
        """The stream of a blob of it, from an offset on."""
        return contextlib.closing(self._home().repository.open_blob(blob.digest, offset))

    def tag_digest(self, tag: str) -> str | None:
        """The digest of another tag of its repository."""
        return self._home().surroundings.tag_digest(tag)

    def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        """The manifests that have one of its manifests as subject."""
        return self._home().surroundings.referrers(digest)

    def _home(self) -> Home:
        return self._chosen or self._find(self._digest)[0]

    def _digest(self, repository: Repository) -> str | None:
        return repository.manifest_digest(self._image.reference)

    def _content(self, repository: Repository) -> bytes | None:
        try:
            return repository.manifest(self._image.reference)
        except ProvisioningError as error:
            if error.reason != "invalid":
                raise
            return None  # it is not there

    def _find(self, ask: t.Callable[[Repository], Found | None]) -> tuple[Home, Found]:
        """The first home that has it, and what that answers; a mirror that fails is passed over."""
        for home in self._homes[:-1]:
            with contextlib.suppress(ProvisioningError):
                found = ask(home.repository)
                if found:
                    self._chosen = home
                    return home, found
        self._chosen = self._homes[-1]
        found = ask(self._chosen.repository)
        if not found:
            raise ProvisioningError(
                f"there is no {self._image} at its source",
                remedy="Correct the name, or the credentials of its registry",
            )
        return self._chosen, found


class RegistrySources:
    """All registries that images come from.

    :param records: how to reach those that need more than their name.
    """

    def __init__(self, records: t.Iterable[Record], registries: Registries) -> None:
        self._records = {record.endpoint: record for record in records}
        self._registries = registries
        self._known: dict[tuple[Transport, str], KnownTags] = {}

    def open(self, reference: RegistryReference, meter: Meter) -> RegistrySource:
        """The image that a reference names; nothing is asked yet.

        :param meter: counts what reading it costs.
        :raises ProvisioningError: the reference names no possible host, or the credentials for it cannot be had.
        """
        endpoint, name = reference.endpoint, reference.image.repository
        own = self._records.get(endpoint) or Record.parse({"endpoint": str(endpoint)})
        homes = [
            self._home(record, f"{mirror.prefix}/{name}".lstrip("/"), meter)
            for record in self._records.values()
            for mirror in record.mirrors
            if _endpoint_of(mirror.upstream) == endpoint
        ]
        return RegistrySource(reference.image, [*homes, self._home(own, name, meter)])

    def _home(self, record: Record, name: str, meter: Meter) -> Home:
        transport = self._registries.transport(record, name)
        repository = Repository(transport, name, meter)
        known = self._known.setdefault((transport, name), KnownTags())
        return Home(repository, Surroundings(repository, Catalog(transport, meter), known))


def _endpoint_of(upstream: str) -> Endpoint:
    return RegistryReference(upstream, ImageName("")).endpoint


__all__ = ("RegistrySource", "RegistrySources")
