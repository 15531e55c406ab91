# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a registry, made and taken back. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.answers import ApiError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.converge import (
    ObjectChange,
    ObjectPlan,
    apply_where_different,
    converge,
    delete_ours,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_objects import Place
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    SERVICES,
    Object,
    is_ours,
)


@dataclasses.dataclass(frozen=True)
class Standing:
    """An object that was looked at, and what became of it; `change` is None where it is as it was."""

    place: Place
    found: Object | None = dataclasses.field(repr=False)
    change: ObjectChange | None = dataclasses.field(repr=False)

    @property
    def now(self) -> Object | None:
        """The object as it is, or would be."""
        return self.change.after if self.change else self.found


def look(cluster: Cluster, namespace: str, places: t.Sequence[Place]) -> list[Object | None]:
    """The objects that are there.

    :raises ProvisioningError: one cannot be read, or is another's and in the way.
    """

    def find(place: Place) -> Object | None:
        answer = cluster.get(place.resource, place.name, namespace)
        if answer and place.wanted and not is_ours(answer):
            raise _taken(place, namespace)
        return answer

    return list(cluster.all(find, places))


def plan_for(place: Place, namespace: str) -> ObjectPlan:
    """How an object is made as it is wanted."""
    render = functools.partial(apply_where_different, place.wanted) if place.wanted else delete_ours
    return ObjectPlan(place.resource, namespace, place.name, render)


def settle(
    cluster: Cluster, namespace: str, place: Place, found: Object | None, *, is_virtual: bool = False
) -> Standing:
    """Make an object as it is wanted; without a request where it is so already.

    :param is_virtual: its namespace is not there, in check mode.
    :raises ProvisioningError: the cluster refuses it.
    """
    try:
        return Standing(place, found, converge(cluster, plan_for(place, namespace), found, is_virtual=is_virtual))
    except ApiError as error:
        if place.resource != SERVICES or "already allocated" not in error.message:
            raise
        remedy = "Choose another node_port; kubectl get services --all-namespaces tells which are taken"
        raise ProvisioningError(error.message, reason="conflict", part=error.part, remedy=remedy) from error


def _taken(place: Place, namespace: str) -> ProvisioningError:
    return ProvisioningError(
        "is there and was not made by this module",
        reason="conflict",
        part=f"{place.resource.kind} {namespace}/{place.name}",
        remedy="Choose another name or namespace",
    )


__all__ = ("Standing", "look", "plan_for", "settle")
