# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CA certificates in every place of a client. This module util is private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import Engine
from ansible_collections.edgeops.registry.plugins.module_utils._trust import files
from ansible_collections.edgeops.registry.plugins.module_utils._trust.files import CertsDirectory
from ansible_collections.edgeops.registry.plugins.module_utils._trust.store import SystemStore


def present(records: t.Iterable[Record], engines: t.Sequence[Engine], store: SystemStore | None) -> list[FilePlan]:
    """Plans that make the system and each engine trust each record's CA certificates, and no former ones of ours.

    :param store: None where the system's trust is not wanted.
    """
    anchors = files.list_ours(store.anchors) if store else []
    plans: list[FilePlan] = []
    for record in records:
        if store:
            plans += files.anchors_present(record, store.anchors, anchors)
        for directory in _directories(engines, record.endpoint):
            plans += files.certs_d_present(record, directory)
    return plans


def absent(endpoints: t.Iterable[Endpoint], engines: t.Sequence[Engine], store: SystemStore | None) -> list[FilePlan]:
    """Plans that take back what `present` did for these endpoints."""
    anchors = files.list_ours(store.anchors) if store else []
    plans: list[FilePlan] = []
    for endpoint in endpoints:
        if store:
            plans += files.anchors_absent(endpoint, store.anchors, anchors)
        for directory in _directories(engines, endpoint):
            plans += files.certs_d_absent(endpoint, directory)
    return plans


def _directories(engines: t.Iterable[Engine], endpoint: Endpoint) -> list[CertsDirectory]:
    """The engines' directories of a registry, each once."""
    found = []
    for engine in engines:
        places = zip(engine.places(engine.runtime.certificates), engine.places(engine.runtime.removable))
        found += [CertsDirectory.of(place.path, endpoint, place.account, removable.path) for place, removable in places]
        for place in (place for template in engine.runtime.overrides for place in engine.places(template)):
            override = CertsDirectory.of(place.path, endpoint, place.account)
            found += [override] if os.path.isdir(override.path) else []
    return list(dict.fromkeys(found))


__all__ = ("absent", "present")
