# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of Kubernetes objects. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

Object = dict[str, t.Any]
"""An object as the API has it: `apiVersion`, `kind`, `metadata` and so on."""

MANAGED_BY = {"app.kubernetes.io/managed-by": "edgeops.registry"}
"""The label of every object that is ours alone."""


@dataclasses.dataclass(frozen=True)
class Resource:
    """A kind of object.

    :param api_version: `v1`, or `group/version`.
    :param plural: the kind's name in URLs and in rules of RBAC.
    """

    api_version: str
    kind: str
    plural: str

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of its URL: of all objects, of a namespace's, of one, or of a part of one."""
        root = "api" if "/" not in self.api_version else "apis"
        scope = ("namespaces", namespace) if namespace else ()
        return "/" + "/".join(part for part in (root, self.api_version, *scope, self.plural, name, subresource) if part)

    def new(self, name: str, namespace: str = "", **fields: t.Any) -> Object:
        """An object of this kind.

        :param fields: what it has beside its metadata; `labels` and `annotations` are metadata.
        """
        about = {key: fields.pop(key) for key in ("labels", "annotations") if key in fields}
        place = {"namespace": namespace} if namespace else {}
        return {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "metadata": {"name": name, **place, **about},
            **fields,
        }


NAMESPACES = Resource("v1", "Namespace", "namespaces")
SECRETS = Resource("v1", "Secret", "secrets")
SERVICE_ACCOUNTS = Resource("v1", "ServiceAccount", "serviceaccounts")
PODS = Resource("v1", "Pod", "pods")
EVENTS = Resource("v1", "Event", "events")
SERVICES = Resource("v1", "Service", "services")
CONFIG_MAPS = Resource("v1", "ConfigMap", "configmaps")
VOLUME_CLAIMS = Resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
ROLE_BINDINGS = Resource("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")
SIGNING_REQUESTS = Resource("certificates.k8s.io/v1", "CertificateSigningRequest", "certificatesigningrequests")
DEPLOYMENTS = Resource("apps/v1", "Deployment", "deployments")
STATEFUL_SETS = Resource("apps/v1", "StatefulSet", "statefulsets")
DAEMON_SETS = Resource("apps/v1", "DaemonSet", "daemonsets")
CRON_JOBS = Resource("batch/v1", "CronJob", "cronjobs")
JOBS = Resource("batch/v1", "Job", "jobs")
DISRUPTION_BUDGETS = Resource("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
NETWORK_POLICIES = Resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")


def label_selector(labels: t.Mapping[str, str]) -> str:
    """What selects the objects with all of these labels."""
    return ",".join(f"{key}={value}" for key, value in labels.items())


def is_ours(found: t.Mapping[str, t.Any]) -> bool:
    """Whether an object is ours alone."""
    labels = found["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in MANAGED_BY.items())


def is_terminating(found: t.Mapping[str, t.Any]) -> bool:
    """Whether an object is being deleted."""
    return bool(found["metadata"].get("deletionTimestamp"))


__all__ = (
    "CONFIG_MAPS",
    "CRON_JOBS",
    "DAEMON_SETS",
    "DEPLOYMENTS",
    "DISRUPTION_BUDGETS",
    "EVENTS",
    "JOBS",
    "MANAGED_BY",
    "NAMESPACES",
    "NETWORK_POLICIES",
    "PODS",
    "ROLE_BINDINGS",
    "SECRETS",
    "SERVICES",
    "SERVICE_ACCOUNTS",
    "SIGNING_REQUESTS",
    "STATEFUL_SETS",
    "VOLUME_CLAIMS",
    "Object",
    "Resource",
    "is_ours",
    "is_terminating",
    "label_selector",
)
