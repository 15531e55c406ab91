# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container engines as data. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import os
import stat
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._as_user import find_account
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

AUTO = "auto"
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
class Runtime:
    """Where a container engine keeps what this collection cares for.

    `{home}` and `{uid}` in a path stand for each user's; a path without them is the system's.

    :param evidence: paths of which any tells that the engine is installed.
    :param certificates: directory in which each registry has one for its CA certificates.
    :param removable: directory above `certificates` that goes with the last file, if nothing else is in it.
    :param overrides: directories of the same kind that hide `certificates` where they have the registry.
    :param auth_file: credentials, in the format of Docker's `config.json`, kept over a restart of the machine.
    :param auth_root: directory above it that only the engine may make; empty where anyone may.
    :param shadows: auth files that are read first, and so hide a newer entry of `auth_file`.
    :param daemon: name of the process that reads `settings` when it starts; empty where there is none.
    :param settings: file, or directory of drop-ins, that says which registries may be used without TLS.
    """

    name: str
    evidence: tuple[str, ...]
    certificates: str
    removable: str
    auth_file: str
    settings: str
    daemon: str = ""
    auth_root: str = ""
    overrides: tuple[str, ...] = ()
    shadows: tuple[str, ...] = ()


_BINARIES = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")


def _programs(*names: str) -> tuple[str, ...]:
    return tuple(f"{directory}/{name}" for name in names for directory in _BINARIES)


def _containers(name: str, programs: tuple[str, ...], daemon: str = "") -> Runtime:
    """An engine on the containers/image library."""
    return Runtime(
        name=name,
        evidence=_programs(*programs),
        certificates="/etc/containers/certs.d",
        removable="/etc/containers",
        overrides=("{home}/.config/containers/certs.d",),
        auth_file="{home}/.config/containers/auth.json",
        shadows=("/run/containers/{uid}/auth.json", "/run/user/{uid}/containers/auth.json"),
        settings="/etc/containers/registries.conf.d",
        daemon=daemon,
    )


RUNTIMES = (
    Runtime(
        name="docker",
        evidence=_programs("dockerd"),
        certificates="/etc/docker/certs.d",
        removable="/etc/docker/certs.d",
        auth_file="{home}/.docker/config.json",
        settings="/etc/docker/daemon.json",
        daemon="dockerd",
    ),
    Runtime(
        name="docker_snap",
        evidence=("/snap/bin/docker", "/var/snap/docker/current"),
        certificates="/var/snap/docker/current/etc/docker/certs.d",
        removable="/var/snap/docker/current/etc/docker/certs.d",
        auth_file="{home}/snap/docker/current/.docker/config.json",
        auth_root="{home}/snap/docker/current",
        settings="/var/snap/docker/current/config/daemon.json",
        daemon="dockerd",
    ),
    Runtime(
        name="docker_rootless",
        evidence=("{home}/.config/systemd/user/docker.service", "/run/user/{uid}/docker.sock"),
        certificates="{home}/.config/docker/certs.d",
        removable="{home}/.config",
        auth_file="{home}/.docker/config.json",
        settings="{home}/.config/docker/daemon.json",
        daemon="dockerd",
    ),
    _containers("podman", ("podman", "buildah", "skopeo")),
    _containers("crio", ("crio",), daemon="crio"),
)
NAMES = tuple(runtime.name for runtime in RUNTIMES)


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
        """What a path of the runtime is here: one for each user, or one of the system."""
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
        elif AUTO in names:
            engines.extend(_detect(runtime, tuple(users), root))
    return engines


def _detect(runtime: Runtime, users: tuple[User, ...], root: str) -> list[Engine]:
    if any(_is_personal(template) for template in runtime.evidence):
        owners = tuple(user for user in users if _has_evidence(runtime, user, root))
        return [Engine(runtime, owners, root)] if owners else []
    found = any(os.path.lexists(root + path) for path in runtime.evidence)
    if found or (runtime.name == "docker" and _has_docker_socket(root)):
        return [Engine(runtime, users, root)]
    return []


def _has_evidence(runtime: Runtime, user: User, root: str) -> bool:
    return any(os.path.lexists(_expand(template, user, root)) for template in runtime.evidence)


def _has_docker_socket(root: str) -> bool:
    """Whether there is a Docker engine whose program lies elsewhere; podman's stand-in is a symbolic link."""
    snap = next(runtime for runtime in RUNTIMES if runtime.name == "docker_snap")
    try:
        is_socket = stat.S_ISSOCK(os.lstat(root + DOCKER_SOCKET).st_mode)
    except OSError:
        return False
    return is_socket and not any(os.path.lexists(root + path) for path in snap.evidence)


def _is_personal(template: str) -> bool:
    return "{" in template


def _expand(template: str, user: User, root: str) -> str:
    prefix = "" if template.startswith("{home}") else root
    return prefix + template.format(home=user.home, uid=user.uid)


__all__ = ("AUTO", "NAMES", "RUNTIMES", "Engine", "Place", "Runtime", "User", "find_engines", "find_users")
