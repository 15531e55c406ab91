# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done in a namespace. This module util is private to the collection.

Pure: objects as they are go in, plans come out.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import FIELD_MANAGER
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.converge import (
    ObjectPlan,
    Write,
    apply_where_different,
    delete_ours,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_selection import Wanted
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_secret import (
    add_logins,
    add_reference,
    remove_logins,
    remove_reference,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    MANAGED_BY,
    NAMESPACES,
    SECRETS,
    SERVICE_ACCOUNTS,
    Object,
    Resource,
    is_ours,
)


@dataclasses.dataclass(frozen=True)
class Found:
    """What the cluster has.

    :param namespaces: by name.
    :param secrets: those of the pull secret's name, by namespace.
    :param accounts: service accounts, by namespace and name.
    :param bindings: RoleBindings of ours, by namespace and name.
    :param pods: that have not all of their containers started.
    """

    namespaces: t.Mapping[str, Object]
    secrets: t.Mapping[str, Object]
    accounts: t.Mapping[tuple[str, str], Object]
    bindings: t.Mapping[tuple[str, str], Object]
    pods: t.Sequence[Object]

    def without(self, names: t.Collection[str]) -> Found:
        """The same when some namespaces are gone."""
        return Found(
            namespaces={name: item for name, item in self.namespaces.items() if name not in names},
            secrets={name: item for name, item in self.secrets.items() if name not in names},
            accounts={place: item for place, item in self.accounts.items() if place[0] not in names},
            bindings={place: item for place, item in self.bindings.items() if place[0] not in names},
            pods=[item for item in self.pods if item["metadata"]["namespace"] not in names],
        )

    def of(self, plan: ObjectPlan) -> Object | None:
        """The object that a plan is for, as it is."""
        if plan.resource is NAMESPACES:
            return self.namespaces.get(plan.name)
        if plan.resource is SECRETS:
            return self.secrets.get(plan.namespace)
        objects = self.accounts if plan.resource is SERVICE_ACCOUNTS else self.bindings
        return objects.get((plan.namespace, plan.name))


def present(wanted: Wanted, pull_secret: str, secret: Object | None) -> list[ObjectPlan]:
    """The namespace, the secret and then who uses it, so that no pod starts with a secret that is not there yet.

    :param secret: the one that is there under that name.
    """
    plans = [ObjectPlan(NAMESPACES, "", wanted.name, functools.partial(_declare, wanted))] if wanted.is_listed else []
    if not wanted.records:
        return [*plans, *absent(wanted, pull_secret, secret, ())]
    render = functools.partial(add_logins, namespace=wanted.name, name=pull_secret, records=wanted.records)
    plans.append(ObjectPlan(SECRETS, wanted.name, pull_secret, render))
    for account in wanted.accounts:
        refer = functools.partial(add_reference, namespace=wanted.name, account=account, secret=pull_secret)
        plans.append(ObjectPlan(SERVICE_ACCOUNTS, wanted.name, account, refer))
    return plans


def absent(
    wanted: Wanted, pull_secret: str, secret: Object | None, endpoints: t.Sequence[Endpoint]
) -> list[ObjectPlan]:
    """Nobody uses the secret, and then it goes; another's only loses the logins at these registries, and is used on."""
    refer = functools.partial(remove_reference, secret=pull_secret)
    render = functools.partial(remove_logins, namespace=wanted.name, endpoints=endpoints)
    is_foreign = secret is not None and not is_ours(secret)
    users = [] if is_foreign else wanted.accounts
    return [
        *(ObjectPlan(SERVICE_ACCOUNTS, wanted.name, name, refer) for name in users),
        ObjectPlan(SECRETS, wanted.name, pull_secret, render),
    ]


def removal(name: str) -> ObjectPlan:
    """The namespace goes with all that is in it."""
    return ObjectPlan(NAMESPACES, "", name, delete_ours)


def exactly(resource: Resource, wanted: Object) -> ObjectPlan:
    """An object of ours has these fields."""
    metadata = wanted["metadata"]
    return ObjectPlan(
        resource, metadata["namespace"], metadata["name"], functools.partial(apply_where_different, wanted)
    )


def gone(resource: Resource, found: Object) -> ObjectPlan:
    """An object of ours goes."""
    metadata = found["metadata"]
    return ObjectPlan(resource, metadata["namespace"], metadata["name"], delete_ours)


def _declare(wanted: Wanted, found: Object | None) -> Write | None:
    """The namespace with its labels and annotations; another's stay as they are."""
    metadata = (found or {}).get("metadata") or {}
    mark = MANAGED_BY if found is None or is_ours(found) else {}
    asked = {"labels": wanted.labels, "annotations": wanted.annotations}
    fields: dict[str, dict[str, str]] = {}
    is_in_place = found is not None
    for field, texts in asked.items():
        there = metadata.get(field) or {}
        owned = {key: there[key] for key in _applied(metadata, field) if key in there}
        fields[field] = {**(owned if texts is None else texts), **(mark if field == "labels" else {})}
        is_in_place &= fields[field].items() <= there.items() and owned.keys() <= fields[field].keys()
    if is_in_place:
        return None
    return Write("apply", NAMESPACES.new(wanted.name, "", **{field: texts for field, texts in fields.items() if texts}))


def _applied(metadata: t.Mapping[str, t.Any], field: str) -> set[str]:
    """The keys of labels or annotations that earlier runs have applied: the API keeps account of them."""
    keys: set[str] = set()
    for entry in metadata.get("managedFields") or ():
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply":
            keys |= {
                key[2:] for key in entry["fieldsV1"].get("f:metadata", {}).get(f"f:{field}", {}) if key.startswith("f:")
            }
    return keys


__all__ = ("Found", "absent", "exactly", "gone", "present", "removal")
