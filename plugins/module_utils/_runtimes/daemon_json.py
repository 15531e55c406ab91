# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's `daemon.json`. This module util is private to the collection."""

from __future__ import annotations

import functools
import json
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._credentials.json_text import parse
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.docker_hub import DOCKER_HUB
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.claims import Content, placed
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import Engine, Place
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.routes import Route, address, routes

INSECURE = "insecure-registries"
MIRRORS = "registry-mirrors"

Edit = t.Callable[[list[str]], list[str]]


def trust(records: t.Sequence[Record], engine: Engine) -> list[FilePlan]:
    """Plans that let an engine use registries without TLS.

    A foreign entry for a registry with TLS stays: taking it away would need a restart that nobody asked for.
    """
    order = [str(record.endpoint) for record in records if record.scheme == "http"]
    return [_put(place, key, INSECURE, key, order) for place in _places(engine) for key in order]


def mirrors(records: t.Sequence[Record], engine: Engine) -> list[FilePlan]:
    """Plans for the routes that Docker can take, in the order of the records; entries that are foreign stay, too."""
    able = [record for record in records if any(is_possible(record, route) for route in routes(record))]
    order = [address(record) for record in able]
    return [
        _put(place, str(record.endpoint), MIRRORS, address(record), order)
        for place in _places(engine)
        for record in able
    ]


def is_possible(record: Record, route: Route) -> bool:
    """Whether Docker can take a route: it asks mirrors for images of Docker Hub alone, below no path, without a login."""
    return route.upstream == DOCKER_HUB and not route.prefix and not record.username


def absent(part: str, endpoints: t.Iterable[Endpoint], engine: Engine) -> list[FilePlan]:
    """Plans that take back what one of these did."""
    name = {"trust": INSECURE, "mirrors": MIRRORS}[part]
    return [_plan(place, key, name, _without(key)) for place in _places(engine) for key in map(str, endpoints)]


def _places(engine: Engine) -> list[Place]:
    return engine.places(engine.runtime.daemon_json)


def _put(place: Place, key: str, name: str, item: str, order: t.Sequence[str]) -> FilePlan:
    return _plan(place, key, name, functools.partial(placed, name=item, order=order, last=name != MIRRORS))


def _plan(place: Place, key: str, name: str, edit: Edit) -> FilePlan:
    render = functools.partial(_edit, path=place.path, name=name, edit=edit)
    return FilePlan(place.path, render, owner=key, account=place.account, redact=_redact)


def _without(key: str) -> Edit:
    """Removes an endpoint, or its address."""
    return lambda items: [item for item in items if re.sub("^https?://", "", str(item)).rstrip("/") != key]


def _edit(content: Content, path: str, name: str, edit: Edit) -> Content:
    settings = _parse(content, path)
    items = edit(settings.get(name, []))
    if items == settings.get(name, []):
        return content
    settings[name] = items
    if not items:
        del settings[name]
    return f"{json.dumps(settings, indent=_indent(content))}\n".encode() if settings else None


def _parse(content: Content, path: str) -> dict[str, t.Any]:
    try:
        settings = parse((content or b"{}").decode())
    except (ValueError, TypeError, RecursionError) as error:
        raise ProvisioningError(
            f"{path} is not JSON, so it was left alone", reason="unparsable", remedy="Correct it by hand"
        ) from error
    if not all(isinstance(settings.get(name, []), list) for name in (INSECURE, MIRRORS)):
        raise ProvisioningError(
            f"{path} is not laid out as Docker's settings are, so it was left alone",
            reason="unparsable",
            remedy="Correct it by hand",
        )
    return settings


def _indent(content: Content) -> str:
    found = re.search(rb"\{\r?\n([ \t]+)", content or b"")
    return found.group(1).decode() if found else "  "


def _redact(content: bytes) -> bytes:
    """Only what is edited: a proxy's address among the rest may hold a password."""
    settings = json.loads(content) if content else {}
    shown = {name: settings[name] for name in (INSECURE, MIRRORS) if name in settings}
    return json.dumps(shown, indent=2).encode() + b"\n" if content else b""


__all__ = ("INSECURE", "MIRRORS", "absent", "is_possible", "mirrors", "trust")
