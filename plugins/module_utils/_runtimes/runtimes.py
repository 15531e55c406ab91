# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container engines as data. This module util is private to the collection."""

from __future__ import annotations

import dataclasses

AUTO = "auto"


@dataclasses.dataclass(frozen=True)
class Runtime:
    """Where a container engine keeps what this collection cares for; empty what it does not have.

    `{home}` and `{uid}` in a path stand for each user's; a path without them is the system's.

    :param evidence: paths of which any tells that the engine is installed.
    :param companions: paths of which one must be there too: an engine may be no more than a part of another one.
    :param is_optional: whether it is served only where it is named.
    :param certificates: directory in which each registry has one for its CA certificates.
    :param removable: directory above `certificates` that goes with the last file, if nothing else is in it.
    :param overrides: directories of the same kind that hide `certificates` where they have the registry.
    :param has_hosts_toml: whether a registry's directory also holds a `hosts.toml`, as containerd reads it.
    :param auth_file: credentials, in the format of Docker's `config.json`, kept over a restart of the machine.
    :param auth_root: directory above it that only the engine may make; empty where anyone may.
    :param shadows: auth files that are read first, and so hide a newer entry of `auth_file`.
    :param daemons: names of the processes that read `settings` when they start.
    :param daemon_json: Docker's settings.
    :param registries_conf: directory of drop-ins for containers-registries.conf(5).
    :param config_toml: containerd's settings, which say whether it reads `certificates`.
    :param registries_yaml: all that k3s and RKE2 know of registries.
    """

    name: str
    evidence: tuple[str, ...]
    companions: tuple[str, ...] = ()
    is_optional: bool = False
    certificates: str = ""
    removable: str = ""
    overrides: tuple[str, ...] = ()
    has_hosts_toml: bool = False
    auth_file: str = ""
    auth_root: str = ""
    shadows: tuple[str, ...] = ()
    daemons: tuple[str, ...] = ()
    daemon_json: str = ""
    registries_conf: str = ""
    config_toml: str = ""
    registries_yaml: str = ""

    @property
    def drop_in(self) -> str:
        """A file of ours that containerd's settings may import."""
        return self.config_toml.replace("config.toml", "conf.d/edgeops-registry.toml")

    @property
    def settings(self) -> tuple[str, ...]:
        """Files, and directories of files, that `daemons` read when they start."""
        paths = (self.daemon_json, self.registries_conf, self.config_toml, self.drop_in, self.registries_yaml)
        return tuple(path for path in paths if path)


_BINARIES = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")


def _programs(*names: str) -> tuple[str, ...]:
    return tuple(f"{directory}/{name}" for name in names for directory in _BINARIES)


def _containers(name: str, programs: tuple[str, ...], *daemons: str) -> Runtime:
    """An engine on the containers/image library."""
    return Runtime(
        name=name,
        evidence=_programs(*programs),
        certificates="/etc/containers/certs.d",
        removable="/etc/containers",
        overrides=("{home}/.config/containers/certs.d",),
        auth_file="{home}/.config/containers/auth.json",
        shadows=("/run/containers/{uid}/auth.json", "/run/user/{uid}/containers/auth.json"),
        registries_conf="/etc/containers/registries.conf.d",
        daemons=daemons,
    )


RUNTIMES = (
    Runtime(
        name="docker",
        evidence=_programs("dockerd"),
        certificates="/etc/docker/certs.d",
        removable="/etc/docker/certs.d",
        auth_file="{home}/.docker/config.json",
        daemon_json="/etc/docker/daemon.json",
        daemons=("dockerd",),
    ),
    Runtime(
        name="docker_snap",
        evidence=("/snap/bin/docker", "/var/snap/docker/current"),
        certificates="/var/snap/docker/current/etc/docker/certs.d",
        removable="/var/snap/docker/current/etc/docker/certs.d",
        auth_file="{home}/snap/docker/current/.docker/config.json",
        auth_root="{home}/snap/docker/current",
        daemon_json="/var/snap/docker/current/config/daemon.json",
        daemons=("dockerd",),
    ),
    Runtime(
        name="docker_rootless",
        evidence=("{home}/.config/systemd/user/docker.service", "/run/user/{uid}/docker.sock"),
        certificates="{home}/.config/docker/certs.d",
        removable="{home}/.config",
        auth_file="{home}/.docker/config.json",
        daemon_json="{home}/.config/docker/daemon.json",
        daemons=("dockerd",),
    ),
    Runtime(
        name="containerd",
        evidence=_programs("containerd"),
        companions=_programs("kubelet", "nerdctl"),
        certificates="/etc/containerd/certs.d",
        removable="/etc/containerd/certs.d",
        has_hosts_toml=True,
        config_toml="/etc/containerd/config.toml",
        daemons=("containerd",),
    ),
    Runtime(
        name="k3s",
        evidence=_programs("k3s"),
        registries_yaml="/etc/rancher/k3s/registries.yaml",
        daemons=("k3s-server", "k3s-agent"),
    ),
    Runtime(
        name="rke2",
        evidence=(*_programs("rke2"), "/opt/rke2/bin/rke2"),
        registries_yaml="/etc/rancher/rke2/registries.yaml",
        daemons=("rke2",),
    ),
    Runtime(
        name="microk8s",
        evidence=("/snap/bin/microk8s", "/var/snap/microk8s/current"),
        certificates="/var/snap/microk8s/current/args/certs.d",
        removable="/var/snap/microk8s/current/args/certs.d",
        has_hosts_toml=True,
    ),
    Runtime(
        name="kubelet",
        evidence=_programs("kubelet"),
        is_optional=True,
        auth_file="/var/lib/kubelet/config.json",
    ),
    _containers("podman", ("podman", "buildah", "skopeo")),
    _containers("crio", ("crio",), "crio"),
)
NAMES = tuple(runtime.name for runtime in RUNTIMES)


__all__ = ("AUTO", "NAMES", "RUNTIMES", "Runtime")
