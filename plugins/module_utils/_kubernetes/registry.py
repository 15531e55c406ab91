# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry as an add-on of a cluster. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.access import (
    Permission,
    check_permissions,
    every_refusal_named,
    permissions_for,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.connection import Connection
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_removal import wait_until_gone
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_absent import remove
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_objects import (
    Place,
    namespace_of,
    places,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_rollout import (
    NOTHING,
    Rollout,
    State,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_settle import (
    Standing,
    look,
    plan_for,
    settle,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_wanted import (
    Wanted,
    check_name,
    check_times,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    DEPLOYMENTS,
    NAMESPACES,
    SERVICES,
    VOLUME_CLAIMS,
    Object,
    is_terminating,
)
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome

_WAITING = [Permission(verb, NAMESPACES) for verb in ("list", "watch")]
"""The rights to wait for a namespace that goes."""


def provide_registry(params: dict[str, t.Any], settings: Settings) -> Outcome:
    """Provide the registry, or take it back.

    :raises ProvisioningError: an option is wrong, or the cluster cannot be reached at all.
    """
    check_times(params)
    wanted = Wanted.parse(params) if params["state"] == "present" else None
    if wanted is None:
        check_name(params)
    cluster = Cluster(Connection.from_options(params), dry_run=settings.check_mode)
    standings: list[Standing] = []
    try:
        if wanted:
            facts = _Provision(cluster, wanted, params, standings).run()
        else:
            facts = {}
            remove(cluster, params, standings)
    except ProvisioningError as error:
        facts = _reported(error)
    last = {(one.place.resource, one.place.name): one.change for one in standings}
    changes = [change for change in last.values() if change]
    named = [f"{one.kind} {one.name}" for one in changes]
    diff = [one.diff for one in changes] if settings.diff else []
    failed = str(facts.pop("failed", ""))
    return Outcome(bool(changes), {**facts, "changes": named, "requests": cluster.requests}, diff, failed=failed)


def _reported(error: ProvisioningError) -> dict[str, t.Any]:
    return {"failed": str(error), "reason": error.reason, "remedy": error.remedy}


@dataclasses.dataclass(frozen=True)
class _Provision:
    """A registry that is to be there.

    :param standings: gets what became of each object, however it ends.
    """

    cluster: Cluster
    wanted: Wanted
    params: t.Mapping[str, t.Any]
    standings: list[Standing]

    def run(self) -> dict[str, t.Any]:
        """What the module returns beside the changes; with `failed` where it does not serve."""
        rollout = Rollout(self.cluster, self.wanted)
        name, below = self.wanted.namespace, places(self.wanted.name, self.wanted)
        needed = self._permissions(below, rollout)
        with every_refusal_named(self.cluster, needed):
            found = self.cluster.get(NAMESPACES, name)
            if found and is_terminating(found):
                check_permissions(self.cluster, [*_WAITING, *needed])
                waiting = self._wait_until_gone(found)
                if waiting:
                    return waiting
                found = None
            there = look(self.cluster, name, below) if found else [None] * len(below)
        pairs = [pair for pair in zip(below, there) if not _is_former_data(*pair)]
        self._check_permissions(found, pairs, rollout)
        self._settle(found, pairs)
        is_virtual = not found and self.cluster.dry_run
        return self._roll_out(rollout, NOTHING if is_virtual else rollout.look())

    def _wait_until_gone(self, namespace: Object) -> dict[str, t.Any]:
        """Wait for a former namespace of that name; what to return where that takes longer."""
        if self.cluster.dry_run:
            return {}
        timeout, part = self._times
        errors = wait_until_gone(self.cluster, [namespace], part)
        for name, error in errors.items():
            if part < timeout:
                return {"remaining": 1, "progress": f"a former namespace {name}: {error.message}"}
            raise error
        return {}

    @property
    def _times(self) -> tuple[float, float]:
        """How many seconds there are, and how many of them this run may wait before it tells what for."""
        timeout = self.params["wait_timeout"]
        return timeout, min(self.params["progress_interval"] or timeout, timeout)

    def _permissions(self, below: t.Sequence[Place], rollout: Rollout) -> list[Permission]:
        """The rights to make everything anew."""
        name = self.wanted.namespace
        needed = [(verb, NAMESPACES, "", name) for verb in ("get", "create", "patch")]
        needed += [
            (verb, one.resource, name, one.name)
            for one in below
            for verb in (("get", "create", "patch") if one.wanted else ("get",))
        ]
        return [*(Permission(*one) for one in needed), *rollout.permissions()]

    def _check_permissions(
        self, found: Object | None, pairs: t.Sequence[tuple[Place, Object | None]], rollout: Rollout
    ) -> None:
        """Ask for what is to be changed, and then for what it takes to wait for it."""
        namespace = [] if found else [(plan_for(self._namespace, ""), found)]
        below = [(plan_for(place, self.wanted.namespace), item) for place, item in pairs]
        needed = permissions_for([*namespace, *below])
        check_permissions(self.cluster, [*needed, *rollout.permissions()] if needed else [])

    @property
    def _namespace(self) -> Place:
        return Place(NAMESPACES, self.wanted.namespace, namespace_of(self.wanted))

    def _settle(self, found: Object | None, pairs: t.Iterable[tuple[Place, Object | None]]) -> None:
        """The namespace, which is left as it is where it is there, and what is in it."""
        if not found:
            self.standings.append(settle(self.cluster, "", self._namespace, None))
        is_virtual = not found and self.cluster.dry_run  # the server could only say that the namespace is missing
        for place, item in pairs:
            self.standings.append(settle(self.cluster, self.wanted.namespace, place, item, is_virtual=is_virtual))

    def _roll_out(self, rollout: Rollout, state: State) -> dict[str, t.Any]:
        """Wait for the pod, for one slice of time if there is an interval."""
        timeout, part = self._times
        if self._must_restart(state):
            self.standings.append(rollout.restart(state))
            state = NOTHING
        if self.cluster.dry_run:
            return self._facts(state)
        if timeout and not state.is_final:
            state = rollout.wait(part)
        facts = self._facts(state)
        if state.ready or not timeout:
            return facts
        if part < timeout and not state.is_final:
            return {**facts, "remaining": 1, "progress": state.words}
        return {**facts, **_reported(rollout.explain(state))}

    def _must_restart(self, state: State) -> bool:
        """Whether it failed in an earlier run, and its cause may be gone by now."""
        is_new = any(one.change for one in self.standings if one.place.resource == DEPLOYMENTS)
        return bool(state.failure) and not is_new and bool(self.params["restart_failed"])

    def _facts(self, state: State) -> dict[str, t.Any]:
        """Where clients find it."""
        service = next(one.now for one in self.standings if one.place.resource == SERVICES and one.now)
        port = service["spec"]["ports"][0]
        return {
            "ready": state.ready,
            "addresses": list(state.addresses),
            "port": port["port"] if service["spec"]["type"] == "LoadBalancer" else port.get("nodePort"),
            "node": state.pod["spec"].get("nodeName") if state.pod else None,
        }


def _is_former_data(place: Place, found: Object | None) -> bool:
    """A claim that is no longer used holds images all the same."""
    return place.resource == VOLUME_CLAIMS and place.wanted is None and found is not None


__all__ = ("provide_registry",)
