# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes in many namespaces, side by side. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.access import Permission, permissions_for
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.answers import ApiError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.converge import (
    ObjectChange,
    ObjectPlan,
    converge,
    foresee,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_plans import Found
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import NAMESPACES

_SERVER_REASONS = ("unreachable", "unresolved", "untrusted", "unauthorized")
_SERVER_STATUSES = (429, 502, 503, 504)


@dataclasses.dataclass(frozen=True)
class Work:
    """What has to be done in a namespace, one after the other.

    :param is_new: the namespace is not there yet.
    """

    namespace: str
    plans: tuple[ObjectPlan, ...]
    is_new: bool = False


@dataclasses.dataclass(frozen=True)
class Done:
    """How far that went.

    :param error: what ended it too early.
    :param is_server_lost: the API server has left, and nothing more was tried.
    """

    namespace: str
    changes: tuple[ObjectChange, ...]
    error: ProvisioningError | None = None
    is_server_lost: bool = False


def pending(works: t.Iterable[Work], found: Found) -> list[Work]:
    """Those of which something is to be done."""
    return [work for work in works if any(foresee(plan, found.of(plan)) for plan in work.plans)]


def carry_out(cluster: Cluster, works: t.Iterable[Work], found: Found) -> list[Done]:
    """Do what has to be done: a failure ends the work in its namespace, and the loss of the API server all."""
    lost: list[ProvisioningError] = []

    def do(work: Work) -> Done:
        changes: list[ObjectChange] = []
        for plan in work.plans:
            if lost:
                return Done(work.namespace, tuple(changes), lost[0], is_server_lost=True)
            try:
                is_virtual = cluster.dry_run and work.is_new and plan.resource is not NAMESPACES
                change = converge(cluster, plan, found.of(plan), is_virtual=is_virtual)
            except ProvisioningError as error:
                if _is_of_server(error):
                    lost.append(error)
                return Done(work.namespace, tuple(changes), error, is_server_lost=_is_of_server(error))
            changes += [change] if change else []
        return Done(work.namespace, tuple(changes))

    return [done for done in cluster.each(do, works) if isinstance(done, Done)]


def needed_permissions(works: t.Iterable[Work], found: Found) -> list[Permission]:
    """The rights without which what has to be done will fail."""
    return permissions_for((plan, found.of(plan)) for work in works for plan in work.plans)


def _is_of_server(error: ProvisioningError) -> bool:
    """Whether no other request would fare better."""
    return error.reason in _SERVER_REASONS or (isinstance(error, ApiError) and error.status in _SERVER_STATUSES)


__all__ = ("Done", "Work", "carry_out", "needed_permissions", "pending")
