# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the images of a run go: a registry or a bundle. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.catalog import Catalog
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.registries import Registries
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter, Transport
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.bundle.bundle import Place, read_contents
from ansible_collections.edgeops.registry.plugins.module_utils._images.bundle.layout_writer import (
    LayoutDestination,
    Since,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.bundle.writer import (
    BundleWriter,
    Packed,
    open_writer,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.destinations import Destination
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand


class Target(t.Protocol):
    """A place for images."""

    @property
    def name(self) -> str:
        """How errors name it."""

    @property
    def endpoint(self) -> Endpoint | None:
        """Of the registry that it is, None where it is none."""

    def destination(self, name: ImageName, meter: Meter) -> Destination:
        """Where in it an image goes.

        :param meter: counts what that costs.
        :raises ProvisioningError: the credentials for it cannot be had.
        """

    def has_just(self, images: t.Mapping[ImageName, str], /) -> bool:
        """Whether it is as it should be, once these images from these sources are there."""

    def finish(self, images: t.Sequence[Packed], /) -> bool:
        """Make it complete, once all images are there; whether that changed it.

        :raises ProvisioningError: something is missing, or cannot be written.
        """


class RegistryDestination(Repository):
    """A repository of a registry, to be written to."""

    def __init__(self, transport: Transport, name: str, meter: Meter) -> None:
        super().__init__(transport, name, meter, push=True)
        self._catalog = Catalog(transport, meter)

    def lists_referrers(self, subject: str) -> bool:
        """Whether the registry has a list of referrers, which is asked once where it has none."""
        return self._catalog.referrers(self.name, subject) is not None


@dataclasses.dataclass(frozen=True)
class RegistryTarget:
    """A registry."""

    record: Record
    registries: Registries

    @property
    def name(self) -> str:
        """Its endpoint."""
        return str(self.record.endpoint)

    @property
    def endpoint(self) -> Endpoint | None:
        """Its endpoint."""
        return self.record.endpoint

    def destination(self, name: ImageName, meter: Meter) -> Destination:
        """A repository of it."""
        transport = self.registries.transport(self.record, name.repository)
        return RegistryDestination(transport, name.repository, meter)

    def has_just(self, dummy: t.Mapping[ImageName, str], /) -> bool:
        """It may have further images."""
        return True

    def finish(self, dummy: t.Sequence[Packed], /) -> bool:
        """Nothing is left to do."""
        return False


@dataclasses.dataclass(frozen=True)
class BundleTarget:
    """A bundle."""

    writer: BundleWriter

    @property
    def name(self) -> str:
        """Its path."""
        return self.writer.path

    @property
    def endpoint(self) -> Endpoint | None:
        """It is no registry."""
        return None

    def destination(self, name: ImageName, meter: Meter) -> Destination:
        """A repository of it."""
        return LayoutDestination(self.writer.store, name.repository, meter)

    def has_just(self, images: t.Mapping[ImageName, str], /) -> bool:
        """Whether it has no others."""
        return self.writer.has_just(images)

    def finish(self, images: t.Sequence[Packed], /) -> bool:
        """Write its index, lock file and checksums."""
        return self.writer.finish(images)


@dataclasses.dataclass(frozen=True)
class SincePlaces:
    """What an older bundle brought."""

    places: frozenset[Place]

    def has(self, repository: str, digest: str) -> bool:
        """Whether it was in it, or was there before."""
        return (repository, digest) in self.places


class SinceRegistry:
    """What a registry has, each blob asked for once."""

    def __init__(self, record: Record, registries: Registries) -> None:
        self._record = record
        self._registries = registries
        self._known: dict[Place, bool] = {}

    def has(self, repository: str, digest: str) -> bool:
        """Whether the registry says so."""
        place = (repository, digest)
        if place not in self._known:
            transport = self._registries.transport(self._record, repository)
            self._known[place] = Repository(transport, repository, Meter()).has_blob(digest)
        return self._known[place]


@contextlib.contextmanager
def open_target(
    params: t.Mapping[str, t.Any], registries: Registries, run_command: RunCommand, *, to_write: bool
) -> t.Iterator[Target]:
    """The target that the options `registry`, `bundle`, `since` and `since_registry` name.

    :param to_write: without it, it is only looked at.
    :raises ProvisioningError: an option is wrong; another run is writing the bundle.
    """
    path = params["bundle"]
    if params["registry"]:
        record = Record.parse(params["registry"], "registry")
        registries.transport(record, "")  # which refuses plain HTTP
        yield RegistryTarget(record, registries)
    elif not os.path.isabs(path):
        raise ProvisioningError(f"{path!r} is not an absolute path", part="bundle")
    else:
        since = _since(params, registries, run_command)
        with open_writer(os.path.normpath(path), since, run_command, to_write=to_write) as writer:
            yield BundleTarget(writer)


def _since(params: t.Mapping[str, t.Any], registries: Registries, run_command: RunCommand) -> Since:
    if params["since_registry"]:
        return SinceRegistry(Record.parse(params["since_registry"], "since_registry"), registries)
    if not params["since"]:
        return SincePlaces(frozenset())
    return SincePlaces(read_contents(params["since"], run_command).places)


__all__ = ("Target", "open_target")
