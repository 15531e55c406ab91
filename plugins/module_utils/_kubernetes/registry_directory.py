# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in a directory of a node, deleted there by a job. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import functools
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.access import Permission
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.converge import (
    ObjectChange,
    ObjectPlan,
    Write,
    converge,
    holds,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_pod import (
    emptying_job,
    labels,
    selector,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    DEPLOYMENTS,
    JOBS,
    PODS,
    Object,
    label_selector,
)

_NODES = "edgeops.registry/nodes"
"""Annotation of a deployment that has no pod any more: where its images are."""

_ONE_NODE = "kubernetes.io/hostname"
"""The label in a node selector that leaves but one node."""


def directory_of(deployment: Object) -> str:
    """The directory of the node in which a registry has its images; empty where they are elsewhere."""
    volumes = deployment["spec"]["template"]["spec"].get("volumes") or ()
    return next((volume["hostPath"]["path"] for volume in volumes if "hostPath" in volume), "")


def permissions(namespace: str) -> list[Permission]:
    """The rights that it takes to empty the directory."""
    return [
        *(Permission(verb, PODS, namespace) for verb in ("list", "watch")),
        Permission("patch", DEPLOYMENTS, namespace),
        *(Permission(verb, JOBS, namespace) for verb in ("create", "list", "watch", "delete")),
    ]


def nodes_of(cluster: Cluster, deployment: Object) -> list[str]:
    """The nodes on which a registry has images; empty for the one that its node selector names.

    :raises ProvisioningError: nothing tells where they are.
    """
    pods = cluster.list(PODS, deployment["metadata"]["namespace"], labels=_labels(deployment))
    nodes = [pod["spec"]["nodeName"] for pod in pods if pod["spec"].get("nodeName")]
    if not deployment["spec"].get("replicas"):  # an earlier run was about to do this
        nodes += (deployment["metadata"].get("annotations") or {}).get(_NODES, "").split()
    if not nodes and _ONE_NODE not in (deployment["spec"]["template"]["spec"].get("nodeSelector") or ()):
        raise ProvisioningError(
            "no pod of the registry tells on which node its images are",
            reason="conflict",
            part=directory_of(deployment),
            remedy="Have it run first; or take data: keep, and delete the directory on its node by hand",
        )
    return list(dict.fromkeys(nodes))


def stop(cluster: Cluster, deployment: Object, nodes: t.Sequence[str]) -> ObjectChange | None:
    """Have a registry end. Its deployment stays, and tells where the images are until they are gone."""
    about = deployment["metadata"]
    stopped = {"metadata": {"annotations": {_NODES: " ".join(nodes)}}, "spec": {"replicas": 0}}
    render = functools.partial(_merge_where_different, stopped)
    return converge(cluster, ObjectPlan(DEPLOYMENTS, about["namespace"], about["name"], render), deployment)


def _merge_where_different(wanted: Object, found: Object | None) -> Write | None:
    return None if found is None or holds(found, wanted) else Write("merge", wanted)


def empty(cluster: Cluster, deployment: Object, nodes: t.Sequence[str], seconds: float) -> None:
    """Delete the images of a registry that was stopped.

    :raises ProvisioningError: it was not done in time.
    """
    try:
        _wait_for_pods(cluster, deployment, seconds)
        for node in nodes or [""]:
            _run_job(cluster, deployment, node, seconds)
    except ProvisioningError as error:
        raise ProvisioningError(
            f"the images were not deleted: {error.message}",
            reason=error.reason,
            part=f"{directory_of(deployment)} on {' and '.join(nodes) or 'a node'}",
            remedy="Run again; or delete them there, and take data: keep",
        ) from error


def _run_job(cluster: Cluster, deployment: Object, node: str, seconds: float) -> None:
    about = deployment["metadata"]
    name, namespace = f"{about['name']}-empty", about["namespace"]
    job = JOBS.new(name, namespace, labels=labels(about["name"]), spec=emptying_job(deployment, node))
    cluster.delete(JOBS, name, namespace)
    try:
        cluster.create(JOBS, job, namespace)
        _wait(cluster, name, namespace, seconds)
    finally:
        with contextlib.suppress(ProvisioningError):
            cluster.delete(JOBS, name, namespace)


def _wait_for_pods(cluster: Cluster, deployment: Object, seconds: float) -> None:
    namespace = deployment["metadata"]["namespace"]
    for pods in cluster.follow(PODS, namespace, seconds=seconds, labels=_labels(deployment)):
        if not any(_is_working(pod) for pod in pods.values()):
            return
    raise ProvisioningError("the registry did not end in time", reason="timeout")


def _is_working(pod: Object) -> bool:
    """Those that ended, as after an eviction, stay in the list."""
    return pod.get("status", {}).get("phase") not in ("Failed", "Succeeded")


def _wait(cluster: Cluster, name: str, namespace: str, seconds: float) -> None:
    for jobs in cluster.follow(JOBS, namespace, seconds=seconds, fields=f"metadata.name={name}"):
        conditions = jobs.get(name, {}).get("status", {}).get("conditions") or ()
        kinds = {item["type"] for item in conditions if item["status"] == "True"}
        if "Complete" in kinds:
            return
        if "Failed" in kinds:
            raise ProvisioningError("the job failed")
    raise ProvisioningError("the job did not end in time", reason="timeout")


def _labels(deployment: Object) -> str:
    return label_selector(selector(deployment["metadata"]["name"]))


__all__ = ("directory_of", "empty", "nodes_of", "permissions", "stop")
