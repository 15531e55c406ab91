# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which registries leave clients without a record."""

from __future__ import annotations

import functools
import typing as t

from ansible.errors import AnsibleError
from jinja2 import UndefinedError

_GROUP = "edge_registries"
_RECORDS = ("client_registries", "edge_registry_records")

Variables = t.Mapping[str, t.Any]


def silent_registries(
    clients: t.Iterable[str],
    hostvars: t.Mapping[str, Variables],
    groups: t.Mapping[str, t.Iterable[str]],
    *,
    stranded: bool = False,
) -> dict[str, list[str]]:
    """For each client that lacks a record, the registries of its site that published none in this run.

    :param stranded: only clients that no registry of their site published one for.
    """
    by_site = functools.cache(functools.partial(_published_by_site, hostvars, groups))
    found = {}
    for client in (client for client in clients if client in hostvars):
        variables = hostvars[client]
        if any(_is_given(variables, name) for name in _RECORDS):
            continue
        published = by_site(variables.get("client_registry_group", _GROUP)).get(variables.get("edge_site"), {})
        silent = [registry for registry, heard in published.items() if not heard]
        if silent and not (stranded and len(silent) < len(published)):
            found[client] = silent
    return found


def _is_given(variables: Variables, name: str) -> bool:
    """Whether a variable is more than empty. One that cannot be templated is its client's own failure, and not the run's."""
    try:
        return bool(variables.get(name))
    except (AnsibleError, UndefinedError):
        return True


def _published_by_site(
    hostvars: t.Mapping[str, Variables], groups: t.Mapping[str, t.Iterable[str]], group: str
) -> dict[object, dict[str, bool]]:
    """For each site, whether each of its registries published a record; a fleet has more clients than sites."""
    sites: dict[object, dict[str, bool]] = {}
    for registry in groups.get(group, ()):
        variables = hostvars[registry]
        sites.setdefault(variables.get("edge_site"), {})[registry] = "registry_record" in variables
    return sites


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """All filters by name."""
        return {"silent_registries": silent_registries}
