# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry as an add-on of a cluster. This module util is private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.connection import Connection
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
    settle,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_wanted import Wanted, check_name
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    DEPLOYMENTS,
    NAMESPACES,
    SERVICES,
    VOLUME_CLAIMS,
    Object,
)
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome


def provide_registry(params: dict[str, t.Any], settings: Settings) -> Outcome:
    """Provide the registry, or take it back.

    :raises ProvisioningError: an option is wrong, or the cluster refuses something.
    """
    check_name(params)
    wanted = Wanted.parse(params) if params["state"] == "present" else None
    cluster = Cluster(Connection.from_options(params), dry_run=settings.check_mode)
    if wanted is None:
        removed = remove(cluster, params)
        return _outcome(removed, settings, {"requests": cluster.requests})
    standings = _provide(cluster, wanted)
    rollout = Rollout(cluster, wanted)
    state = rollout.look() if standings[0].found or not settings.check_mode else NOTHING
    if settings.check_mode:
        return _outcome(standings, settings, _facts(cluster, standings, state))
    return _roll_out(rollout, state, standings, params, settings)


def _provide(cluster: Cluster, wanted: Wanted) -> list[Standing]:
    """The namespace, which is left as it is where it is there, and what is in it."""
    place = Place(NAMESPACES, wanted.namespace, namespace_of(wanted))
    found = cluster.get(NAMESPACES, wanted.namespace)
    standings = [Standing(place, found, None) if found else settle(cluster, "", place, None)]
    below = places(wanted.name, wanted)
    is_virtual = not found and cluster.dry_run  # the server could only say that the namespace is missing
    there = [None] * len(below) if is_virtual else look(cluster, wanted.namespace, below)
    return standings + [
        settle(cluster, wanted.namespace, *pair, is_virtual=is_virtual)
        for pair in zip(below, there)
        if not _is_former_data(*pair)
    ]


def _is_former_data(place: Place, found: Object | None) -> bool:
    """A claim that is no longer used holds images all the same."""
    return place.resource == VOLUME_CLAIMS and place.wanted is None and found is not None


def _roll_out(
    rollout: Rollout, state: State, standings: list[Standing], params: t.Mapping[str, t.Any], settings: Settings
) -> Outcome:
    """Wait for the pod, for one slice of time if there is an interval."""
    timeout, interval = params["wait_timeout"], params["progress_interval"] or params["wait_timeout"]
    restarted = _must_restart(state, standings, params)
    if restarted:
        rollout.restart(state)
        state = NOTHING
    if timeout and not state.ready and not state.failure:
        state = rollout.wait(min(interval, timeout))
    facts = _facts(rollout.cluster, standings, state)
    if state.ready or not timeout:
        return _outcome(standings, settings, facts, restarted=restarted)
    if interval < timeout and not state.failure:
        return _outcome(standings, settings, {**facts, "remaining": 1, "progress": state.words}, restarted=restarted)
    error = rollout.explain(state)
    facts.update(reason=error.reason, remedy=error.remedy)
    return _outcome(standings, settings, facts, restarted=restarted, failed=str(error))


def _must_restart(state: State, standings: list[Standing], params: t.Mapping[str, t.Any]) -> bool:
    """Whether it failed in an earlier run, and its cause may be gone by now."""
    is_new = any(one.change for one in standings if one.place.resource == DEPLOYMENTS)
    return bool(state.failure) and not is_new and bool(params["restart_failed"])


def _outcome(
    standings: list[Standing], settings: Settings, facts: dict[str, t.Any], *, restarted: bool = False, failed: str = ""
) -> Outcome:
    changes = [one.change for one in standings if one.change]
    return Outcome(
        bool(changes) or restarted,
        {**facts, "changes": [f"{one.kind} {one.name}" for one in changes]},
        [one.diff for one in changes] if settings.diff else [],
        failed=failed,
    )


def _facts(cluster: Cluster, standings: list[Standing], state: State) -> dict[str, t.Any]:
    """Where clients find it."""
    service = next(one.now for one in standings if one.place.resource == SERVICES and one.now)
    port = service["spec"]["ports"][0]
    return {
        "ready": state.ready,
        "addresses": list(state.addresses),
        "port": port["port"] if service["spec"]["type"] == "LoadBalancer" else port.get("nodePort"),
        "node": state.pod["spec"].get("nodeName") if state.pod else None,
        "requests": cluster.requests,
    }


__all__ = ("provide_registry",)
