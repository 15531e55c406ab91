# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster has of what namespaces shall have. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.access import Permission, every_refusal_named
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_plans import Found
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    MANAGED_BY,
    NAMESPACES,
    PODS,
    ROLE_BINDINGS,
    SECRETS,
    SERVICE_ACCOUNTS,
    Object,
    Resource,
    label_selector,
)

_OURS = label_selector(MANAGED_BY)
_CHANGES = {
    "present": {
        NAMESPACES: ("create", "patch"),
        SECRETS: ("create", "get", "patch"),
        SERVICE_ACCOUNTS: ("create", "get", "patch"),
        ROLE_BINDINGS: ("create", "patch", "delete"),
    },
    "absent": {
        NAMESPACES: ("patch", "delete"),
        SECRETS: ("get", "patch", "delete"),
        SERVICE_ACCOUNTS: ("get", "patch", "delete"),
        ROLE_BINDINGS: ("delete",),
    },
}
"""What may have to be changed, by state."""


@dataclasses.dataclass(frozen=True)
class Query:
    """Objects of all namespaces, by one request.

    :param name: those of this name only, which is also all that one must be allowed to see.
    :param fields: a field selector.
    """

    resource: Resource
    name: str = ""
    labels: str = ""
    fields: str = ""

    @property
    def selectors(self) -> dict[str, str]:
        """Arguments of `Cluster.list`."""
        return {"labels": self.labels, "fields": f"metadata.name={self.name}" if self.name else self.fields}


def look(cluster: Cluster, pull_secret: str, state: str, *, with_bindings: bool) -> Found:
    """Look at the cluster, at a cost that does not depend on how many namespaces it has.

    :param with_bindings: whether RoleBindings matter.
    :raises ProvisioningError: it cannot be looked at; where rights are missing, all that this state needs are named.
    """
    queries = [
        Query(NAMESPACES),
        Query(SECRETS, name=pull_secret),
        Query(SERVICE_ACCOUNTS),
        Query(PODS, fields="status.phase=Pending"),
        *([Query(ROLE_BINDINGS, labels=_OURS)] if with_bindings else []),
    ]
    changes = [
        Permission(verb, query.resource, name=query.name)
        for query in queries
        for verb in _CHANGES[state].get(query.resource, ())
    ]
    namespaces, secrets, accounts, pods, *bindings = list_all(cluster, queries, changes)
    return Found(
        namespaces={item["metadata"]["name"]: item for item in namespaces},
        secrets={item["metadata"]["namespace"]: item for item in secrets},
        accounts=_by_place(accounts),
        bindings=_by_place(item for found in bindings for item in found),
        pods=pods,
    )


def list_all(cluster: Cluster, queries: t.Sequence[Query], further: t.Sequence[Permission] = ()) -> list[list[Object]]:
    """The objects that answer each query.

    :param further: rights that are needed later on, and are asked for where one of these is missing.
    :raises ProvisioningError: one cannot be answered.
    """
    needed = [*(Permission("list", query.resource, name=query.name) for query in queries), *further]
    with every_refusal_named(cluster, needed):
        return list(cluster.all(lambda query: cluster.list(query.resource, **query.selectors), queries))


def _by_place(objects: t.Iterable[Object]) -> dict[tuple[str, str], Object]:
    return {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in objects}


__all__ = ("Query", "list_all", "look")
