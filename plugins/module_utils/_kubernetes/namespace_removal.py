# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces that are to go, or are on their way out. This module util is private to the collection."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    NAMESPACES,
    PODS,
    STATEFUL_SETS,
    VOLUME_CLAIMS,
    Object,
    Resource,
)

WORKLOADS = {
    DEPLOYMENTS: "",
    STATEFUL_SETS: "",
    DAEMON_SETS: "",
    CRON_JOBS: "",
    JOBS: "",
    VOLUME_CLAIMS: "",
    PODS: "status.phase!=Succeeded,status.phase!=Failed",
}
"""What keeps a namespace from being deleted, with the field selectors of those that do."""

_SHOWN = 5
_BLOCKERS = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)


def workloads_by_namespace(lists: t.Iterable[tuple[Resource, t.Iterable[Object]]]) -> dict[str, list[str]]:
    """Names such as `deployment web` of what is in each namespace."""
    found: dict[str, list[str]] = collections.defaultdict(list)
    for resource, objects in lists:
        for item in objects:
            found[item["metadata"]["namespace"]].append(f"{resource.kind.lower()} {item['metadata']['name']}")
    return found


def still_used(workloads: t.Sequence[str]) -> ProvisioningError:
    """Why a namespace is not deleted."""
    more = f" and {len(workloads) - _SHOWN} more" if len(workloads) > _SHOWN else ""
    return ProvisioningError(
        f"it is not deleted, since it has {', '.join(workloads[:_SHOWN])}{more}",
        reason="conflict",
        part="namespace",
        remedy="Remove them, or set delete_workloads to true",
    )


def wait_until_gone(cluster: Cluster, namespaces: t.Collection[Object], seconds: float) -> dict[str, ProvisioningError]:
    """Wait for namespaces that are being deleted: why it takes longer, by the name of each that is still there."""
    uids = {item["metadata"]["name"]: item["metadata"]["uid"] for item in namespaces}
    if not uids:
        return {}
    staying: dict[str, Object] = {}
    for objects in cluster.follow(NAMESPACES, seconds=seconds):
        staying = {name: objects[name] for name, uid in uids.items() if _uid(objects.get(name)) == uid}
        if not staying:
            break
    return {name: _stuck(item) for name, item in staying.items()}


def _uid(found: Object | None) -> str:
    return str(found["metadata"]["uid"]) if found else ""


def _stuck(namespace: Object) -> ProvisioningError:
    conditions = (namespace.get("status") or {}).get("conditions") or ()
    words = [
        str(item.get("message", "")).rstrip(".")
        for item in conditions
        if item.get("type") in _BLOCKERS and item.get("status") == "True"
    ]
    name = namespace["metadata"]["name"]
    return ProvisioningError(
        f"it is still being deleted: {'; '.join(words) or 'Kubernetes does not say why'}",
        reason="timeout",
        part="namespace",
        remedy=f"Remove what holds it up, with its finalizers: kubectl get namespace {name} -o yaml; or give it more wait_timeout",
    )


__all__ = ("WORKLOADS", "still_used", "wait_until_gone", "workloads_by_namespace")
