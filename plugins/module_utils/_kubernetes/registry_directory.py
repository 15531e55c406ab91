# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in a directory of a node, deleted there by a job. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_pod import (
    emptying_job,
    labels,
    selector,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    JOBS,
    PODS,
    Object,
    label_selector,
)


def directory_of(deployment: Object) -> str:
    """The directory of the node in which a registry has its images; empty where they are elsewhere."""
    volumes = deployment["spec"]["template"]["spec"].get("volumes") or ()
    return next((volume["hostPath"]["path"] for volume in volumes if "hostPath" in volume), "")


def nodes_of(cluster: Cluster, name: str, namespace: str) -> list[str]:
    """The nodes that its pods run on."""
    return [pod["spec"]["nodeName"] for pod in _pods(cluster, name, namespace) if pod["spec"].get("nodeName")]


def empty(cluster: Cluster, deployment: Object, nodes: t.Sequence[str], seconds: float) -> None:
    """Delete the images of a registry whose deployment is gone, when its last pod is.

    :param nodes: where it ran.
    :raises ProvisioningError: the job did not do it in time.
    """
    name, namespace = deployment["metadata"]["name"], deployment["metadata"]["namespace"]
    job = JOBS.new(f"{name}-empty", namespace, labels=labels(name), spec=emptying_job(deployment, list(nodes)[:1]))
    try:
        _wait_for_pods(cluster, name, namespace, seconds)
        cluster.delete(JOBS, job["metadata"]["name"], namespace)
        cluster.create(JOBS, job, namespace)
        _wait(cluster, job["metadata"]["name"], namespace, seconds)
    except ProvisioningError as error:
        raise ProvisioningError(
            f"the images were not deleted: {error.message}",
            reason=error.reason,
            part=f"{directory_of(deployment)} on {' and '.join(nodes) or 'a node'}",
            remedy="Delete them there",
        ) from error
    finally:
        with contextlib.suppress(ProvisioningError):
            cluster.delete(JOBS, job["metadata"]["name"], namespace)


def _wait_for_pods(cluster: Cluster, name: str, namespace: str, seconds: float) -> None:
    for pods in cluster.follow(PODS, namespace, seconds=seconds, labels=_labels(name)):
        if not pods:
            return
    raise ProvisioningError("the registry did not end in time", reason="timeout")


def _wait(cluster: Cluster, name: str, namespace: str, seconds: float) -> None:
    for jobs in cluster.follow(JOBS, namespace, seconds=seconds, fields=f"metadata.name={name}"):
        conditions = jobs.get(name, {}).get("status", {}).get("conditions") or ()
        kinds = {item["type"] for item in conditions if item["status"] == "True"}
        if "Complete" in kinds:
            return
        if "Failed" in kinds:
            raise ProvisioningError("the job failed")
    raise ProvisioningError("the job did not end in time", reason="timeout")


def _pods(cluster: Cluster, name: str, namespace: str) -> list[Object]:
    return cluster.list(PODS, namespace, labels=_labels(name))


def _labels(name: str) -> str:
    return label_selector(selector(name))


__all__ = ("directory_of", "empty", "nodes_of")
