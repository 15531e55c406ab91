# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry taken back from a cluster. This module util is private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.access import (
    Permission,
    check_permissions,
    every_refusal_named,
    permissions_for,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_removal import WORKLOADS
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_directory import (
    directory_of,
    empty,
    nodes_of,
    permissions,
    stop,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_objects import Place, places
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_settle import (
    Standing,
    look,
    plan_for,
    settle,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    JOBS,
    NAMESPACES,
    PODS,
    SECRETS,
    SERVICES,
    VOLUME_CLAIMS,
    Object,
    Resource,
    is_ours,
    is_terminating,
)

_WORTH = (*WORKLOADS, SERVICES, SECRETS, CONFIG_MAPS)
"""What somebody would miss."""

_EVERYWHERE = ("kube-root-ca.crt", "openshift-service-ca.crt")


def remove(cluster: Cluster, params: t.Mapping[str, t.Any], standings: list[Standing]) -> None:
    """Delete what is ours of a registry, and its namespace if that is ours and nothing of worth is left in it.

    :param params: the options of the module.
    :param standings: gets what became of each object, however it ends; the last one of an object counts.
    :raises ProvisioningError: the cluster refuses it.
    """
    name, namespace = params["name"], params["namespace"]
    below = [place for place in places(name, None) if params["data"] == "remove" or place.resource != VOLUME_CLAIMS]
    reading = [Permission("get", place.resource, namespace, place.name) for place in below]
    with every_refusal_named(cluster, [Permission("get", NAMESPACES, name=namespace), *reading]):
        found = cluster.get(NAMESPACES, namespace)
        there = look(cluster, namespace, below) if found else []
    if found is None:
        return
    pairs = list(zip(below, there))
    full = _with_directory(pairs) if params["data"] == "remove" else None
    check_permissions(cluster, [*_needed(namespace, found, pairs), *(permissions(namespace) if full else [])])
    nodes = nodes_of(cluster, full) if full else []
    for place, item in reversed(pairs):
        if item and item is full and not cluster.dry_run:  # while it tells where, and the secrets pull its image
            standings.append(Standing(place, item, stop(cluster, item, nodes)))
            empty(cluster, item, nodes, params["wait_timeout"])
        standings.append(settle(cluster, namespace, place, item))
    gone = {(one.place.resource.kind, one.place.name) for one in standings if one.now is None}
    if _is_ours_still(found) and not _left(cluster, namespace, gone):
        standings.append(settle(cluster, "", Place(NAMESPACES, namespace, None), found))


def _needed(namespace: str, found: Object, pairs: t.Iterable[tuple[Place, Object | None]]) -> list[Permission]:
    """The rights without which it would end half way."""
    needed = permissions_for((plan_for(place, namespace), item) for place, item in pairs)
    if _is_ours_still(found):
        needed.append(Permission("delete", NAMESPACES, name=namespace))
        needed += [Permission("list", resource, namespace) for resource in _WORTH]
    return needed


def _with_directory(pairs: t.Iterable[tuple[Place, Object | None]]) -> Object | None:
    """The deployment that has its images in a directory of a node."""
    ours = (item for place, item in pairs if place.resource == DEPLOYMENTS and item and is_ours(item))
    return next(filter(directory_of, ours), None)


def _is_ours_still(namespace: Object) -> bool:
    return is_ours(namespace) and not is_terminating(namespace)


def _left(cluster: Cluster, namespace: str, gone: set[tuple[str, str]]) -> list[Object]:
    """What somebody would miss."""

    def find(resource: Resource) -> list[Object]:
        items = cluster.list(resource, namespace)
        return [item for item in items if not _is_going(resource, item, gone)]

    return [item for found in cluster.all(find, _WORTH) for item in found]


def _is_going(resource: Resource, item: t.Mapping[str, t.Any], gone: set[tuple[str, str]]) -> bool:
    name = item["metadata"]["name"]
    if (resource.kind, name) in gone or is_terminating(item):
        return True
    if resource in (PODS, JOBS):  # they go with what made them
        return is_ours(item)
    return resource == CONFIG_MAPS and name in _EVERYWHERE


__all__ = ("remove",)
