# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the pod of a registry is. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.access import Permission
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.converge import (
    ObjectPlan,
    Write,
    converge,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_errors import pull_error
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_objects import (
    DIGEST,
    Place,
    pod_digest,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_pod import selector
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_settle import Standing, settle
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_wanted import Wanted
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    DEPLOYMENTS,
    EVENTS,
    PODS,
    SERVICES,
    Object,
    is_terminating,
    label_selector,
)

_STEP_SECONDS = 5.0
_EVENTS = 3
_READ_LINES = 60
_LINES = 5
_HOPELESS = (
    *("CrashLoopBackOff", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"),
    *("CreateContainerConfigError", "CreateContainerError", "RunContainerError"),
)
_FAILING = (*_HOPELESS, "ErrImagePull")  # which becomes ImagePullBackOff in a moment
_NO_ADDRESS = "the load balancer has no address yet"
_REMEDIES = {
    "CrashLoopBackOff": "Look at what it says last, correct the configuration or the image, and run again",
    "InvalidImageName": "Correct image",
    "FailedCreate": "Raise the ResourceQuota, or correct what else forbids the pod, and run again",
    _NO_ADDRESS: "Look at what gives the cluster's services addresses, such as MetalLB; or take service_type: NodePort",
}
_REMEDY = "Mend what the events tell, and run again"


@dataclasses.dataclass(frozen=True)
class State:
    """How far it is.

    :param words: what it waits for, or why it does not start.
    :param failure: the cluster's own word for why it does not start; empty while it tries.
    :param pod: the one that is to serve; None where there is none yet.
    :param addresses: at which it is found: of its node, since every other would do, but this one is needed anyway; or of its load balancer.
    """

    ready: bool
    words: str
    failure: str = ""
    pod: Object | None = dataclasses.field(default=None, repr=False)
    addresses: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether waiting is of no use: it serves, or somebody has to mend something. A quota may pass by itself."""
        return self.ready or self.failure in _HOPELESS


NOTHING = State(ready=False, words="there is no pod yet")


def judge(pods: t.Iterable[Object], digest: str) -> State:
    """The state of the pod that was made of `digest`, out of all pods of the registry."""
    pods = list(pods)
    current = [pod for pod in pods if not is_terminating(pod) and _digest(pod) == digest]
    if not current:
        return State(ready=False, words="the former pod has to end") if pods else NOTHING
    pod = max(current, key=lambda one: str(one["metadata"].get("creationTimestamp")))
    status = pod.get("status") or {}
    conditions = {item["type"]: item for item in status.get("conditions") or ()}
    if conditions.get("Ready", {}).get("status") == "True":
        return State(ready=True, words="it is ready", pod=pod, addresses=_node_addresses(status))
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = container.get("state", {}).get("waiting") or {}
        if waiting.get("reason"):
            failure = waiting["reason"] if waiting["reason"] in _FAILING else ""
            return State(ready=False, words=_describe(container, waiting), failure=failure, pod=pod)
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return State(ready=False, words=f"{scheduled.get('reason')}: {scheduled.get('message')}", pod=pod)
    return State(ready=False, words="the registry starts", pod=pod)


class Rollout:
    """The pod of a registry on its way.

    :ivar cluster: where it is.
    """

    def __init__(self, cluster: Cluster, wanted: Wanted) -> None:
        self.cluster = cluster
        self._name = wanted.name
        self._namespace = wanted.namespace
        self._image = wanted.image
        self._digest = pod_digest(wanted)
        self._is_balanced = wanted.service_type == "LoadBalancer"
        self._labels = label_selector(selector(wanted.name))

    def look(self) -> State:
        """How far it is now."""
        pods = self.cluster.list(PODS, self._namespace, labels=self._labels)
        return self._with_address(self._with_cause(judge(pods, self._digest)), 0)

    def permissions(self) -> list[Permission]:
        """The rights that it takes to wait."""
        followed = [PODS, SERVICES] if self._is_balanced else [PODS]
        return [
            *(Permission(verb, resource, self._namespace) for resource in followed for verb in ("list", "watch")),
            Permission("get", DEPLOYMENTS, self._namespace, self._name),
        ]

    def restart(self, state: State) -> Standing:
        """Have the cluster try at once what it put off: the pod, or to make one.

        :raises ProvisioningError: the cluster refuses it.
        """
        if state.pod:
            place = Place(PODS, state.pod["metadata"]["name"], None)
            return settle(self.cluster, self._namespace, place, state.pod)
        plan = ObjectPlan(DEPLOYMENTS, self._namespace, self._name, _restarted)
        found = self.cluster.get(DEPLOYMENTS, self._name, self._namespace)
        return Standing(Place(DEPLOYMENTS, self._name, found), found, converge(self.cluster, plan, found))

    def wait(self, seconds: float) -> State:
        """Until it is ready or cannot become so, or the time is over."""
        deadline = time.monotonic() + seconds
        while True:
            seconds = min(_STEP_SECONDS, max(0.0, deadline - time.monotonic()))
            state = self._with_address(self._with_cause(self._watch(seconds)), seconds)
            if state.is_final or time.monotonic() >= deadline:
                return state

    def explain(self, state: State) -> ProvisioningError:
        """The error for a pod that does not start, with what the cluster and the pod itself say about it."""
        part = f"{self._namespace}/{state.pod['metadata']['name'] if state.pod else self._name}"
        evidence = self._evidence(state)
        cause = ProvisioningError(
            state.words,
            reason="invalid" if state.failure else "timeout",
            remedy=_REMEDIES.get(state.failure or state.words, _REMEDY),
        )
        if "ImagePull" in state.words:
            cause = pull_error(self._image, " ".join([*evidence, state.words]), part)
        parts = [f"the registry does not serve: {cause.message}", *evidence]
        message = ". ".join(part.rstrip(".\n") for part in parts)
        return ProvisioningError(message, reason=cause.reason, part=part, remedy=cause.remedy)

    def _watch(self, seconds: float) -> State:
        state = NOTHING
        for pods in self.cluster.follow(PODS, self._namespace, seconds=seconds, labels=self._labels):
            state = judge(pods.values(), self._digest)
            if state.is_final:
                break
        return state

    def _with_address(self, state: State, seconds: float) -> State:
        """It is ready when clients can find it."""
        if not state.ready or not self._is_balanced:
            return state
        only = f"metadata.name={self._name}"
        for services in self.cluster.follow(SERVICES, self._namespace, seconds=seconds, fields=only):
            addresses = _balancer_addresses(services.get(self._name, {}))
            if addresses:
                return dataclasses.replace(state, addresses=addresses)
            if not seconds:
                break
        return dataclasses.replace(state, ready=False, words=_NO_ADDRESS, addresses=())

    def _with_cause(self, state: State) -> State:
        """Why there is no pod, if the deployment says so."""
        if state.pod or state.failure:
            return state
        deployment = self.cluster.get(DEPLOYMENTS, self._name, self._namespace) or {}
        for condition in deployment.get("status", {}).get("conditions") or ():
            if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
                return State(ready=False, words=condition["message"], failure=condition["reason"])
        return state

    def _evidence(self, state: State) -> list[str]:
        said: list[str] = []
        with contextlib.suppress(ProvisioningError):  # who may not read them still learns the rest
            events = self.cluster.list(EVENTS, self._namespace, fields="type=Warning")
            messages = last_messages(events, self._name, state.pod)
            said += [f"Events: {'; '.join(messages)}"] if messages else []
        with contextlib.suppress(ProvisioningError):
            lines = self._log(state.pod) if state.pod else []
            said += [f"It says last: {' | '.join(lines)}"] if lines else []
        return said

    def _log(self, pod: Object) -> list[str]:
        status = pod.get("status") or {}
        for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
            if container.get("lastState", {}).get("terminated"):
                query = {"container": container["name"], "previous": "true"}
                text = self.cluster.log(pod["metadata"]["name"], self._namespace, lines=_READ_LINES, **query)
                said = text.partition("\ngoroutine ")[0]  # not where in its code it gave up
                return [line.strip() for line in said.splitlines() if line.strip()][-_LINES:]
        return []


def last_messages(events: t.Iterable[Object], name: str, pod: Object | None) -> list[str]:
    """What the newest events say about a registry and its pod."""
    names = {name, pod["metadata"]["name"]} if pod else {name}
    about = [event for event in events if _concerns(event, names, name)]
    about.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    messages = [f"{event.get('reason')}: {str(event.get('message')).strip()}" for event in about]
    return list(dict.fromkeys(reversed(messages)))[:_EVENTS]


def _restarted(found: Object | None) -> Write | None:
    """As `kubectl rollout restart` does it."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    about = {"annotations": {"kubectl.kubernetes.io/restartedAt": now}}
    return Write("merge", {"spec": {"template": {"metadata": about}}}) if found else None


def _balancer_addresses(service: Object) -> tuple[str, ...]:
    found = service.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    return tuple(item.get("ip") or item["hostname"] for item in found)


def _node_addresses(status: Object) -> tuple[str, ...]:
    found = [item["ip"] for item in status.get("hostIPs") or ()] or [status.get("hostIP")]
    return tuple(address for address in found if address)


def _concerns(event: Object, names: set[str], name: str) -> bool:
    about = event.get("involvedObject") or {}
    return about.get("name") in names or (about.get("kind") == "ReplicaSet" and about["name"].startswith(f"{name}-"))


def _digest(pod: Object) -> str:
    return str((pod["metadata"].get("annotations") or {}).get(DIGEST))


def _describe(container: Object, waiting: Object) -> str:
    ended = container.get("lastState", {}).get("terminated") or {}
    words = [waiting["reason"], str(waiting.get("message") or "")]
    words += [f"exit code {ended['exitCode']} ({ended.get('reason')})"] if ended else []
    return ": ".join(filter(None, words))


__all__ = ("NOTHING", "Rollout", "State", "judge", "last_messages")
