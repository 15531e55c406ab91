# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making objects of a cluster look as planned. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import Diff
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.answers import ApiError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import FIELD_MANAGER, Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    SECRETS,
    Object,
    Resource,
    is_ours,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.secret_diff import shown_data

_ATTEMPTS = 5
_SERVERS_OWN = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
_NOT_SHOWN = ("apiVersion", "kind", "metadata", "status")


@dataclasses.dataclass(frozen=True)
class Write:
    """What has to be sent for an object.

    :param method: `create`, `apply`, `merge` or `delete`.
    :param body: fields that it shall have, or that are merged into it.
    """

    method: str
    body: Object = dataclasses.field(default_factory=dict, repr=False)


@dataclasses.dataclass(frozen=True)
class ObjectPlan:
    """An object and how it has to look.

    :param namespace: empty for an object that is in none.
    :param render: pure: the object as it is (None: there is none) to what has to be sent (None: nothing). Raises
        `ProvisioningError` where it cannot be made what it shall be.
    """

    resource: Resource
    namespace: str
    name: str
    render: t.Callable[[Object | None], Write | None]


@dataclasses.dataclass(frozen=True)
class ObjectChange:
    """What converging one object did, or would do in check mode.

    :param action: `create`, `update` or `delete`.
    :param after: the object as it is now, or would be; None where it is gone.
    """

    kind: str
    name: str
    action: str
    diff: Diff
    after: Object | None = dataclasses.field(default=None, repr=False)


def apply_where_different(wanted: Object, found: Object | None) -> Write | None:
    """Have an object hold all that is wanted; what others have put there stays."""
    fields = {key: value for key, value in wanted.items() if key not in ("apiVersion", "kind")}  # not told in lists
    return None if found is not None and holds(found, fields) else Write("apply", wanted)


def delete_ours(found: Object | None) -> Write | None:
    """Have an object of ours go; what somebody else has made under its name stays."""
    return Write("delete") if found is not None and is_ours(found) else None


def foresee(plan: ObjectPlan, found: Object | None) -> Write | ProvisioningError | None:
    """What is to be sent for an object, or why it cannot be made what it shall be; None where it is so already."""
    try:
        return plan.render(found)
    except ProvisioningError as error:
        return error


def written_fields(found: Object, operation: str) -> list[Object]:
    """What this collection has written of an object, as the API keeps account of it (FieldsV1).

    :param operation: `Apply`, or `Update` for every other way.
    """
    return [
        entry["fieldsV1"]
        for entry in found["metadata"].get("managedFields") or ()
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == operation
    ]


def holds(found: object, wanted: object) -> bool:
    """Whether all that is wanted is there."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(key in found and holds(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            return False
        return all(holds(*pair) for pair in zip(found, wanted))
    return bool(found == wanted)


def converge(
    cluster: Cluster, plan: ObjectPlan, found: Object | None, *, is_virtual: bool = False
) -> ObjectChange | None:
    """Make an object look as planned, however often another program changes it meanwhile.

    :param found: the object as it was last seen.
    :param is_virtual: it lies in a namespace that check mode did not make, so that the server cannot be asked.
    :raises ProvisioningError: it cannot be made so.
    """
    first_seen = found
    for attempt in range(_ATTEMPTS):
        write = plan.render(found)
        if write is None:
            return None
        try:
            after = write.body if is_virtual else _send(cluster, plan, write, found)
        except ApiError as error:
            if error.status not in (404, 409) or attempt == _ATTEMPTS - 1:
                raise
            found = cluster.get(plan.resource, plan.name, plan.namespace)
        else:
            return _change(plan, first_seen, None if write.method == "delete" else after)
    return None


def _send(cluster: Cluster, plan: ObjectPlan, write: Write, found: Object | None) -> Object:
    if write.method == "create":
        return cluster.create(plan.resource, write.body, plan.namespace)
    if write.method == "apply":
        return cluster.apply(plan.resource, write.body, plan.namespace)
    if write.method == "merge":
        return cluster.merge(plan.resource, plan.name, write.body, plan.namespace)
    cluster.delete(plan.resource, plan.name, plan.namespace, uid=found["metadata"]["uid"] if found else "")
    return {}


def _change(plan: ObjectPlan, before: Object | None, after: Object | None) -> ObjectChange | None:
    """None where the server says in its own words what was there already, such as 0.5 of a CPU as 500m."""
    if before is not None and after is not None and _essence(before) == _essence(after):
        return None
    action = "delete" if after is None else "update" if before is not None else "create"
    title = f"{plan.resource.kind} {'/'.join(word for word in (plan.namespace, plan.name) if word)}"
    diff = {
        "before_header": title if before is not None else f"{title} (absent)",
        "after_header": title if after is not None else f"{title} (absent)",
        "before": _shown(plan, before),
        "after": _shown(plan, after, before),
    }
    return ObjectChange(plan.resource.kind, plan.name, action, diff, after)


def _essence(found: Object) -> Object:
    """Without what the server adds and counts."""
    metadata = {key: value for key, value in found["metadata"].items() if key not in _SERVERS_OWN}
    return {**{key: value for key, value in found.items() if key not in _NOT_SHOWN}, "metadata": metadata}


def _shown(plan: ObjectPlan, found: Object | None, before: Object | None = None) -> str:
    """What a diff may show of an object: what users say about it, and no value of a secret.

    :param before: what it was; the data of a secret is then marked where it is another.
    """
    if found is None:
        return ""
    data, metadata = found.get("data") if plan.resource == SECRETS else None, found["metadata"]
    keys = ("labels", "annotations") if data is None else ("labels",)  # annotations may repeat a secret's data
    shown = {key: metadata[key] for key in keys if metadata.get(key)}
    shown.update((key, value) for key, value in found.items() if key not in _NOT_SHOWN)
    if data is not None:
        shown["data"] = shown_data(data, before and before.get("data"))
    return json.dumps(shown, indent=4, sort_keys=True) + "\n"


__all__ = (
    "ObjectChange",
    "ObjectPlan",
    "Write",
    "apply_where_different",
    "converge",
    "delete_ours",
    "foresee",
    "holds",
    "written_fields",
)
