# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container engines of a host. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import os
import stat
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._as_user import find_account
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.runtimes import AUTO, NAMES, RUNTIMES, Runtime

DOCKER_SOCKET = "/run/docker.sock"


@dataclasses.dataclass(frozen=True)
class User:
    """An account whose container engines are served.

    :param home: absolute path of its home directory.
    """

    name: str
    uid: int
    home: str


@dataclasses.dataclass(frozen=True)
class Place:
    """A path of an engine, and the user as whom it is used; None: the user that runs the module."""

    path: str
    account: str | None = None


@dataclasses.dataclass(frozen=True)
class Engine:
    """A runtime that is on this host.

    :param users: whose files of it are served.
    :param root: prefix of the system's paths.
    """

    runtime: Runtime
    users: tuple[User, ...]
    root: str = ""

    def places(self, template: str) -> list[Place]:
        """What a path of the runtime is here: one for each user, or one of the system; none where it has no such path."""
        if not template:
            return []
        if not _is_personal(template):
            return [Place(self.root + template)]
        return [Place(_expand(template, user, self.root), user.name) for user in self.users]


def find_users(names: t.Iterable[str], root: str = "") -> tuple[User, ...]:
    """The accounts of these names.

    :raises ProvisioningError: there is none of such a name.
    """
    accounts = [find_account(name) for name in dict.fromkeys(names)]
    return tuple(User(account.pw_name, account.pw_uid, root + account.pw_dir) for account in accounts)


def find_engines(names: t.Sequence[str], users: t.Sequence[User], root: str = "") -> list[Engine]:
    """The engines to serve: those that are named, and those that are found where `auto` is named.

    :param root: prefix of the system's paths.
    :raises ProvisioningError: a name is not known.
    """
    unknown = sorted(set(names) - {AUTO, *NAMES})
    if unknown:
        raise ProvisioningError(
            f"{unknown[0]!r} is not a runtime", part="runtimes", remedy=f"Known are {AUTO}, {', '.join(NAMES)}"
        )
    engines = []
    for runtime in RUNTIMES:
        if runtime.name in names:
            engines.append(Engine(runtime, tuple(users), root))
        elif AUTO in names and not runtime.is_optional:
            engines.extend(_detect(runtime, tuple(users), root))
    return engines


def _detect(runtime: Runtime, users: tuple[User, ...], root: str) -> list[Engine]:
    if any(_is_personal(template) for template in runtime.evidence):
        owners = tuple(user for user in users if _has_evidence(runtime, user, root))
        return [Engine(runtime, owners, root)] if owners else []
    found = _any_exists(runtime.evidence, root) and (not runtime.companions or _any_exists(runtime.companions, root))
    if found or (runtime.name == "docker" and _has_docker_socket(root)):
        return [Engine(runtime, users, root)]
    return []


def _any_exists(paths: t.Iterable[str], root: str) -> bool:
    return any(os.path.lexists(root + path) for path in paths)


def _has_evidence(runtime: Runtime, user: User, root: str) -> bool:
    return any(os.path.lexists(_expand(template, user, root)) for template in runtime.evidence)


def _has_docker_socket(root: str) -> bool:
    """Whether there is a Docker engine whose program lies elsewhere; podman's stand-in is a symbolic link."""
    snap = next(runtime for runtime in RUNTIMES if runtime.name == "docker_snap")
    try:
        is_socket = stat.S_ISSOCK(os.lstat(root + DOCKER_SOCKET).st_mode)
    except OSError:
        return False
    return is_socket and not _any_exists(snap.evidence, root)


def _is_personal(template: str) -> bool:
    return "{" in template


def _expand(template: str, user: User, root: str) -> str:
    prefix = "" if template.startswith("{home}") else root
    return prefix + template.format(home=user.home, uid=user.uid)


__all__ = ("Engine", "Place", "User", "find_engines", "find_users")
