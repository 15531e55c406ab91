# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where container engines keep credentials. This module util is private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._credentials.plan import AuthFile
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import Engine, find_engines, find_users


def auth_files(runtimes: t.Sequence[str], users: t.Sequence[str], root: str = "") -> list[AuthFile]:
    """The files that hold credentials of these users for these runtimes, each once.

    :param runtimes: names of runtimes, or `auto`.
    :param users: names of accounts.
    :param root: prefix of every path.
    :raises ProvisioningError: a runtime or a user is not known.
    """
    return engine_auth_files(find_engines(runtimes, find_users(users, root), root))


def engine_auth_files(engines: t.Iterable[Engine]) -> list[AuthFile]:
    """The files that hold credentials for these engines, each once.

    A user who never ran a snap has no directory of it, and only snapd may make one: there is no file then.
    """
    files = []
    for engine in engines:
        roots = engine.places(engine.runtime.auth_root) if engine.runtime.auth_root else []
        hidden = {place.account for place in roots if not os.path.isdir(place.path)}
        places = engine.places(engine.runtime.auth_file)
        files += [AuthFile(place.path, place.account) for place in places if place.account not in hidden]
    return list(dict.fromkeys(files))


def shadowing_files(engines: t.Iterable[Engine]) -> list[AuthFile]:
    """The files that are there and are read before those of `engine_auth_files`: an old entry in them wins."""
    places = [place for engine in engines for template in engine.runtime.shadows for place in engine.places(template)]
    return list(dict.fromkeys(AuthFile(place.path, place.account) for place in places if os.path.lexists(place.path)))


__all__ = ("auth_files", "engine_auth_files", "shadowing_files")
