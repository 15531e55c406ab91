# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drop-ins for containers-registries.conf(5). This module util is private to the collection.

The last file that has a registry decides alone, so that all registries that stand in for an upstream share one file.
"""

from __future__ import annotations

import functools
import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.claims import Content, OwnFile, claims_of
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import Engine
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.routes import Route, routes

_PREFIX, _SUFFIX = "edgeops-", ".conf"


def trust(records: t.Sequence[Record], engine: Engine) -> list[FilePlan]:
    """Plans that let an engine use each record's registry with the record's scheme."""
    plans = []
    for directory in _directories(engine):
        for record in records:
            key = str(record.endpoint)
            if record.scheme == "http":
                render = functools.partial(_file(directory, key).put, claim=key, block=_insecure(key), order=[key])
                plans.append(_plan(directory, key, key, render))
            else:
                plans += _take(directory, key, {key})
    return plans


def mirrors(records: t.Sequence[Record], engine: Engine) -> list[FilePlan]:
    """Plans for the routes of the records, in the order of the records, and against their former ones."""
    order = [_mirror_of(str(record.endpoint)) for record in records]
    plans = []
    for directory in _directories(engine):
        for record in records:
            key, wanted = str(record.endpoint), routes(record)
            for route in wanted:
                put, block = _file(directory, route.upstream).put, _mirror(record, route)
                render = functools.partial(put, claim=_mirror_of(key), block=block, order=order)
                plans.append(_plan(directory, route.upstream, key, render))
            plans += _take(directory, key, {_mirror_of(key)}, kept={route.upstream for route in wanted})
    return plans


def absent(part: str, endpoints: t.Iterable[Endpoint], engine: Engine) -> list[FilePlan]:
    """Plans that take back what one of these did."""
    return [
        plan
        for directory in _directories(engine)
        for key in map(str, endpoints)
        for plan in _take(directory, key, {_mirror_of(key) if part == "mirrors" else key})
    ]


def _directories(engine: Engine) -> list[str]:
    return [place.path for place in engine.places(engine.runtime.registries_conf)]


def _mirror_of(key: str) -> str:
    return f"{key} as a mirror"


def _insecure(key: str) -> str:
    return f'[[registry]]\nlocation = "{key}"\ninsecure = true\n'


def _mirror(record: Record, route: Route) -> str:
    insecure = "insecure = true\n" if record.scheme == "http" else ""
    return f'[[registry.mirror]]\nlocation = "{route.location}"\n{insecure}'


def _file(directory: str, host: str) -> OwnFile:
    path = os.path.join(directory, f"{_PREFIX}{host}{_SUFFIX}")
    return OwnFile(path, head=f'[[registry]]\nlocation = "{host}"\n', root=host)


def _take(directory: str, key: str, claims: set[str], kept: t.Collection[str] = ()) -> list[FilePlan]:
    """Plans that remove a registry's blocks wherever some are, but for these hosts."""
    return [
        _plan(directory, host, key, functools.partial(_file(directory, host).take, claims=claims))
        for host in _served(directory)
        if host not in kept and not claims.isdisjoint(claims_of(_file(directory, host).path))
    ]


def _served(directory: str) -> list[str]:
    """The hosts for which there is a file."""
    try:
        names = sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    ours = (name for name in names if name.startswith(_PREFIX) and name.endswith(_SUFFIX))
    return [name[len(_PREFIX) : -len(_SUFFIX)] for name in ours]


def _plan(directory: str, host: str, key: str, render: t.Callable[[Content], Content]) -> FilePlan:
    return FilePlan(_file(directory, host).path, render, owner=key, prune=os.path.dirname(directory))


__all__ = ("absent", "mirrors", "trust")
