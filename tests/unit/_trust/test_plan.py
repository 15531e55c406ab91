# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import User, find_engines
from ansible_collections.edgeops.registry.plugins.module_utils._trust.plan import absent, present
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.machine import Machine

ENDPOINT = "registry.example.com:5000"


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "machine")


@pytest.fixture
def user(machine):
    home = machine.path / "home/me"
    home.mkdir(parents=True)
    return User("root", os.getuid(), str(home))


@pytest.fixture
def authorities(tmp_path):
    return [Authority(tmp_path / name, name=name) for name in ("old", "new")]


def record(*authorities, endpoint=ENDPOINT, **values):
    pems = [authority.pem for authority in authorities]
    return Record.parse({"endpoint": endpoint, "name": "site-a", "ca_certificates": pems, **values})


def apply(plans):
    changes = converge(plans, Settings())
    assert not [failure for change in changes for failure in change.failures]
    return [change.path for change in changes if change.changed]


def names(directory):
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


def file_names(item):
    return sorted(f"edgeops-{item.name}-{certificate.fingerprint[:16]}.crt" for certificate in item.ca_certificates)


def test_p12_a_bundle_becomes_one_file_per_certificate(machine, authorities):
    bundle = "".join(f"garbage before\n{authority.pem}\n" for authority in authorities)
    item = Record.parse({"endpoint": ENDPOINT, "name": "site-a", "ca_certificates": [bundle]})
    apply(present([item], [], machine.store))
    assert names(machine.anchors) == file_names(item)
    for path in machine.anchors.iterdir():
        assert path.read_text().count("BEGIN CERTIFICATE") == 1
        assert "garbage" not in path.read_text()
        assert oct(path.stat().st_mode & 0o777) == "0o644"


def test_again_changes_nothing_and_absent_takes_all_of_it_back(machine, authorities):
    machine.install("podman")
    engines = find_engines(["auto"], [], machine.root)
    before = machine.listing()
    item = record(*authorities)
    assert len(apply(present([item], engines, machine.store))) == 4
    assert apply(present([item], engines, machine.store)) == []
    assert len(apply(absent([item.endpoint], engines, machine.store))) == 4
    assert apply(absent([item.endpoint], engines, machine.store)) == []
    assert machine.listing() == before


def test_a_rotation_keeps_both_and_then_drops_the_old(machine, authorities):
    machine.install("podman")
    engines = find_engines(["auto"], [], machine.root)
    directory = machine.path / "etc/containers/certs.d" / ENDPOINT
    for stage in (authorities[:1], authorities, authorities[1:]):
        item = record(*stage)
        apply(present([item], engines, machine.store))
        assert names(machine.anchors) == names(directory) == file_names(item)


def test_an_anchor_that_two_registries_claim_stays_for_the_other(machine, authorities):
    first, second = record(authorities[0]), record(authorities[0], endpoint="registry.example.com:5001")
    apply(present([first, second], [], machine.store))
    assert len(names(machine.anchors)) == 1
    assert apply(present([first, second], [], machine.store)) == []
    apply(absent([first.endpoint], [], machine.store))
    assert len(names(machine.anchors)) == 1
    assert apply(present([second], [], machine.store)) == []
    apply(absent([second.endpoint], [], machine.store))
    assert names(machine.anchors) == []


def test_absent_needs_only_the_endpoint_and_a_renamed_record_leaves_nothing(machine, authorities):
    apply(present([record(authorities[0], name="before")], [], machine.store))
    item = record(authorities[0], name="after")
    apply(present([item], [], machine.store))
    assert names(machine.anchors) == file_names(item)
    apply(absent([Endpoint.parse(ENDPOINT)], [], machine.store))
    assert names(machine.anchors) == []


def test_files_of_others_stay(machine, authorities):
    machine.install("podman")
    engines = find_engines(["auto"], [], machine.root)
    foreign = [
        machine.put("usr/local/share/ca-certificates/mine.crt", authorities[0].pem),
        machine.put("usr/local/share/ca-certificates/edgeops-by-hand.crt", authorities[0].pem),
        machine.put(f"etc/containers/certs.d/{ENDPOINT}/ca.crt", authorities[0].pem),
        machine.put(f"etc/containers/certs.d/{ENDPOINT}/client.cert", "client"),
    ]
    item = record(authorities[0])
    apply(present([item], engines, machine.store))
    assert set(file_names(item)) < set(names(machine.anchors))
    apply(absent([item.endpoint], engines, machine.store))
    assert all(path.exists() for path in foreign)
    assert names(machine.anchors) == ["edgeops-by-hand.crt", "mine.crt"]
    assert names(foreign[2].parent) == ["ca.crt", "client.cert"]


@pytest.mark.parametrize("endpoint", ["registry.example.com:5000", "192.0.2.1:443", "[2001:db8::10]:5000"])
def test_p14_the_directory_is_host_and_port_exactly_and_the_file_ends_in_crt(machine, authorities, endpoint):
    engines = find_engines(["docker", "podman"], [], machine.root)
    item = record(authorities[0], endpoint=endpoint)
    apply(present([item], engines, None))
    for directory in ("etc/docker/certs.d", "etc/containers/certs.d"):
        assert names(machine.path / directory) == [endpoint]
        assert names(machine.path / directory / endpoint) == file_names(item)
        assert all(name.endswith(".crt") for name in file_names(item))


def test_p14_an_old_port_is_cleaned(machine, authorities):
    engines = find_engines(["docker"], [], machine.root)
    old, new = record(authorities[0]), record(authorities[0], endpoint="registry.example.com:5443")
    apply(present([old], engines, machine.store))
    apply(absent([old.endpoint], engines, machine.store) + present([new], engines, machine.store))
    assert names(machine.path / "etc/docker/certs.d") == ["registry.example.com:5443"]
    assert names(machine.anchors) == file_names(new)


def test_p15_the_snap_has_a_directory_of_its_own(machine, authorities):
    machine.put("var/snap/docker/current/.keep")
    engines = find_engines(["auto"], [], machine.root)
    apply(present([record(authorities[0])], engines, None))
    assert names(machine.path / "var/snap/docker/current/etc/docker/certs.d") == [ENDPOINT]
    assert not (machine.path / "etc/docker").exists()


def test_p16_rootless_docker_reads_below_the_users_home(machine, user, authorities):
    machine.put("home/me/.config/systemd/user/docker.service")
    engines = find_engines(["auto"], [user], machine.root)
    plans = present([record(authorities[0])], engines, None)
    assert {plan.account for plan in plans} == {"root"}
    apply(plans)
    assert names(machine.path / "home/me/.config/docker/certs.d") == [ENDPOINT]
    assert not (machine.path / "etc/docker").exists()


def test_a_users_own_directory_that_would_hide_the_systems_is_served_too(machine, user, authorities):
    machine.install("podman")
    engines = find_engines(["auto"], [user], machine.root)
    own = machine.path / "home/me/.config/containers/certs.d" / ENDPOINT
    item = record(authorities[0])
    apply(present([item], engines, None))
    assert not own.exists()
    machine.put(f"home/me/.config/containers/certs.d/{ENDPOINT}/mine.crt", authorities[1].pem)
    apply(present([item], engines, None))
    assert names(own) == sorted(["mine.crt", *file_names(item)])
    apply(absent([item.endpoint], engines, None))
    assert names(own) == ["mine.crt"]


def test_engines_that_share_a_directory_cost_one_write(machine, authorities):
    engines = find_engines(["podman", "crio"], [], machine.root)
    assert len(present([record(authorities[0])], engines, None)) == 1
