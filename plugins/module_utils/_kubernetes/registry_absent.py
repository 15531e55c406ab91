# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry taken back from a cluster. This module util is private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_directory import (
    directory_of,
    empty,
    nodes_of,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_objects import Place, places
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_settle import (
    Standing,
    look,
    settle,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    CONFIG_MAPS,
    CRON_JOBS,
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
)

_WORTH = (PODS, SERVICES, VOLUME_CLAIMS, SECRETS, CONFIG_MAPS, DEPLOYMENTS, CRON_JOBS, JOBS)
_EVERYWHERE = ("kube-root-ca.crt", "openshift-service-ca.crt")


def remove(cluster: Cluster, params: t.Mapping[str, t.Any]) -> list[Standing]:
    """Delete what is ours of a registry, and its namespace if that is ours and nothing else is in it.

    :param params: the options of the module.
    :raises ProvisioningError: the cluster refuses it.
    """
    name, namespace, with_data = params["name"], params["namespace"], params["data"] == "remove"
    found = cluster.get(NAMESPACES, namespace)
    if found is None:
        return []
    below = places(name, None)
    pairs = reversed(list(zip(below, look(cluster, namespace, below, is_leaving=True))))
    standings = [_take_back(cluster, params, *pair) for pair in pairs if with_data or pair[0].resource != VOLUME_CLAIMS]
    gone = {(one.place.resource.kind, one.place.name) for one in standings if one.now is None}
    if is_ours(found) and "deletionTimestamp" not in found["metadata"] and not _left(cluster, namespace, gone):
        standings.append(settle(cluster, "", Place(NAMESPACES, namespace, None), found))
    return standings


def _take_back(cluster: Cluster, params: t.Mapping[str, t.Any], place: Place, found: Object | None) -> Standing:
    """An object; and with the deployment the images in its directory of a node, while its other objects are still there."""
    namespace = params["namespace"]
    is_deployment = place.resource == DEPLOYMENTS and params["data"] == "remove" and not cluster.dry_run
    if not is_deployment or found is None or not is_ours(found) or not directory_of(found):
        return settle(cluster, namespace, place, found)
    nodes = nodes_of(cluster, place.name, namespace)
    if not nodes and not found["spec"]["template"]["spec"].get("nodeSelector"):
        raise ProvisioningError(
            "no pod of the registry tells on which node its images are",
            reason="conflict",
            part=directory_of(found),
            remedy="Have it run first; or take data: keep, and delete the directory on its node by hand",
        )
    standing = settle(cluster, namespace, place, found)
    empty(cluster, found, nodes, params["wait_timeout"])
    return standing


def _left(cluster: Cluster, namespace: str, gone: set[tuple[str, str]]) -> list[Object]:
    """What somebody would miss."""

    def find(resource: Resource) -> list[Object]:
        items = cluster.list(resource, namespace)
        return [item for item in items if not _is_going(resource, item, gone)]

    left: list[Object] = []
    for answer in cluster.each(find, _WORTH):
        if isinstance(answer, ProvisioningError):
            raise answer
        left += answer
    return left


def _is_going(resource: Resource, item: t.Mapping[str, t.Any], gone: set[tuple[str, str]]) -> bool:
    name = item["metadata"]["name"]
    if (resource.kind, name) in gone or "deletionTimestamp" in item["metadata"]:
        return True
    if resource in (PODS, JOBS):  # they go with what made them
        return is_ours(item)
    return resource == CONFIG_MAPS and name in _EVERYWHERE


__all__ = ("remove",)
