# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import tomllib

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import find_engines
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.plain_http import absent, present
from ansible_collections.edgeops.registry.tests.support.machine import Machine

ENDPOINT = "registry.example.com:5000"
SETTINGS = "etc/docker/daemon.json"
DROP_IN = f"etc/containers/registries.conf.d/edgeops-{ENDPOINT}.conf"


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "machine", store=False)


def record(scheme="http", endpoint=ENDPOINT):
    return Record.parse({"endpoint": endpoint, "scheme": scheme})


def apply(machine, runtime, plan, what, **settings):
    [engine] = find_engines([runtime], [], machine.root)
    return converge(plan(what, engine), Settings(**settings))


@pytest.mark.parametrize(
    "before",
    [
        None,
        '{\n    "proxies": {"http-proxy": "http://u:p@proxy"},\n    "debug": true\n}\n',
        '{\n  "insecure-registries": [\n    "other:1"\n  ]\n}\n',
    ],
)
def test_docker_settings_are_merged_and_put_back(machine, before):
    file = machine.path / SETTINGS
    if before:
        machine.put(SETTINGS, before)
    [change] = apply(machine, "docker", present, record(), diff=True)
    assert change.changed
    assert "u:p" not in json.dumps(change.diff)
    settings = json.loads(file.read_text())
    old = json.loads(before or "{}")
    assert settings == {**old, "insecure-registries": [*old.get("insecure-registries", []), ENDPOINT]}
    assert list(settings)[: len(old)] == list(old)
    assert not apply(machine, "docker", present, record())[0].changed
    apply(machine, "docker", absent, record().endpoint)
    assert json.loads(file.read_text() if before else "{}") == old
    assert file.exists() == bool(before)


@pytest.mark.parametrize(
    "content", ['{"debug": true,}', "[]", '{"insecure-registries": "x"}', "x", '{"a": 1, "a": 2}', "[" * 100000]
)
def test_docker_settings_that_cannot_be_understood_stay(machine, content):
    file = machine.put(SETTINGS, content)
    [change] = apply(machine, "docker", present, record())
    assert [failure["reason"] for failure in change.failures] == ["unparsable"]
    assert change.failures[0]["registry"] == ENDPOINT
    assert file.read_text() == content


def test_podman_gets_a_file_of_its_own(machine):
    machine.put("etc/containers/registries.conf.d/shortnames.conf", "# foreign\n")
    before = machine.listing()
    apply(machine, "podman", present, record())
    written = tomllib.loads((machine.path / DROP_IN).read_text())
    assert written == {"registry": [{"location": ENDPOINT, "insecure": True}]}
    assert not apply(machine, "podman", present, record())[0].changed
    apply(machine, "podman", absent, record().endpoint)
    assert machine.listing() == before


def test_a_registry_that_got_tls_is_no_longer_used_without(machine):
    apply(machine, "podman", present, record())
    apply(machine, "podman", present, record("https"))
    assert not (machine.path / DROP_IN).exists()


def test_a_foreign_entry_for_a_registry_with_tls_stays_with_docker(machine):
    machine.put(SETTINGS, json.dumps({"insecure-registries": [ENDPOINT]}))
    assert apply(machine, "docker", present, record("https")) == []
