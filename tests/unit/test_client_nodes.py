# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of Kubernetes as clients: several parts in one file."""

from __future__ import annotations

import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._client import Options, provision
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.tests.support.machine import Machine
from ansible_collections.edgeops.registry.tests.support.run_command import run_command

DO = Settings(diff=True, run_command=run_command)
CONFIG = "etc/containerd/config.toml"
REGISTRIES_YAML = "etc/rancher/k3s/registries.yaml"
AUTH_FILE = "var/lib/kubelet/config.json"
PARTS = ("trust", "mirrors", "credentials")


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path / "machine")
    machine.install("containerd", "kubelet", "k3s", "podman")
    machine.put(CONFIG, "version = 4\n")
    machine.put("var/lib/kubelet/kubeadm-flags.env")
    machine.put("root/.profile")
    return machine


@pytest.fixture
def record(registry):
    return {**registry.record_dict_for("localhost"), "mirrors": [{"upstream": "docker.io", "prefix": "mirror"}]}


@pytest.fixture
def run(machine, record):
    def provision_there(settings=DO, **options):
        chosen = {"registries": [record], "runtimes": ["auto", "kubelet"], "timeout": 5, **options}
        return provision(Options(**chosen), settings, machine.root)

    return provision_there


def changed(outcome):
    return {part for part, is_changed in outcome.facts["registries"][0]["changed"].items() if is_changed}


def test_check_do_again_and_back(machine, run, record, registry):
    virgin = machine.listing()
    predicted = run(Settings(check_mode=True, diff=True))
    assert machine.listing() == virgin
    done = run()
    assert not done.failed
    assert done.facts["runtimes"] == ["containerd", "k3s", "kubelet", "podman"]
    assert done.diff == predicted.diff
    assert changed(done) == changed(predicted) == set(PARTS)
    assert registry.password not in json.dumps([done.facts, done.diff])
    assert record["endpoint"] in json.loads((machine.path / AUTH_FILE).read_text())["auths"]
    registry.clear_access_log()
    assert not run().changed
    assert len(registry.access_log()) == 1
    assert not run(Settings(check_mode=True)).changed
    assert not run(parts=["verify"]).failed
    gone = {"state": "absent", "registries": [{"endpoint": record["endpoint"]}]}
    assert run(Settings(check_mode=True, diff=True), **gone).diff == run(**gone).diff
    assert not run(**gone).changed
    assert machine.listing() == virgin


@pytest.mark.parametrize("part", PARTS)
def test_a_part_alone_comes_and_goes_alone(machine, run, record, part):
    virgin = machine.listing()
    gone = {"state": "absent", "registries": [{"endpoint": record["endpoint"]}]}
    assert changed(run(parts=[part])) == {part}
    assert changed(run(parts=["verify"])) == set()
    assert {failure["part"] for failure in run(parts=["verify"]).facts["failures"]} == set(PARTS) - {part}
    assert not run(parts=[part]).changed
    assert changed(run(parts=[part], **gone)) == {part}
    assert machine.listing() == virgin
    run()
    run(parts=[part], **gone)
    assert {failure["part"] for failure in run(parts=["verify"]).facts["failures"]} == {part}
    run()
    assert not run(parts=["verify"]).failed


def test_settings_that_exclude_it_stop_everything_for_the_registry(machine, run, record):
    machine.put(CONFIG, "version = 3\n")
    virgin = machine.listing()
    outcome = run()
    assert {(failure["part"], failure["reason"]) for failure in outcome.facts["failures"]} == {
        ("trust", "unsupported"),
        ("mirrors", "unsupported"),
    }
    assert machine.listing() == virgin
    assert not run(runtimes=["k3s", "podman"]).failed


@pytest.mark.parametrize(
    ("programs", "runtimes", "expected"),
    [
        (("containerd", "kubelet"), ["auto"], [("credentials", "pull secrets")]),
        (("containerd", "kubelet"), ["auto", "kubelet"], []),
        (("k3s",), ["auto"], []),
        (("crio",), ["auto"], []),
        ((), ["auto"], [("credentials", "no container engine")]),
        (("dockerd",), ["auto"], [("mirrors", "docker.io")]),
    ],
)
def test_what_an_engine_cannot_do_is_told(tmp_path, registry, record, programs, runtimes, expected):
    machine = Machine(tmp_path / "another")
    machine.install(*programs)
    outcome = provision(Options(registries=[record], runtimes=runtimes), DO, machine.root)
    assert not outcome.failed
    found = [(item["part"], item["msg"]) for item in outcome.facts["left_out"]]
    assert len(found) == len(expected)
    for (part, text), (expected_part, words) in zip(found, expected, strict=True):
        assert part == expected_part
        assert words in text


def test_the_kubelet_knows_no_credential_store(machine, run, record):
    machine.put(AUTH_FILE, json.dumps({"credsStore": "desktop", "auths": {"other": {"auth": "b3RoZXI="}}}))
    outcome = run(runtimes=["kubelet"], parts=["credentials"])
    assert not outcome.failed
    assert set(json.loads((machine.path / AUTH_FILE).read_text())["auths"]) == {"other", record["endpoint"]}
    assert (machine.path / AUTH_FILE).stat().st_mode & 0o777 == 0o600
