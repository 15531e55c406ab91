# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the container engines of a host have to know of registries. This module util is private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes import (
    containerd_config,
    daemon_json,
    hosts_toml,
    registries_conf,
    registries_yaml,
)
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.auth_files import engine_auth_files
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import Engine
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.routes import routes

_DOCKER = "Docker asks no registry for {} but its own: it knows mirrors of docker.io, below no path and without a login"
_CONTAINERD = "containerd keeps no logins: pods need pull secrets, or the node the runtime kubelet"

Present = t.Callable[[t.Sequence[Record], Engine], list[FilePlan]]
Absent = t.Callable[[str, t.Sequence[Endpoint], Engine], list[FilePlan]]

_PRESENT: dict[str, tuple[Present, ...]] = {
    "trust": (
        containerd_config.trust,
        hosts_toml.trust,
        daemon_json.trust,
        registries_conf.trust,
        registries_yaml.trust,
    ),
    "mirrors": (
        containerd_config.mirrors,
        hosts_toml.mirrors,
        daemon_json.mirrors,
        registries_conf.mirrors,
        registries_yaml.mirrors,
    ),
    "credentials": (hosts_toml.credentials, registries_yaml.credentials),
}
_ALL: tuple[Absent, ...] = (
    containerd_config.absent,
    hosts_toml.absent,
    daemon_json.absent,
    registries_conf.absent,
    registries_yaml.absent,
)
_ABSENT = {"trust": _ALL, "mirrors": _ALL, "credentials": (hosts_toml.absent, registries_yaml.absent)}


def present(part: str, records: t.Sequence[Record], engines: t.Iterable[Engine]) -> list[FilePlan]:
    """Plans for what the records say of a part."""
    return [plan for engine in engines for plans in _PRESENT[part] for plan in plans(records, engine)]


def absent(part: str, endpoints: t.Sequence[Endpoint], engines: t.Iterable[Engine]) -> list[FilePlan]:
    """Plans that take back what was done for a part."""
    return [plan for engine in engines for plans in _ABSENT[part] for plan in plans(part, endpoints, engine)]


def left_out(record: Record, engines: t.Sequence[Engine]) -> list[tuple[str, str]]:
    """The parts of a record that engines cannot take, and why."""
    served = {engine.runtime.name for engine in engines}
    found = []
    if any(engine.runtime.daemon_json for engine in engines):
        impossible = [route.upstream for route in routes(record) if not daemon_json.is_possible(record, route)]
        found += [("mirrors", _DOCKER.format(upstream)) for upstream in impossible]
    if record.username and "kubelet" not in served and any(engine.runtime.has_hosts_toml for engine in engines):
        found.append(("credentials", _CONTAINERD))
    elif (
        record.username
        and not any(engine.runtime.registries_yaml for engine in engines)
        and not engine_auth_files(engines)
    ):
        found.append(("credentials", "no container engine of these users is here"))
    return found


__all__ = ("absent", "left_out", "present")
