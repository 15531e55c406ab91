# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an identity may do in a cluster. This module util is private to the collection."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.answers import ApiError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.converge import (
    ObjectPlan,
    Write,
    foresee,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import Object, Resource

_REVIEWS = Resource("authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews")
_SHOWN = 3
_WIDER: tuple[dict[str, t.Any], ...] = ({"namespace": "", "name": ""}, {"namespace": ""}, {})
"""What is left out of a question, first all, so that few questions are enough where much is allowed."""
_BY_NAME = ("approve",)
"""Verbs that the cluster itself only ever asks for by name."""


@dataclasses.dataclass(frozen=True)
class Permission:
    """The right to do something.

    :param namespace: where; empty: in all.
    :param name: of the object; empty: to all.
    :param subresource: a part of the object, such as `approval`.
    :param otherwise: how to do without it.
    """

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    otherwise: str = dataclasses.field(default="", compare=False)

    @property
    def group(self) -> str:
        """The API group, as rules have it."""
        return self.resource.api_version.rpartition("/")[0]

    @property
    def target(self) -> str:
        """The resource, as rules have it."""
        return "/".join(filter(None, (self.resource.plural, self.subresource)))


def permissions_for(plans: t.Iterable[tuple[ObjectPlan, Object | None]]) -> list[Permission]:
    """The rights without which plans cannot be carried out.

    :param plans: each with the object as it is.
    """
    return [
        Permission(verb, plan.resource, plan.namespace, plan.name)
        for plan, found in plans
        for verb in _verbs(foresee(plan, found), found)
    ]


def check_permissions(cluster: Cluster, needed: t.Iterable[Permission]) -> None:
    """Ask the cluster for each right: in general, and only where that is not given, by name and then by namespace.

    :raises ProvisioningError: some are missing; each of them is named.
    """
    missing = list(dict.fromkeys(needed))
    for unsaid in _WIDER:
        wider = {permission: dataclasses.replace(permission, **unsaid) for permission in missing}
        denied = _denied(cluster, list(dict.fromkeys(wider.values())))
        missing = [permission for permission in missing if wider[permission] in denied]
    if missing:
        raise _forbidden(missing)


@contextlib.contextmanager
def every_refusal_named(cluster: Cluster, needed: t.Iterable[Permission]) -> t.Iterator[None]:
    """Where the cluster refuses to be looked at, name all rights that are missing, not the first one alone."""
    try:
        yield
    except ApiError as error:
        if error.status == 403:
            check_permissions(cluster, needed)
        raise


def _verbs(write: Write | ProvisioningError | None, found: Object | None) -> tuple[str, ...]:
    if not isinstance(write, Write):
        return ()
    if write.method == "create":
        return ("create", "get", "patch")  # the cluster may be quicker
    if write.method == "apply":
        return ("patch",) if found is not None else ("create", "patch")
    return ("get", "patch") if write.method == "merge" else ("delete",)


def _denied(cluster: Cluster, permissions: t.Sequence[Permission]) -> set[Permission]:
    answers = cluster.all(lambda permission: _is_allowed(cluster, permission), permissions)
    return {permission for permission, is_allowed in zip(permissions, answers) if not is_allowed}


def _is_allowed(cluster: Cluster, permission: Permission) -> bool:
    attributes = {
        "verb": permission.verb,
        "group": permission.group,
        "resource": permission.resource.plural,
        "subresource": permission.subresource,
        "namespace": permission.namespace,
        "name": permission.name,
    }
    review = {
        "apiVersion": _REVIEWS.api_version,
        "kind": _REVIEWS.kind,
        "metadata": {},
        "spec": {"resourceAttributes": attributes},
    }
    return bool(cluster.create(_REVIEWS, review)["status"]["allowed"])


def _forbidden(missing: t.Sequence[Permission]) -> ProvisioningError:
    """One error for all that is missing, with the rules that would give it."""
    places: dict[tuple[str, str], dict[str, None]] = collections.defaultdict(dict)
    verbs: dict[tuple[str, str, str], dict[str, None]] = collections.defaultdict(dict)
    for permission in missing:
        places[permission.verb, permission.target][permission.namespace] = None
        name = permission.name if permission.verb in _BY_NAME else ""
        verbs[permission.group, permission.target, name][permission.verb] = None
    words = ", ".join(f"{verb} {target} in {_enumerate(list(names))}" for (verb, target), names in places.items())
    rules = ", ".join(_rule(*subject, allowed) for subject, allowed in verbs.items())
    otherwise = "".join(f", {hint}" for hint in dict.fromkeys(item.otherwise for item in missing if item.otherwise))
    return ProvisioningError(
        f"the user of the kubeconfig may not {words}",
        reason="forbidden",
        part="permissions",
        remedy=f"Bind a ClusterRole with these rules to that user: [{rules}]{otherwise}. Nothing was changed",
    )


def _enumerate(namespaces: t.Sequence[str]) -> str:
    if not any(namespaces):
        return "all namespaces"
    more = f" and {len(namespaces) - _SHOWN} more" if len(namespaces) > _SHOWN else ""
    return f"{', '.join(namespaces[:_SHOWN])}{more}"


def _rule(group: str, target: str, name: str, verbs: t.Iterable[str]) -> str:
    names = f", resourceNames: [{name}]" if name else ""
    return f'{{apiGroups: ["{group}"], resources: [{target}]{names}, verbs: [{", ".join(verbs)}]}}'


__all__ = ("Permission", "check_permissions", "every_refusal_named", "permissions_for")
