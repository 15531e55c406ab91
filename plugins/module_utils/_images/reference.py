# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an image comes from, in words. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.docker_hub import DOCKER_HUB, HUB_HOSTS
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

_LAYOUT_KINDS = ("oci", "oci-archive", "docker-archive")


@dataclasses.dataclass(frozen=True)
class RegistryReference:
    """An image of a registry.

    :param host: as written, in lower case, with its port if there is one; Docker Hub is always docker.io.
    """

    host: str
    image: ImageName

    @property
    def endpoint(self) -> Endpoint:
        """Where the registry's API is: on port 443 if the reference names none.

        :raises ProvisioningError: the host is none.
        """
        has_port = not self.host.endswith("]") and ":" in self.host
        return Endpoint.parse(self.host if has_port else f"{self.host}:443")


@dataclasses.dataclass(frozen=True)
class LayoutReference:
    """An image of an OCI layout, or of an archive of Docker's.

    :param kind: `oci` (a folder), `oci-archive` or `docker-archive` (a tar file).
    :param tag: which image of it, empty if it has only one.
    :param image: what it is called there, where that is the name of an image.
    """

    kind: str
    path: str
    tag: str = ""
    image: ImageName | None = None


@dataclasses.dataclass(frozen=True)
class EngineReference:
    """An image of a Docker engine.

    :param name: as the engine knows it.
    """

    name: str
    image: ImageName


Reference = t.Union[RegistryReference, LayoutReference, EngineReference]


def parse_source(text: str) -> Reference:
    """Read a reference to a registry by Docker's rules, or one that starts with its kind.

    As skopeo has them: `oci:/path[:name]`, `oci-archive:/path[:name]`, `docker-archive:/path[:name]`, `docker-daemon:name`.

    :raises ProvisioningError: it is none of these.
    """
    kind, colon, rest = text.partition(":")
    if colon and kind in _LAYOUT_KINDS:
        return _parse_layout(kind, rest)
    if colon and kind == "docker-daemon":
        return EngineReference(rest, _parse_registry(rest).image)
    return _parse_registry(text)


def canonical_name(text: str) -> str:
    """The full name of an image, such as docker.io/library/redis:7.

    :raises ProvisioningError: it is no name of an image.
    """
    reference = _parse_registry(text)
    return f"{reference.host}/{reference.image}"


def _parse_layout(kind: str, text: str) -> LayoutReference:
    given, dummy, tag = text.partition(":")
    path = os.path.expanduser(given)
    if not path.startswith("/"):
        raise ProvisioningError(
            f"{path!r} is not an absolute path", part="source", remedy=f"Write {kind}:/path, or {kind}:/path:name"
        )
    if kind == "docker-archive" and tag:
        return LayoutReference(kind, path, canonical_name(tag), _parse_registry(tag).image)
    return LayoutReference(kind, path, tag)


def _parse_registry(text: str) -> RegistryReference:
    host, slash, rest = text.partition("/")
    if not slash or not (set(host) & set(".:[") or host == "localhost"):
        host, rest = DOCKER_HUB, text
    host = host.lower()
    if host in HUB_HOSTS:
        host = DOCKER_HUB
        rest = rest if "/" in rest else f"library/{rest}"
    return RegistryReference(host, ImageName.parse(rest, part="source"))


__all__ = ("EngineReference", "LayoutReference", "Reference", "RegistryReference", "canonical_name", "parse_source")
