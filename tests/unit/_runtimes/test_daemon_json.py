# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.daemon_json import absent, mirrors, trust
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import find_engines
from ansible_collections.edgeops.registry.tests.support.machine import Machine

ENDPOINT = "registry.example.com:5000"
SETTINGS = "etc/docker/daemon.json"
OTHER = "other.example.com:5000"
HUB = {"upstream": "docker.io"}


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "machine", store=False)


def record(scheme="http", endpoint=ENDPOINT, **values):
    return Record.parse({"endpoint": endpoint, "scheme": scheme, **values})


def apply(machine, plan, *what, **settings):
    [engine] = find_engines(["docker"], [], machine.root)
    return converge(plan(what, engine), Settings(**settings))


def forget(part):
    return lambda endpoints, engine: absent(part, endpoints, engine)


def has(machine):
    return json.loads((machine.path / SETTINGS).read_text())


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
    [change] = apply(machine, trust, record(), diff=True)
    assert change.changed
    assert "u:p" not in json.dumps(change.diff)
    settings = json.loads(file.read_text())
    old = json.loads(before or "{}")
    assert settings == {**old, "insecure-registries": [*old.get("insecure-registries", []), ENDPOINT]}
    assert list(settings)[: len(old)] == list(old)
    assert not apply(machine, trust, record())[0].changed
    apply(machine, forget("trust"), record().endpoint)
    assert json.loads(file.read_text() if before else "{}") == old
    assert file.exists() == bool(before)


@pytest.mark.parametrize(
    "content", ['{"debug": true,}', "[]", '{"insecure-registries": "x"}', "x", '{"a": 1, "a": 2}', "[" * 100000]
)
def test_docker_settings_that_cannot_be_understood_stay(machine, content):
    file = machine.put(SETTINGS, content)
    [change] = apply(machine, trust, record())
    assert [failure["reason"] for failure in change.failures] == ["unparsable"]
    assert change.failures[0]["registry"] == ENDPOINT
    assert file.read_text() == content


def test_a_foreign_entry_for_a_registry_with_tls_stays_with_docker(machine):
    machine.put(SETTINGS, json.dumps({"insecure-registries": [ENDPOINT]}))
    assert apply(machine, trust, record("https")) == []


@pytest.mark.parametrize("upstream", ["docker.io", "index.docker.io", "registry-1.docker.io"])
def test_mirrors_of_docker_hub_come_before_foreign_ones_and_in_the_order_of_the_records(machine, upstream):
    before = '{\n  "registry-mirrors": [\n    "https://foreign"\n  ]\n}\n'
    file = machine.put(SETTINGS, before)
    records = [record("https", mirrors=[{"upstream": upstream}]), record(endpoint=OTHER, mirrors=[HUB])]
    [change] = apply(machine, mirrors, *records, diff=True)
    assert change.owners == (ENDPOINT, OTHER)
    assert has(machine)["registry-mirrors"] == [f"https://{ENDPOINT}", f"http://{OTHER}", "https://foreign"]
    assert "registry-mirrors" in change.diff["after"]
    assert not apply(machine, mirrors, *records)[0].changed
    assert not apply(machine, mirrors, records[1])[0].changed
    assert apply(machine, mirrors, *reversed(records))[0].changed
    assert has(machine)["registry-mirrors"] == [f"http://{OTHER}", f"https://{ENDPOINT}", "https://foreign"]
    apply(machine, forget("mirrors"), *(item.endpoint for item in records))
    assert file.read_text() == before


@pytest.mark.parametrize(
    "values",
    [
        {"mirrors": [{"upstream": "quay.io"}]},
        {"mirrors": [{"upstream": "docker.io", "prefix": "mirror"}]},
        {"mirrors": [HUB], "username": "edge", "password": "s3cret"},
    ],
)
def test_a_mirror_that_docker_would_not_use_is_none(machine, values):
    assert apply(machine, mirrors, record("https", **values)) == []


def test_the_parts_do_not_touch_each_other(machine):
    both = record(mirrors=[HUB])
    apply(machine, trust, both)
    apply(machine, mirrors, both)
    apply(machine, forget("trust"), both.endpoint)
    assert has(machine) == {"registry-mirrors": [f"http://{ENDPOINT}"]}
    apply(machine, forget("mirrors"), both.endpoint)
    assert not (machine.path / SETTINGS).exists()
