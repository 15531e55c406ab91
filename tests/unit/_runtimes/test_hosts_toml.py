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
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.hosts_toml import (
    absent,
    credentials,
    mirrors,
    trust,
)
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.machine import Machine

ENDPOINT, OTHER = "registry.example.com:5000", "other.example.com:5000"
CERTS_D = "etc/containerd/certs.d"
HUB = {"upstream": "docker.io", "prefix": "mirror/docker.io"}
LOGIN = {"username": "edge", "password": "s3cret"}
BASIC = "Basic ZWRnZTpzM2NyZXQ="
URL = f"https://{ENDPOINT}/v2/mirror/docker.io"


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path / "machine", store=False)
    machine.put("etc/containerd/config.toml", "version = 2\n")
    return machine


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


def record(endpoint=ENDPOINT, **values):
    return Record.parse({"endpoint": endpoint, "name": "site-a", **values})


def apply(machine, plan, *what, runtime="containerd", **settings):
    [engine] = find_engines([runtime], [], machine.root)
    return converge(plan(what, engine), Settings(**settings))


def changed(changes):
    assert not [failure for change in changes for failure in change.failures]
    return [change.path for change in changes if change.changed]


def forget(part):
    return lambda endpoints, engine: absent(part, endpoints, engine)


def hosts(machine, host):
    return tomllib.loads((machine.path / CERTS_D / host / "hosts.toml").read_text())


def test_a_registry_is_its_own_server_with_its_ca(machine, authority):
    before = machine.listing()
    item = record(ca_certificates=[authority.pem])
    [certificate] = item.ca_certificates
    assert changed(apply(machine, trust, item))
    name = f"edgeops-site-a-{certificate.fingerprint[:16]}.crt"
    assert hosts(machine, ENDPOINT) == {"server": f"https://{ENDPOINT}", "ca": [name]}
    assert not changed(apply(machine, trust, item))
    assert changed(apply(machine, forget("trust"), item.endpoint))
    assert not changed(apply(machine, forget("trust"), item.endpoint))
    assert machine.listing() == before


def test_a_registry_with_a_public_ca_needs_no_file_and_loses_a_former_one(machine, authority):
    before = machine.listing()
    assert apply(machine, trust, record()) == []
    apply(machine, trust, record(ca_certificates=[authority.pem]))
    assert changed(apply(machine, trust, record()))
    assert machine.listing() == before


def test_a_registry_without_tls(machine):
    apply(machine, trust, record(scheme="http"))
    assert hosts(machine, ENDPOINT) == {"server": f"http://{ENDPOINT}"}


@pytest.mark.parametrize(
    ("values", "host", "expected"),
    [
        ({"mirrors": [HUB]}, "docker.io", {URL: {"capabilities": ["pull", "resolve"], "override_path": True}}),
        (
            {"mirrors": [{"upstream": "index.docker.io"}]},
            "docker.io",
            {f"https://{ENDPOINT}": {"capabilities": ["pull", "resolve"]}},
        ),
        (
            {"mirrors": [{"upstream": "quay.io:8443", "prefix": "q"}], "scheme": "http"},
            "quay.io:8443",
            {f"http://{ENDPOINT}/v2/q": {"capabilities": ["pull", "resolve"], "override_path": True}},
        ),
    ],
)
def test_a_mirror_comes_before_the_upstream(machine, values, host, expected):
    before = machine.listing()
    item = record(**values)
    apply(machine, mirrors, item)
    server = "https://registry-1.docker.io" if host == "docker.io" else f"https://{host}"
    assert hosts(machine, host) == {"server": server, "host": expected}
    assert not changed(apply(machine, mirrors, item))
    apply(machine, forget("mirrors"), item.endpoint)
    assert machine.listing() == before


def test_a_mirror_is_trusted_by_the_file_of_its_own_directory(machine, authority):
    item = record(mirrors=[HUB], ca_certificates=[authority.pem])
    apply(machine, mirrors, item)
    [path] = hosts(machine, "docker.io")["host"][URL]["ca"]
    assert path.startswith(f"/{CERTS_D}/{ENDPOINT}/edgeops-site-a-")


def test_two_mirrors_of_an_upstream_come_in_the_order_of_the_records_each_with_its_login(machine):
    before = machine.listing()
    first, second = record(mirrors=[HUB], **LOGIN), record(OTHER, mirrors=[{"upstream": "docker.io"}], **LOGIN)
    for records in ([second], [first, second], [second, first], [first, second]):
        apply(machine, mirrors, *records)
        apply(machine, credentials, *records)
        urls = [URL if item is first else f"https://{OTHER}" for item in records]
        assert list(hosts(machine, "docker.io")["host"]) == urls
        assert not changed([*apply(machine, mirrors, *records), *apply(machine, credentials, *records)])
    assert not changed([*apply(machine, mirrors, second), *apply(machine, credentials, second)])
    tables = [
        line for line in (machine.path / CERTS_D / "docker.io/hosts.toml").read_text().splitlines() if "[host" in line
    ]
    assert tables == [f'[host."{url}"{end}]' for url in urls for end in ("", ".header")]
    apply(machine, forget("mirrors"), first.endpoint)
    assert list(hosts(machine, "docker.io")["host"]) == [f"https://{OTHER}"]
    apply(machine, forget("mirrors"), second.endpoint)
    assert machine.listing() == before


def test_a_login_is_a_header_that_only_root_reads_and_no_diff_shows(machine):
    item = record(mirrors=[HUB], **LOGIN)
    apply(machine, mirrors, item)
    [change] = apply(machine, credentials, item, diff=True)
    file = machine.path / CERTS_D / "docker.io/hosts.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert hosts(machine, "docker.io")["host"][URL]["header"] == {"Authorization": BASIC}
    assert "ZWRn" not in json.dumps(change.diff)
    assert "<hidden>" in change.diff["after"]
    assert not changed([*apply(machine, mirrors, item), *apply(machine, credentials, item)])
    apply(machine, forget("credentials"), item.endpoint)
    assert "header" not in hosts(machine, "docker.io")["host"][URL]


@pytest.mark.parametrize("plan", [trust, mirrors])
def test_a_foreign_file_is_left_alone_and_reported(machine, authority, plan):
    foreign = [machine.put(f"{CERTS_D}/{host}/hosts.toml", 'server = "x"\n') for host in (ENDPOINT, "docker.io")]
    before = machine.listing()
    item = record(mirrors=[HUB], ca_certificates=[authority.pem])
    [change] = apply(machine, plan, item)
    assert [(failure["registry"], failure["reason"]) for failure in change.failures] == [(ENDPOINT, "conflict")]
    assert "Remove it" in change.failures[0]["remedy"]
    for part in ("trust", "mirrors"):
        assert apply(machine, forget(part), item.endpoint) == []
    assert machine.listing() == before
    assert foreign[0].exists()


@pytest.mark.parametrize(
    ("endpoint", "name"), [(ENDPOINT, "registry.example.com_5000_"), ("[::1]:5000", "[::1]_5000_")]
)
def test_p14_the_other_name_of_a_directory_would_hide_ours(machine, authority, endpoint, name):
    machine.put(f"{CERTS_D}/{name}/hosts.toml")
    [change] = apply(machine, trust, record(endpoint, ca_certificates=[authority.pem]))
    assert change.failures[0]["reason"] == "conflict"
    assert name in change.failures[0]["msg"]


def test_microk8s_has_a_directory_of_its_own(machine, authority):
    machine.put("var/snap/microk8s/current/args/certs.d/localhost__32000/hosts.toml")
    before = machine.listing()
    item = record(ca_certificates=[authority.pem], mirrors=[{"upstream": "quay.io"}])
    apply(machine, trust, item, runtime="microk8s")
    apply(machine, mirrors, item, runtime="microk8s")
    directory = machine.path / "var/snap/microk8s/current/args/certs.d"
    assert (directory / ENDPOINT / "hosts.toml").exists()
    assert f"{directory.relative_to(machine.path)}/{ENDPOINT}/edgeops" in (directory / "quay.io/hosts.toml").read_text()
    for part in ("trust", "mirrors"):
        apply(machine, forget(part), item.endpoint, runtime="microk8s")
    assert machine.listing() == before
