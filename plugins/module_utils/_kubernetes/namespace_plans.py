# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done in a namespace. This module util is private to the collection.

Pure: objects as they are go in, plans come out.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.converge import (
    ObjectPlan,
    Write,
    apply_where_different,
    delete_ours,
    written_fields,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_selection import Wanted
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_secret import (
    add_logins,
    add_reference,
    references,
    remove_logins,
    remove_reference,
    was_given,
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
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.users import is_of_user


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

    def accounts_by_namespace(self) -> dict[str, list[Object]]:
        """The service accounts of each namespace."""
        found: dict[str, list[Object]] = collections.defaultdict(list)
        for (namespace, dummy), item in self.accounts.items():
            found[namespace].append(item)
        return found

    def of(self, plan: ObjectPlan) -> Object | None:
        """The object that a plan is for, as it is."""
        if plan.resource is NAMESPACES:
            return self.namespaces.get(plan.name)
        if plan.resource is SECRETS:
            return self.secrets.get(plan.namespace)
        objects = self.accounts if plan.resource is SERVICE_ACCOUNTS else self.bindings
        return objects.get((plan.namespace, plan.name))


def present(
    wanted: Wanted, pull_secret: str, secret: Object | None, accounts: t.Sequence[Object] = ()
) -> list[ObjectPlan]:
    """The namespace, the secret and then who uses it, so that no pod starts with a secret that is not there yet.

    :param secret: the one that is there under that name.
    :param accounts: the service accounts that are there.
    """
    plans = [ObjectPlan(NAMESPACES, "", wanted.name, functools.partial(_declare, wanted))] if wanted.is_listed else []
    if not wanted.records:
        return [*plans, *_without_secret(wanted, pull_secret, secret, _users(wanted, pull_secret, accounts), ())]
    render = functools.partial(add_logins, namespace=wanted.name, name=pull_secret, records=wanted.records)
    plans.append(ObjectPlan(SECRETS, wanted.name, pull_secret, render))
    for account in wanted.accounts:
        refer = functools.partial(add_reference, namespace=wanted.name, account=account, secret=pull_secret)
        plans.append(ObjectPlan(SERVICE_ACCOUNTS, wanted.name, account, refer))
    former = _users(wanted, pull_secret, accounts)[len(wanted.accounts) :] if wanted.is_listed else []
    return plans + _without_reference(wanted, pull_secret, former)


def absent(
    wanted: Wanted,
    pull_secret: str,
    secret: Object | None,
    accounts: t.Sequence[Object],
    endpoints: t.Sequence[Endpoint],
) -> list[ObjectPlan]:
    """In a namespace of others nothing of ours is left, and their secret loses the logins at these registries only.

    :param accounts: the service accounts that are there.
    """
    made = {item["metadata"]["name"]: item for item in accounts if _is_made_for(item, pull_secret)}
    users = [name for name in _users(wanted, pull_secret, accounts) if name not in made]
    return [
        *([ObjectPlan(NAMESPACES, "", wanted.name, _undeclare)] if wanted.is_listed else []),
        *_without_secret(wanted, pull_secret, secret, users, endpoints),
        *(gone(SERVICE_ACCOUNTS, item) for item in made.values()),
    ]


def _without_secret(
    wanted: Wanted,
    pull_secret: str,
    secret: Object | None,
    users: t.Sequence[str],
    endpoints: t.Sequence[Endpoint],
) -> list[ObjectPlan]:
    """Nobody uses the secret, and then it goes; another's is used on."""
    is_foreign = secret is not None and not is_ours(secret)
    render = functools.partial(remove_logins, namespace=wanted.name, endpoints=endpoints)
    return [
        *_without_reference(wanted, pull_secret, [] if is_foreign else users),
        ObjectPlan(SECRETS, wanted.name, pull_secret, render),
    ]


def _without_reference(wanted: Wanted, pull_secret: str, accounts: t.Iterable[str]) -> list[ObjectPlan]:
    refer = functools.partial(remove_reference, secret=pull_secret)
    return [ObjectPlan(SERVICE_ACCOUNTS, wanted.name, name, refer) for name in accounts]


def _users(wanted: Wanted, pull_secret: str, accounts: t.Iterable[Object]) -> list[str]:
    """The service accounts that use the secret: those that are told, and then those of earlier runs."""
    former = [item["metadata"]["name"] for item in accounts if was_given(item, pull_secret)]
    return list(dict.fromkeys([*wanted.accounts, *former]))


def _is_made_for(account: Object, pull_secret: str) -> bool:
    """Whether a service account is there for this pull secret alone."""
    return is_ours(account) and not is_of_user(account) and set(references(account)) <= {pull_secret}


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
    metadata = found["metadata"] if found else {}
    mark = MANAGED_BY if found is None or is_ours(found) else {}
    asked = {"labels": wanted.labels, "annotations": wanted.annotations}
    fields: dict[str, dict[str, str]] = {}
    is_in_place = found is not None
    for field, texts in asked.items():
        there = metadata.get(field) or {}
        owned = {key: there[key] for key in (_applied(found, field) if found else ()) if key in there}
        fields[field] = {**(owned if texts is None else texts), **(mark if field == "labels" else {})}
        is_in_place &= fields[field].items() <= there.items() and owned.keys() <= fields[field].keys()
    if is_in_place:
        return None
    return Write("apply", NAMESPACES.new(wanted.name, "", **{field: texts for field, texts in fields.items() if texts}))


def _undeclare(found: Object | None) -> Write | None:
    """Another's namespace without the labels and annotations of earlier runs: those that are not applied any more go."""
    if found is None or is_ours(found) or not (_applied(found, "labels") | _applied(found, "annotations")):
        return None
    bare = NAMESPACES.new(found["metadata"]["name"])
    bare["metadata"]["uid"] = found["metadata"]["uid"]  # it is not made anew if it goes meanwhile
    return Write("apply", bare)


def _applied(found: Object, field: str) -> set[str]:
    """The keys of labels or annotations that earlier runs have applied."""
    keys = [
        key for fields in written_fields(found, "Apply") for key in fields.get("f:metadata", {}).get(f"f:{field}", {})
    ]
    return {key[2:] for key in keys if key.startswith("f:")}


__all__ = ("Found", "absent", "exactly", "gone", "present", "removal")
