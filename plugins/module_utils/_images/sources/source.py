# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources of images, all alike. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import functools
import threading
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.registries import Registries
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, Manifest, Reader
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import (
    EngineReference,
    LayoutReference,
    Reference,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.docker_archive import open_docker_archive
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.docker_engine import DockerEngineImage
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.layout import (
    Layout,
    LayoutSource,
    open_layout,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.registry import RegistrySources
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand


class _Closable(t.Protocol):
    def close(self) -> None: ...


_Held = t.TypeVar("_Held", bound=_Closable)


class Source(t.Protocol):
    """One image, to be read by any number of threads."""

    def image_id(self) -> str:
        """What it counts as the same by under other manifests too, empty where only its digest counts.

        The digest of its configuration, or what a Docker engine identifies it by.
        """

    def root(self) -> str:
        """Its digest."""

    def root_manifest(self) -> Manifest:
        """What its digest names: at a registry for one request, where digest and manifest one by one are two."""

    def manifest(self, digest: str) -> Manifest:
        """A manifest of it, checked against its digest."""

    def open_blob(self, blob: Descriptor, offset: int = 0) -> t.ContextManager[Reader]:
        """The stream of a blob of it.

        :param offset: how many bytes of it are left out.
        """

    def tag_digest(self, tag: str) -> str | None:
        """The digest of another tag of its repository, such as those that cosign makes; None where it is not there."""

    def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        """The manifests that have one of its manifests as subject (OCI distribution specification, "Listing Referrers")."""


@dataclasses.dataclass(frozen=True)
class EngineSource(LayoutSource):
    """An image in a Docker engine, which is saved only where it is wanted."""

    identify: t.Callable[[], str] = str

    def image_id(self) -> str:
        """What the engine identifies it by."""
        return self.identify()


class _Opened(t.Generic[_Held]):
    """Something that is opened when it is first wanted, by one thread, and closed once."""

    def __init__(self, opener: t.Callable[[], _Held]) -> None:
        self._opener = opener
        self._lock = threading.Lock()
        self._held: _Held | None = None

    def get(self) -> _Held:
        with self._lock:
            if self._held is None:
                self._held = self._opener()
            return self._held

    def close(self) -> None:
        if self._held is not None:
            self._held.close()


class Sources:
    """All sources of a run; each archive is opened once.

    :param records: how to reach the registries that need more than their name.
    """

    def __init__(self, records: t.Iterable[Record], registries: Registries, run_command: RunCommand) -> None:
        self._registries = RegistrySources(records, registries)
        self._run_command = run_command
        self._opened: dict[tuple[str, str], _Opened[t.Any]] = {}

    def open(self, reference: Reference, meter: Meter) -> Source:
        """The image that a reference names; nothing is read yet.

        :param meter: counts what reading it costs.
        :raises ProvisioningError: the reference names no possible host, or the credentials for it cannot be had.
        """
        if isinstance(reference, LayoutReference):
            layout = self._open((reference.kind, reference.path), functools.partial(self._layout, reference))
            return LayoutSource(layout.get, reference.tag, is_of_docker=reference.kind == "docker-archive")
        if isinstance(reference, EngineReference):
            image = self._open(
                ("docker-daemon", reference.name), lambda: DockerEngineImage(reference.name, self._run_command)
            )
            return EngineSource(lambda: image.get().layout(), "", identify=lambda: image.get().image_id())
        return self._registries.open(reference, meter)

    def close(self) -> None:
        """Free all files."""
        for one in self._opened.values():
            one.close()

    def _open(self, key: tuple[str, str], opener: t.Callable[[], _Held]) -> _Opened[_Held]:
        return self._opened.setdefault(key, _Opened(opener))

    def _layout(self, reference: LayoutReference) -> Layout:
        if reference.kind == "docker-archive":
            return open_docker_archive(reference.path, self._run_command)
        return open_layout(reference.path, self._run_command, is_archive=reference.kind == "oci-archive")


__all__ = ("Source", "Sources")
