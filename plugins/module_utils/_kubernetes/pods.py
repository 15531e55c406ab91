# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pod that proves that its namespace can pull an image. This module util is private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_errors import is_passing, pull_error
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import MANAGED_BY, PODS, Object

POD_LABELS = {**MANAGED_BY, "app.kubernetes.io/component": "verification"}
"""The labels of every such pod."""

_UNKNOWN = "ContainerStatusUnknown"  # of a pod that was evicted, maybe before it started
_PULL_FAILED = (
    "ErrImagePull",
    "ImagePullBackOff",
    "ImageInspectError",
    "InvalidImageName",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
# The image is there and does not start: it was pulled, which is what is to be proven
_PULLED = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff")
_MISSING = re.compile(r"Unable to retrieve some image pull secrets \((.*)\);")
_USER = 65532
_RESOURCES = {"cpu": "50m", "memory": "64Mi"}


def pull_pod(image: str, *, seconds: int, secrets: t.Iterable[str] = (), account: str = "") -> Object:
    """A pod that pulls an image anew and starts it once, as the restricted profile of Pod Security has it.

    :param seconds: after which the cluster ends it, should the run that made it be killed.
    :param secrets: names of pull secrets beside those of the service account.
    :param account: name of that; empty for the one of pods that name none.
    """
    pod = PODS.new("", labels=POD_LABELS, spec=_spec(image, seconds))
    pod["metadata"]["generateName"] = "edgeops-verify-"
    del pod["metadata"]["name"]
    if account:
        pod["spec"]["serviceAccountName"] = account
    if secrets:
        pod["spec"]["imagePullSecrets"] = [{"name": name} for name in secrets]
    return pod


def has_run(pod: t.Mapping[str, t.Any], image: str) -> bool:
    """Whether a pod has come so far that its image was pulled and started; what it did then does not matter.

    :param pod: the pod as the API tells it; anything else has not run.
    :raises ProvisioningError: it cannot get there.
    """
    status = pod.get("status")
    if not isinstance(status, dict):
        return False
    for container in status.get("containerStatuses") or ():
        state = container.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        message = waiting.get("message") or ended.get("message") or ""
        if "exec format error" in message:
            raise pull_error(image, message, _place(pod))
        if "running" in state or (ended and ended.get("reason") != _UNKNOWN) or waiting.get("reason") in _PULLED:
            return True
        if waiting.get("reason") in _PULL_FAILED and not is_passing(message):
            raise pull_error(image, message or waiting["reason"], _place(pod))
    if status.get("phase") == "Failed":
        raise ProvisioningError(
            f"the cluster ended the pod: {status.get('reason', '')} {status.get('message', '')}".strip(),
            reason="busy",
            part=_place(pod),
            remedy="Look at the node's resources and taints",
        )
    return status.get("phase") in ("Running", "Succeeded")


def failed_pulls(events: t.Iterable[Object]) -> list[Object]:
    """Those of a pod's events that tell of a pull that failed, in their order."""
    return [event for event in events if _message(event).startswith("Failed to pull image")]


def lacked_secrets(events: t.Collection[Object], secrets: t.Collection[str]) -> bool | None:
    """Whether every pull that failed was tried without these pull secrets, so that the next one may do better.

    A kubelet waits a second for the secrets of a new pod. Where it gets them later, as on a busy node, it tells so, pulls
    without them, and tries again after a while.

    :param events: of the pod.
    :param secrets: names.
    :return: None as long as they do not tell of a pull that failed.
    """
    failed = _times(failed_pulls(events))
    without = _times(event for event in events if _missing_secrets(event).intersection(secrets))
    return failed <= without if failed else None


def waits_for(pod: t.Mapping[str, t.Any]) -> str:
    """What a pod that has not run yet waits for, in the cluster's words."""
    if not pod:
        return "somebody removed it"
    status = pod.get("status") or {}
    for container in status.get("containerStatuses") or ():
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting:
            return f"{waiting.get('reason', '')} {waiting.get('message', '')}".strip()
    unmet = [item for item in status.get("conditions") or () if item.get("status") == "False" and item.get("message")]
    return str(unmet[0]["message"]) if unmet else str(status.get("phase", ""))


def _message(event: Object) -> str:
    return str(event.get("message") or "")


def _missing_secrets(event: Object) -> set[str]:
    found = _MISSING.match(_message(event))
    return set(found[1].split(", ")) if found else set()


def _times(events: t.Iterable[Object]) -> int:
    """How often they happened: the API keeps those that are the same as one, and counts."""
    return sum(event.get("count") or 1 for event in events)


def _place(pod: t.Mapping[str, t.Any]) -> str:
    namespace, node = pod["metadata"].get("namespace"), pod.get("spec", {}).get("nodeName")
    return ", ".join([f"namespace {namespace}"] * bool(namespace) + [f"node {node}"] * bool(node))


def _spec(image: str, seconds: int) -> Object:
    confined = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": seconds,
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "verify",
                "image": image,
                "imagePullPolicy": "Always",
                "securityContext": confined,
                "resources": {"requests": _RESOURCES, "limits": _RESOURCES},
            }
        ],
    }


__all__ = ("POD_LABELS", "failed_pulls", "has_run", "lacked_secrets", "pull_pod", "waits_for")
