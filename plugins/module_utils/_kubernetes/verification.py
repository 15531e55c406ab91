# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proof that namespaces can pull an image. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import re
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.access import Permission
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.answers import ApiError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pods import (
    POD_LABELS,
    failed_pulls,
    has_run,
    lacked_secrets,
    pull_pod,
    waits_for,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_errors import pull_error
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_secret import DEFAULT_ACCOUNT
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    EVENTS,
    PODS,
    Object,
    label_selector,
)

VERIFY_OPTIONS: ArgumentSpec = {
    "verify_image": {"type": "str", "default": ""},
    "verify_namespaces": {"type": "str", "choices": ["all", "first"], "default": "all"},
    "verify_timeout": {"type": "int", "default": 120},
}
"""How pulls are proven; documented by the fragment `edgeops.registry.kubernetes_users`."""

_SETTLING_SECONDS = 10
_PAUSE_SECONDS = 0.3
_BACK_OFF = re.compile(r'Back-off pulling image "[^"]*"')


@dataclasses.dataclass(frozen=True)
class Verification:
    """What is to be proven.

    :param image: as a pod names it; empty: nothing.
    :param first_only: one namespace stands for all.
    :param timeout: seconds for each pod.
    """

    image: str
    first_only: bool
    timeout: int

    def chosen(self, namespaces: t.Mapping[str, Puller]) -> dict[str, Puller]:
        """Where a pod is to run."""
        return dict(list(namespaces.items())[: 1 if self.first_only else None]) if self.image else {}

    def permissions(self, namespaces: t.Mapping[str, Puller]) -> list[Permission]:
        """The rights that it takes."""
        return [
            needed
            for name in self.chosen(namespaces)
            for needed in (
                *(Permission(verb, PODS, name) for verb in ("create", "list", "watch", "delete")),
                Permission("get", PODS, name, subresource="log"),
                Permission("list", EVENTS, name),
            )
        ]

    @classmethod
    def from_options(cls, params: t.Mapping[str, t.Any]) -> Verification:
        """From `VERIFY_OPTIONS`.

        :raises ProvisioningError: one is wrong.
        """
        if params["verify_timeout"] < 1:
            raise ProvisioningError("must be 1 second or more", part="verify_timeout", remedy="Leave it out for 120")
        return cls(params["verify_image"], params["verify_namespaces"] == "first", params["verify_timeout"])


@dataclasses.dataclass(frozen=True)
class Puller:
    """As whom a pod pulls.

    :param account: its service account.
    :param secrets: the pull secrets that a pod gets by it.
    """

    account: str = DEFAULT_ACCOUNT
    secrets: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Verified:
    """What was proven.

    :param facts: an item of RV(verification) for each namespace whose pod ran.
    :param failures: namespaces, and why their pod did not run.
    """

    facts: tuple[dict[str, t.Any], ...] = ()
    failures: tuple[tuple[str, ProvisioningError], ...] = ()


def verify_pulls(cluster: Cluster, namespaces: t.Mapping[str, Puller], verification: Verification) -> Verified:
    """Have a pod in each namespace pull the image, and remove the pods whatever happens. Nothing in a dry run."""
    if cluster.dry_run:
        return Verified()
    chosen = verification.chosen(namespaces)
    results = cluster.each(lambda item: _verify(cluster, item[0], item[1], verification), chosen.items())
    return Verified(
        facts=tuple(result for result in results if not isinstance(result, ProvisioningError)),
        failures=tuple(
            (name, result) for name, result in zip(chosen, results) if isinstance(result, ProvisioningError)
        ),
    )


def _verify(cluster: Cluster, namespace: str, puller: Puller, verification: Verification) -> dict[str, t.Any]:
    """An item of the facts."""
    _remove_all(cluster, namespace)
    try:
        pod = _start(cluster, namespace, puller, verification)
        node = _await(cluster, pod, puller, verification)
    finally:
        _remove_all(cluster, namespace)
    return {"namespace": namespace, "image": verification.image, "node": node}


def _remove_all(cluster: Cluster, namespace: str) -> None:
    """Remove the pod, and those of a run that was killed."""
    for pod in cluster.list(PODS, namespace, labels=label_selector(POD_LABELS)):
        cluster.delete(PODS, pod["metadata"]["name"], namespace)


def _start(cluster: Cluster, namespace: str, puller: Puller, verification: Verification) -> Object:
    """A pod that was given the pull secrets, which the API server does a moment after the service account has them."""
    deadline = time.monotonic() + _SETTLING_SECONDS
    wanted = pull_pod(verification.image, seconds=2 * verification.timeout, account=puller.account)
    while True:
        pod = cluster.create(PODS, wanted, namespace)
        given = {item["name"] for item in pod["spec"].get("imagePullSecrets") or ()}
        if given.issuperset(puller.secrets):
            return pod
        cluster.delete(PODS, pod["metadata"]["name"], namespace)
        if time.monotonic() > deadline:
            missing = ", ".join(sorted(set(puller.secrets) - given))
            raise ProvisioningError(
                f"pods get no pull secret {missing}",
                reason="conflict",
                part=f"namespace {namespace}",
                remedy=f"Look what takes it from imagePullSecrets of the service account {puller.account}",
            )
        time.sleep(_PAUSE_SECONDS)


def _await(cluster: Cluster, pod: Object, puller: Puller, verification: Verification) -> str:
    """Wait until the pod has run.

    :return: the node that it ran on.
    """
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    refusal: ProvisioningError | None = None
    for pods in cluster.follow(PODS, namespace, seconds=verification.timeout, fields=f"metadata.name={name}"):
        pod = pods.get(name, {})
        try:
            if _has_run(cluster, pod, verification.image):
                return str(pod["spec"].get("nodeName", ""))
        except ProvisioningError as error:
            if error.reason != "unauthorized" or not _lacked_secrets(cluster, pod, puller):
                raise
            refusal = error
    raise refusal or ProvisioningError(
        f"a pod did not run {verification.image} within {verification.timeout} seconds: {waits_for(pod)}",
        reason="timeout",
        part=f"namespace {namespace}",
        remedy="Give it more time with verify_timeout, or mend what it waits for",
    )


def _has_run(cluster: Cluster, pod: Object, image: str) -> bool:
    """Whether the pod pulled the image and started it, by all that the cluster tells of it."""
    if _backs_off_silently(pod):
        failed = failed_pulls(_events(cluster, pod))
        why = str(failed[-1]["message"]) if failed else "ImagePullBackOff"
        raise pull_error(image, why, f"namespace {pod['metadata']['namespace']}")
    if not has_run(pod, image):
        return False
    _check_platform(cluster, pod, image)
    return True


def _backs_off_silently(pod: Object) -> bool:
    """Whether a pull failed, and the kubelet (before 1.30) tells why in an event only."""
    return bool(_BACK_OFF.fullmatch(waits_for(pod).partition(" ")[2]))


def _lacked_secrets(cluster: Cluster, pod: Object, puller: Puller) -> bool:
    """Whether a pod was refused because its node did not have the pull secret yet. The events follow the pod's state."""
    deadline = time.monotonic() + _SETTLING_SECONDS
    while puller.secrets and time.monotonic() < deadline:
        lacked = lacked_secrets(_events(cluster, pod), puller.secrets)
        if lacked is not None:
            return lacked
        time.sleep(_PAUSE_SECONDS)
    return False


def _events(cluster: Cluster, pod: Object) -> list[Object]:
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    return cluster.list(EVENTS, namespace, fields=f"involvedObject.name={name}")


def _check_platform(cluster: Cluster, pod: Object, image: str) -> None:
    """A program for another processor starts, and ends at once: only its log tells."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    try:
        log = cluster.log(name, namespace)
    except ApiError as error:
        if error.status == 403:
            raise
        return  # it is gone, or did not start: the image was pulled, as far as can be told
    if "exec format error" in log:
        raise pull_error(image, log, f"namespace {namespace}")


__all__ = ("VERIFY_OPTIONS", "Puller", "Verification", "Verified", "verify_pulls")
