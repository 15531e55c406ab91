# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what repositories have. This module util is private to the collection."""

from __future__ import annotations

import concurrent.futures
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.catalog import Catalog
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import check_digest
from ansible_collections.edgeops.registry.plugins.module_utils._images.image_config import CONFIG_TYPES, ImageConfig
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.inventory import (
    Inventory,
    StoredManifest,
    companion_subject,
)

Select = t.Callable[[str, t.Sequence[str]], t.Sequence[str]]
"""A repository and all its tags to the tags and digests to be looked at; what belongs to those is added."""

_CONFIG_LIMIT = 8 << 20
_Result = t.TypeVar("_Result")


class Inspection:
    """The look at one repository.

    :param tags: all of it; None where there is no such repository.
    :param failure: why the inventory is incomplete.
    """

    def __init__(self, repository: str) -> None:
        self.inventory = Inventory(repository)
        self.tags: list[str] | None = None
        self.failure: ProvisioningError | None = None
        self._wanted: list[str] = []
        self._asked: set[str] = set()
        self._traced: set[str] = set()

    def want(self, references: t.Iterable[str]) -> None:
        """Add tags and digests to what is to be read."""
        self._wanted += references

    def take(self, reference: str, manifest: StoredManifest | None) -> None:
        """Add what the registry has for a tag or digest."""
        if manifest is not None:
            self.inventory.manifests[manifest.digest] = manifest
            self.want([*(child.digest for child in manifest.children), *filter(None, [manifest.subject])])
        if ":" not in reference:
            self.inventory.tags[reference] = manifest.digest if manifest else ""

    def unread(self) -> list[str]:
        """What has to be read next; each comes out once, and nothing after a failure."""
        have = self.inventory.manifests
        companions = [tag for tag in self.tags or () if companion_subject(tag) in have]
        wanted = dict.fromkeys([*self._wanted, *companions])
        new = [reference for reference in wanted if reference not in have and reference not in self._asked]
        self._asked.update(new)
        return new if not self.failure else []

    def untraced(self) -> list[str]:
        """The manifests whose referrers have to be asked for next; each comes out once."""
        new = [digest for digest in self.inventory.manifests if digest not in self._traced]
        self._traced.update(new)
        return new if not self.failure else []


class Inspector:
    """Reads repositories with a number of threads, each manifest once.

    :param concurrency: how many threads, and so connections, are used at most.
    """

    def __init__(self, catalog: Catalog, concurrency: int) -> None:
        self._catalog = catalog
        self._concurrency = concurrency

    def inspect(self, repositories: t.Iterable[str], select: Select, *, configs: bool) -> list[Inspection]:
        """Look at repositories; one that fails hides no other.

        :param configs: whether platforms and dates are wanted, which costs one request per configuration.
        """
        inspections = [Inspection(repository) for repository in repositories]
        with concurrent.futures.ThreadPoolExecutor(self._concurrency) as pool:
            for inspection, dummy, tags in _map(pool, self._tags, [(one, "") for one in inspections]):
                inspection.tags = tags
                inspection.want(select(inspection.inventory.repository, tags or ()))
            while self._read(pool, inspections) or self._trace(pool, inspections):
                pass
            if configs:
                self._read_configs(pool, inspections)
        return inspections

    def _read(self, pool: concurrent.futures.Executor, inspections: t.Iterable[Inspection]) -> bool:
        work = [(one, reference) for one in inspections for reference in one.unread()]
        for inspection, reference, manifest in _map(pool, self._manifest, work):
            inspection.take(reference, manifest)
        return bool(work)

    def _trace(self, pool: concurrent.futures.Executor, inspections: t.Iterable[Inspection]) -> bool:
        work = [(one, digest) for one in inspections for digest in one.untraced()]
        for inspection, dummy, referrers in _map(pool, self._referrers, work):
            inspection.want(referrers or ())
        return bool(work)

    def _read_configs(self, pool: concurrent.futures.Executor, inspections: t.Iterable[Inspection]) -> None:
        users: dict[str, list[tuple[Inspection, str]]] = {}
        for inspection in inspections:
            for digest, config in _configs(inspection.inventory):
                users.setdefault(config, []).append((inspection, digest))
        work = [(some[0][0], config) for config, some in users.items()]
        for dummy, config, content in _map(pool, self._blob, work):
            for inspection, digest in users[config]:
                inspection.inventory.configs[digest] = ImageConfig.parse(content or b"")

    def _tags(self, inspection: Inspection, dummy: str) -> list[str] | None:
        return self._catalog.tags(inspection.inventory.repository)

    def _manifest(self, inspection: Inspection, reference: str) -> StoredManifest | None:
        found = self._catalog.manifest(inspection.inventory.repository, reference)
        if found is None:
            return None
        digest, content = found
        return StoredManifest.parse(content, reference if ":" in reference else digest)

    def _referrers(self, inspection: Inspection, digest: str) -> list[str] | None:
        return self._catalog.referrers(inspection.inventory.repository, digest)

    def _blob(self, inspection: Inspection, digest: str) -> bytes | None:
        content = self._catalog.blob(inspection.inventory.repository, digest)
        if content is not None:
            check_digest(content, digest)
        return content


def _map(
    pool: concurrent.futures.Executor,
    call: t.Callable[[Inspection, str], _Result],
    work: t.Sequence[tuple[Inspection, str]],
) -> t.Iterator[tuple[Inspection, str, _Result]]:
    """Call something for all items; a failure ends the look at its repository."""
    futures = [pool.submit(call, *item) for item in work]
    for (inspection, argument), future in zip(work, futures):
        try:
            yield inspection, argument, future.result()
        except ProvisioningError as error:
            inspection.failure = inspection.failure or error


def _configs(inventory: Inventory) -> t.Iterator[tuple[str, str]]:
    """The images of all platforms, and the digests of their configurations."""
    for digest in dict.fromkeys(one for root in inventory.images() for one in inventory.platforms(root)):
        config = inventory.manifests[digest].config
        if config and config.media_type in CONFIG_TYPES and config.size <= _CONFIG_LIMIT:
            yield digest, config.digest


__all__ = ("Inspection", "Inspector", "Select")
