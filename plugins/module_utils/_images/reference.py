# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an image comes from, in words. This module util is private to the collection."""

from __future__ import annotations

import dataclasses

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

DOCKER_HUB = "docker.io"
_HUB_NAMES = (DOCKER_HUB, "index.docker.io", "registry-1.docker.io")


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
    """An image of an OCI layout.

    :param path: a folder, or a tar file.
    :param tag: which image of it, empty if it has only one.
    """

    path: str
    tag: str
    is_archive: bool


def parse_source(text: str) -> RegistryReference | LayoutReference:
    """Read `oci:/path[:tag]`, `oci-archive:/path[:tag]` or a registry reference by Docker's rules.

    :raises ProvisioningError: it is none of these.
    """
    for prefix, is_archive in (("oci-archive:", True), ("oci:", False)):
        if text.startswith(prefix):
            return _parse_layout(text[len(prefix) :], is_archive=is_archive)
    return _parse_registry(text)


def _parse_layout(text: str, *, is_archive: bool) -> LayoutReference:
    path, tag = text, ""
    if ":" in text.rpartition("/")[2]:
        path, tag = text.rsplit(":", 1)
    if not path.startswith("/"):
        raise ProvisioningError(
            f"{text!r} is not an absolute path",
            part="source",
            remedy="Write oci:/path/to/folder or oci-archive:/path/to/file.tar",
        )
    return LayoutReference(path, tag, is_archive)


def _parse_registry(text: str) -> RegistryReference:
    host, slash, rest = text.partition("/")
    if not slash or not (set(host) & set(".:[") or host == "localhost"):
        host, rest = DOCKER_HUB, text
    host = host.lower()
    if host in _HUB_NAMES:
        host = DOCKER_HUB
        rest = rest if "/" in rest else f"library/{rest}"
    return RegistryReference(host, ImageName.parse(rest, part="source"))


__all__ = ("LayoutReference", "RegistryReference", "parse_source")
