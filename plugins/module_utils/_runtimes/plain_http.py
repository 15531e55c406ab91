# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registries that container engines may use without TLS. This module util is private to the collection."""

from __future__ import annotations

import functools
import json
import os
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._credentials.json_text import parse
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import Engine, Place

KEY = "insecure-registries"

Content = t.Optional[bytes]


def present(record: Record, engine: Engine) -> list[FilePlan]:
    """Plans that let an engine use a record's registry with the record's scheme.

    A foreign entry in Docker's settings stays: taking it away would need a restart that nobody asked for.
    """
    if record.scheme == "http":
        return [_plan(place, record.endpoint, wanted=True) for place in engine.places(engine.runtime.settings)]
    return [
        _plan(place, record.endpoint, wanted=False)
        for place in engine.places(engine.runtime.settings)
        if not _is_docker(place)
    ]


def absent(endpoint: Endpoint, engine: Engine) -> list[FilePlan]:
    """Plans that take back what `present` did."""
    return [_plan(place, endpoint, wanted=False) for place in engine.places(engine.runtime.settings)]


def _is_docker(place: Place) -> bool:
    return place.path.endswith(".json")


def _plan(place: Place, endpoint: Endpoint, *, wanted: bool) -> FilePlan:
    owner = str(endpoint)
    if _is_docker(place):
        render = functools.partial(_merge, path=place.path, endpoint=owner, wanted=wanted)
        return FilePlan(place.path, render, owner=owner, account=place.account, redact=_redact)
    drop_in = _drop_in(owner) if wanted else None
    return FilePlan(
        os.path.join(place.path, f"edgeops-{owner}.conf"),
        lambda _before: drop_in,
        owner=owner,
        account=place.account,
        prune=os.path.dirname(place.path),
    )


def _drop_in(endpoint: str) -> bytes:
    """A file for containers-registries.conf.d(5)."""
    return f'[[registry]]\nlocation = "{endpoint}"\ninsecure = true\n'.encode()


def _merge(content: Content, path: str, endpoint: str, *, wanted: bool) -> Content:
    settings = _parse(content, path)
    listed = settings.get(KEY, [])
    if (endpoint in listed) == wanted:
        return content
    rest = [item for item in listed if item != endpoint]
    settings[KEY] = [*rest, endpoint] if wanted else rest
    if not settings[KEY]:
        del settings[KEY]
    return f"{json.dumps(settings, indent=_indent(content))}\n".encode() if settings else None


def _parse(content: Content, path: str) -> dict[str, t.Any]:
    try:
        settings = parse((content or b"{}").decode())
    except (ValueError, TypeError, RecursionError) as error:
        raise ProvisioningError(
            f"{path} is not JSON, so it was left alone", reason="unparsable", part="trust", remedy="Correct it by hand"
        ) from error
    if not isinstance(settings.get(KEY, []), list):
        raise ProvisioningError(
            f"{path} is not laid out as Docker's settings are, so it was left alone",
            reason="unparsable",
            part="trust",
            remedy="Correct it by hand",
        )
    return settings


def _indent(content: Content) -> str:
    found = re.search(rb"\{\r?\n([ \t]+)", content or b"")
    return found.group(1).decode() if found else "  "


def _redact(content: bytes) -> bytes:
    """Only what is edited: a proxy's address among the rest may hold a password."""
    return json.dumps({KEY: json.loads(content).get(KEY, [])}, indent=2).encode() + b"\n" if content else b""


__all__ = ("KEY", "absent", "present")
