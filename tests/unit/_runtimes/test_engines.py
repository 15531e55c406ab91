# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import (
    Place,
    User,
    find_engines,
    find_users,
)
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.runtimes import NAMES
from ansible_collections.edgeops.registry.tests.support.machine import Machine


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "machine", store=False)


def found(machine, *users, names=("auto",)):
    return [engine.runtime.name for engine in find_engines(names, users, machine.root)]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([], []),
        (["usr/sbin/dockerd"], ["docker"]),
        (["usr/local/bin/dockerd"], ["docker"]),
        (["var/snap/docker/current/x"], ["docker_snap"]),
        (["snap/bin/docker"], ["docker_snap"]),
        (["usr/bin/podman"], ["podman"]),
        (["usr/bin/skopeo"], ["podman"]),
        (["usr/bin/buildah"], ["podman"]),
        (["usr/bin/crio"], ["crio"]),
        (["usr/bin/dockerd", "usr/bin/podman"], ["docker", "podman"]),
        (["usr/bin/docker"], []),
        (["usr/bin/containerd", "usr/bin/dockerd"], ["docker"]),
        (["usr/bin/containerd", "usr/local/bin/kubelet"], ["containerd"]),
        (["usr/local/bin/containerd", "usr/local/bin/nerdctl"], ["containerd"]),
        (["usr/bin/kubelet"], []),
        (["usr/local/bin/k3s"], ["k3s"]),
        (["opt/rke2/bin/rke2"], ["rke2"]),
        (["snap/bin/microk8s"], ["microk8s"]),
    ],
)
def test_auto_finds_what_is_installed(machine, paths, expected):
    for path in paths:
        machine.put(path)
    assert found(machine) == expected


def test_a_docker_socket_tells_of_an_engine_whose_program_lies_elsewhere(tmp_path, monkeypatch):
    machine = Machine(tmp_path, store=False)
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")  # the path of a socket may be no longer than 107 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("docker.sock")
        assert found(machine) == ["docker"]
        machine.put("snap/bin/docker")
        assert found(machine) == ["docker_snap"]


def test_podmans_stand_in_for_the_docker_socket_is_no_docker(machine):
    machine.install("podman")
    machine.put("run/podman/podman.sock")
    (machine.path / "run/docker.sock").symlink_to("podman/podman.sock")
    assert found(machine) == ["podman"]


@pytest.mark.parametrize("evidence", ["home/me/.config/systemd/user/docker.service", "run/user/1234/docker.sock"])
def test_p16_rootless_docker_is_found_for_the_user_who_has_it(machine, evidence):
    machine.put(evidence)
    me = User("me", 1234, f"{machine.root}/home/me")
    other = User("other", 1235, f"{machine.root}/home/other")
    [engine] = find_engines(["auto"], [me, other], machine.root)
    assert engine.runtime.name == "docker_rootless"
    assert engine.users == (me,)


@pytest.mark.parametrize("name", NAMES)
def test_a_runtime_that_is_named_is_served_before_it_is_installed(machine, name):
    assert found(machine, names=[name]) == [name]


def test_auto_and_a_name_go_together(machine):
    machine.install("podman", "dockerd")
    assert found(machine, names=["crio", "auto"]) == ["docker", "podman", "crio"]


def test_logins_for_a_whole_node_are_a_decision(machine):
    machine.install("kubelet", "containerd")
    assert found(machine) == ["containerd"]
    assert found(machine, names=["auto", "kubelet"]) == ["containerd", "kubelet"]


def test_an_unknown_runtime_is_refused(machine):
    with pytest.raises(ProvisioningError, match="'dokcer' is not a runtime"):
        found(machine, names=["dokcer"])


def test_places_are_the_systems_or_one_for_each_user(machine):
    users = (User("root", 0, "/root"), User("me", 1234, "/home/me"))
    [engine] = find_engines(["podman"], users, machine.root)
    assert engine.places("/etc/x") == [Place(f"{machine.root}/etc/x")]
    assert engine.places("") == []
    assert engine.places("{home}/x") == [Place("/root/x", "root"), Place("/home/me/x", "me")]
    assert engine.places("/run/user/{uid}/x") == [
        Place(f"{machine.root}/run/user/0/x", "root"),
        Place(f"{machine.root}/run/user/1234/x", "me"),
    ]


def test_users_are_found_once_each():
    [root] = find_users(["root", "root"], "/somewhere")
    assert (root.name, root.uid) == ("root", 0)
    assert root.home.startswith("/somewhere/")


def test_a_user_who_is_not_there_is_refused():
    with pytest.raises(ProvisioningError, match="no user 'nobody-at-all'"):
        find_users(["nobody-at-all"])
