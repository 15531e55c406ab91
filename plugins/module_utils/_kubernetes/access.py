# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an identity may do in a cluster. This module util is private to the collection."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import Resource

_REVIEWS = Resource("authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews")
_SHOWN = 3
_WIDER: tuple[dict[str, t.Any], ...] = ({"namespace": "", "name": ""}, {"namespace": ""}, {})
"""What is left out of a question, first all, so that few questions are enough where much is allowed."""


@dataclasses.dataclass(frozen=True)
class Permission:
    """The right to do something.

    :param namespace: where; empty: in all.
    :param name: of the object; empty: to all.
    """

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""


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


def _denied(cluster: Cluster, permissions: t.Sequence[Permission]) -> set[Permission]:
    answers = cluster.each(lambda permission: _is_allowed(cluster, permission), permissions)
    failures = [answer for answer in answers if isinstance(answer, ProvisioningError)]
    if failures:
        raise failures[0]
    return {permission for permission, is_allowed in zip(permissions, answers) if not is_allowed}


def _is_allowed(cluster: Cluster, permission: Permission) -> bool:
    group = permission.resource.api_version.rpartition("/")[0]
    attributes = {
        "verb": permission.verb,
        "group": group,
        "resource": permission.resource.plural,
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
    places: dict[tuple[Resource, str], dict[str, None]] = collections.defaultdict(dict)
    verbs: dict[Resource, list[str]] = collections.defaultdict(list)
    for permission in missing:
        places[permission.resource, permission.verb][permission.namespace] = None
    for resource, verb in places:
        verbs[resource].append(verb)
    words = ", ".join(
        f"{verb} {resource.plural} in {_enumerate(list(names))}" for (resource, verb), names in places.items()
    )
    rules = ", ".join(_rule(resource, allowed) for resource, allowed in verbs.items())
    return ProvisioningError(
        f"the user of the kubeconfig may not {words}",
        reason="forbidden",
        part="permissions",
        remedy=f"Bind a ClusterRole with these rules to that user: [{rules}]. Nothing was changed",
    )


def _enumerate(namespaces: t.Sequence[str]) -> str:
    if not any(namespaces):
        return "all namespaces"
    more = f" and {len(namespaces) - _SHOWN} more" if len(namespaces) > _SHOWN else ""
    return f"{', '.join(namespaces[:_SHOWN])}{more}"


def _rule(resource: Resource, verbs: t.Sequence[str]) -> str:
    group = resource.api_version.rpartition("/")[0]
    return f'{{apiGroups: ["{group}"], resources: [{resource.plural}], verbs: [{", ".join(verbs)}]}}'


__all__ = ("Permission", "check_permissions")
