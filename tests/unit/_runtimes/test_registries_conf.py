# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tomllib

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import find_engines
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.registries_conf import absent, mirrors, trust
from ansible_collections.edgeops.registry.tests.support.machine import Machine

ENDPOINT, OTHER = "registry.example.com:5000", "other.example.com:5000"
DIRECTORY = "etc/containers/registries.conf.d"
HUB = {"upstream": "docker.io", "prefix": "mirror/docker.io"}


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path / "machine", store=False)
    machine.put(f"{DIRECTORY}/shortnames.conf", "# foreign\n")
    return machine


def record(endpoint=ENDPOINT, **values):
    return Record.parse({"endpoint": endpoint, **values})


def apply(machine, plan, *what):
    [engine] = find_engines(["podman"], [], machine.root)
    changes = converge(plan(what, engine), Settings())
    assert not [failure for change in changes for failure in change.failures]
    return [change.path for change in changes if change.changed]


def forget(part):
    return lambda endpoints, engine: absent(part, endpoints, engine)


def drop_in(machine, host):
    return tomllib.loads((machine.path / DIRECTORY / f"edgeops-{host}.conf").read_text())


def test_a_registry_without_tls_gets_a_file_of_its_own(machine):
    before = machine.listing()
    plain = record(scheme="http")
    assert apply(machine, trust, plain)
    assert drop_in(machine, ENDPOINT) == {"registry": [{"location": ENDPOINT, "insecure": True}]}
    assert not apply(machine, trust, plain)
    assert apply(machine, forget("trust"), plain.endpoint)
    assert not apply(machine, forget("trust"), plain.endpoint)
    assert machine.listing() == before


def test_a_registry_that_got_tls_is_no_longer_used_without(machine):
    before = machine.listing()
    apply(machine, trust, record(scheme="http"))
    apply(machine, trust, record())
    assert machine.listing() == before


def test_two_mirrors_of_an_upstream_share_a_file_in_the_order_of_the_records(machine):
    before = machine.listing()
    first, second = record(mirrors=[HUB]), record(OTHER, scheme="http", mirrors=[{"upstream": "docker.io"}])
    apply(machine, mirrors, second)
    apply(machine, mirrors, first, second)
    mirror = [{"location": f"{ENDPOINT}/mirror/docker.io"}, {"location": OTHER, "insecure": True}]
    assert drop_in(machine, "docker.io") == {"registry": [{"location": "docker.io", "mirror": mirror}]}
    assert not apply(machine, mirrors, first, second)
    assert not apply(machine, mirrors, second)
    apply(machine, forget("mirrors"), first.endpoint)
    assert drop_in(machine, "docker.io") == {"registry": [{"location": "docker.io", "mirror": mirror[1:]}]}
    apply(machine, forget("mirrors"), second.endpoint)
    assert machine.listing() == before


def test_a_mirror_that_a_record_has_no_more_goes(machine):
    before = machine.listing()
    apply(machine, mirrors, record(mirrors=[HUB, {"upstream": "quay.io"}]))
    apply(machine, mirrors, record(mirrors=[HUB]))
    assert not (machine.path / DIRECTORY / "edgeops-quay.io.conf").exists()
    apply(machine, mirrors, record())
    assert machine.listing() == before


def test_a_registry_without_tls_for_which_another_one_stands_in(machine):
    """One file decides alone for a registry, so that both facts are in it."""
    plain, stand_in = record(scheme="http"), record(OTHER, mirrors=[{"upstream": ENDPOINT}])
    apply(machine, mirrors, stand_in)
    apply(machine, trust, plain)
    registry = {"location": ENDPOINT, "insecure": True, "mirror": [{"location": OTHER}]}
    assert drop_in(machine, ENDPOINT) == {"registry": [registry]}
    apply(machine, forget("trust"), plain.endpoint)
    assert drop_in(machine, ENDPOINT) == {"registry": [{"location": ENDPOINT, "mirror": [{"location": OTHER}]}]}
