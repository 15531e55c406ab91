# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources of images, all alike. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.probe import check_scheme
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter, Transport
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, Manifest, Reader
from ansible_collections.edgeops.registry.plugins.module_utils._images.layout import Layout, open_layout
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import (
    DOCKER_HUB,
    LayoutReference,
    RegistryReference,
)
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

_HUB_API = Endpoint("registry-1.docker.io", 443)


class Source(t.Protocol):
    """One image, to be read by any number of threads."""

    def root(self) -> str:
        """Its digest."""

    def manifest(self, digest: str) -> Manifest:
        """A manifest of it, checked against its digest."""

    def open_blob(self, blob: Descriptor) -> t.ContextManager[Reader]:
        """The stream of a blob of it."""


@dataclasses.dataclass(frozen=True)
class RegistrySource:
    """An image in a registry."""

    repository: Repository
    image: ImageName

    def root(self) -> str:
        """Its digest, for which a tag costs one request."""
        digest = self.image.digest or self.repository.manifest_digest(self.image.tag)
        if not digest:
            raise ProvisioningError(
                f"there is no {self.image} at its source", remedy="Correct the name, or the credentials of its registry"
            )
        return digest

    def manifest(self, digest: str) -> Manifest:
        """A manifest of it, checked against its digest."""
        return Manifest.parse(self.repository.manifest(digest), digest)

    def open_blob(self, blob: Descriptor) -> t.ContextManager[Reader]:
        """The stream of a blob of it."""
        return contextlib.closing(self.repository.open_blob(blob.digest))


@dataclasses.dataclass(frozen=True)
class LayoutSource:
    """An image in an OCI layout.

    :param layout: opens it, which raises `ProvisioningError` where there is none.
    """

    layout: t.Callable[[], Layout]
    tag: str

    def root(self) -> str:
        """Its digest, as the layout's index has it."""
        return self.layout().root(self.tag)

    def manifest(self, digest: str) -> Manifest:
        """A manifest of it, checked against its digest."""
        return Manifest.parse(self.layout().read(digest), digest)

    def open_blob(self, blob: Descriptor) -> t.ContextManager[Reader]:
        """The stream of a blob of it."""
        return self.layout().open(blob.digest)


class Sources:
    """All sources of a run: one transport per registry, one opened file per layout.

    :param records: how to reach the registries that need more than their name.
    """

    def __init__(self, records: t.Iterable[Record], *, timeout: float, allow_http: bool) -> None:
        """:raises ProvisioningError: a record has plain HTTP and that is not permitted."""
        self._records = {record.endpoint: record for record in records}
        for record in self._records.values():
            check_scheme(record, allow_http=allow_http)
        self._timeout = timeout
        self._lock = threading.Lock()
        self._transports: dict[Endpoint, Transport] = {}
        self._layouts: dict[LayoutReference, Layout] = {}

    def open(self, reference: RegistryReference | LayoutReference, meter: Meter) -> Source:
        """The image that a reference names; nothing is read yet.

        :param meter: counts what reading it costs.
        :raises ProvisioningError: the reference names no possible host.
        """
        if isinstance(reference, LayoutReference):
            return LayoutSource(functools.partial(self._layout, reference), reference.tag)
        transport = self._transport(reference.endpoint)
        return RegistrySource(Repository(transport, reference.image.repository, meter), reference.image)

    def close(self) -> None:
        """End all connections, free all files."""
        for transport in self._transports.values():
            transport.close()
        for layout in self._layouts.values():
            layout.close()

    def _layout(self, reference: LayoutReference) -> Layout:
        place = dataclasses.replace(reference, tag="")
        with self._lock:
            if place not in self._layouts:
                self._layouts[place] = open_layout(place.path, is_archive=place.is_archive)
            return self._layouts[place]

    def _transport(self, endpoint: Endpoint) -> Transport:
        if endpoint not in self._transports:
            record = self._records.get(endpoint) or Record.parse({"endpoint": str(endpoint)})
            server = dataclasses.replace(Server.of(record), endpoint=_api_of(endpoint))
            self._transports[endpoint] = Transport(server, record.username, record.password, timeout=self._timeout)
        return self._transports[endpoint]


def _api_of(endpoint: Endpoint) -> Endpoint:
    return _HUB_API if endpoint.host == DOCKER_HUB else endpoint


__all__ = ("Source", "Sources")
