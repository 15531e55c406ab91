# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry stands in for. This module util is private to the collection."""

from __future__ import annotations

import dataclasses

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.docker_hub import DOCKER_HUB, HUB_HOSTS
from ansible_collections.edgeops.registry.plugins.module_utils._record import Mirror, Record


@dataclasses.dataclass(frozen=True)
class Route:
    """Where images of an upstream are asked for first.

    :param upstream: host, or host:port, as images name it.
    :param prefix: repository path under which its images lie, empty for the root.
    :param location: host:port and repository path at the registry that stands in for it.
    :param url: address of the API below which those images are, as containerd takes it.
    """

    upstream: str
    prefix: str
    location: str
    url: str


def routes(record: Record) -> list[Route]:
    """The routes of a record's mirrors, one for each upstream."""
    return list({route.upstream: route for route in (_route(record, mirror) for mirror in record.mirrors)}.values())


def address(record: Record) -> str:
    """The registry as a URL without a path."""
    return f"{record.scheme}://{record.endpoint}"


def _route(record: Record, mirror: Mirror) -> Route:
    upstream = DOCKER_HUB if mirror.upstream in HUB_HOSTS else mirror.upstream
    location = f"{record.endpoint}/{mirror.prefix}" if mirror.prefix else str(record.endpoint)
    url = f"{address(record)}/v2/{mirror.prefix}" if mirror.prefix else address(record)
    return Route(upstream, mirror.prefix, location, url)


__all__ = ("Route", "address", "routes")
