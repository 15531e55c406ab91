# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a registry in a cluster. This module util is private to the collection."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._credentials.auth_file import set_login
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_pod import (
    PORT,
    collecting_job,
    http_secret,
    image_secret_name,
    labels,
    selector,
    serving_pod,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_wanted import Wanted
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    CRON_JOBS,
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    MANAGED_BY,
    NAMESPACES,
    NETWORK_POLICIES,
    SECRETS,
    SERVICES,
    VOLUME_CLAIMS,
    Object,
    Resource,
)

DIGEST = "edgeops.registry/digest"
"""Annotation of an object, and of the pods of a deployment: what it was made of."""


@dataclasses.dataclass(frozen=True)
class Place:
    """An object that a registry can have; `wanted` is None where it is not to have it."""

    resource: Resource
    name: str
    wanted: Object | None = dataclasses.field(repr=False)


def places(name: str, wanted: Wanted | None) -> list[Place]:
    """All objects below the namespace, in the order in which they are made.

    :param wanted: None: none of them.
    """
    made = _objects(wanted) if wanted else []
    known = {(item["kind"], item["metadata"]["name"]): _marked(item) for item in made}
    return [
        Place(resource, own_name, known.get((resource.kind, own_name)))
        for resource, own_name in (
            (SECRETS, name),
            (SECRETS, image_secret_name(name)),
            (VOLUME_CLAIMS, name),
            (SERVICES, name),
            (NETWORK_POLICIES, name),
            (DISRUPTION_BUDGETS, name),
            (DEPLOYMENTS, name),
            (CRON_JOBS, f"{name}-garbage-collect"),
        )
    ]


def namespace_of(wanted: Wanted) -> Object:
    """The namespace, where it has to be made; its pods are held to what they need."""
    level = "privileged" if wanted.storage.kind == "host_path" else "restricted"
    return NAMESPACES.new(wanted.namespace, labels={**MANAGED_BY, "pod-security.kubernetes.io/enforce": level})


def pod_digest(wanted: Wanted) -> str:
    """Differs for pods that differ in anything that they were started with."""
    return _digest([serving_pod(wanted), _secret_data(wanted)])


def _objects(wanted: Wanted) -> list[Object]:
    optional = [
        _image_secret(wanted) if wanted.image_login else None,
        _volume_claim(wanted) if wanted.storage.kind == "volume_claim" else None,
        _network_policy(wanted) if wanted.network_policy else None,
        _cron_job(wanted) if wanted.garbage_collection else None,
    ]
    secret = _new(SECRETS, wanted, type="kubernetes.io/tls", data=_encoded(_secret_data(wanted)))
    always = [secret, _service(wanted), _disruption_budget(wanted), _deployment(wanted)]
    return always + [item for item in optional if item]


def _new(resource: Resource, wanted: Wanted, name: str = "", **fields: t.Any) -> Object:
    return resource.new(name or wanted.name, wanted.namespace, labels=labels(wanted.name), **fields)


def _marked(item: Object) -> Object:
    """With its digest, since an apply that leaves a field out looks like no change to who compares fields."""
    return {**item, "metadata": {**item["metadata"], "annotations": {DIGEST: _digest(item)}}}


def _secret_data(wanted: Wanted) -> dict[str, str]:
    """The files of the registry; its configuration is one of them, since it may hold the password of a storage."""
    users = {"htpasswd": wanted.htpasswd} if wanted.htpasswd else {}
    return {
        "tls.crt": wanted.certificate,
        "tls.key": wanted.private_key,
        "config.yml": wanted.configuration,
        "http-secret": http_secret(wanted.private_key),
        **users,
    }


def _image_secret(wanted: Wanted) -> Object:
    record = t.cast("t.Any", wanted.image_login)
    content = set_login(None, "config.json", record, store=None).decode()
    data = _encoded({".dockerconfigjson": content})
    return _new(SECRETS, wanted, image_secret_name(wanted.name), type="kubernetes.io/dockerconfigjson", data=data)


def _volume_claim(wanted: Wanted) -> Object:
    storage_class = {"storageClassName": wanted.storage.storage_class} if wanted.storage.storage_class else {}
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": wanted.storage.size}},
        **storage_class,
    }
    return _new(VOLUME_CLAIMS, wanted, spec=spec)


def _service(wanted: Wanted) -> Object:
    node_port = {"nodePort": wanted.node_port} if wanted.node_port else {}
    port = {"name": "https", "port": wanted.port, "targetPort": "https", "protocol": "TCP", **node_port}
    return _new(
        SERVICES, wanted, spec={"type": wanted.service_type, "selector": selector(wanted.name), "ports": [port]}
    )


def _network_policy(wanted: Wanted) -> Object:
    """It answers, and asks nobody."""
    spec = {
        "podSelector": {"matchLabels": {"app.kubernetes.io/instance": wanted.name}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"port": PORT, "protocol": "TCP"}]}],
    }
    return _new(NETWORK_POLICIES, wanted, spec=spec)


def _disruption_budget(wanted: Wanted) -> Object:
    spec = {
        "selector": {"matchLabels": selector(wanted.name)},
        "maxUnavailable": 1 if wanted.evictable else 0,
    }
    return _new(DISRUPTION_BUDGETS, wanted, spec=spec)


def _deployment(wanted: Wanted) -> Object:
    about = {
        "labels": {**labels(wanted.name), **selector(wanted.name)},
        "annotations": {DIGEST: pod_digest(wanted)},
    }
    spec = {
        "replicas": 1,
        "strategy": {"type": "Recreate"},  # two must not write to one volume, nor can they everywhere
        "selector": {"matchLabels": selector(wanted.name)},
        "template": {"metadata": about, "spec": serving_pod(wanted)},
    }
    return _new(DEPLOYMENTS, wanted, spec=spec)


def _cron_job(wanted: Wanted) -> Object:
    spec = {
        "schedule": wanted.garbage_collection,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"metadata": {"labels": labels(wanted.name)}, "spec": collecting_job(wanted)},
    }
    return _new(CRON_JOBS, wanted, f"{wanted.name}-garbage-collect", spec=spec)


def _encoded(data: t.Mapping[str, str]) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


__all__ = ("DIGEST", "Place", "namespace_of", "places", "pod_digest")
