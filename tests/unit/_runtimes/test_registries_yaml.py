# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import sys

import pytest
import yaml
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.claims import TITLE
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import find_engines
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.registries_yaml import (
    absent,
    credentials,
    mirrors,
    trust,
)
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.machine import Machine

ENDPOINT, OTHER = "registry.example.com:5000", "other.example.com:5000"
FILE = "etc/rancher/k3s/registries.yaml"
BUNDLE = f"etc/rancher/k3s/edgeops-{ENDPOINT}.crt"
LOGIN = {"username": "edge", "password": "s3cret: #\u20ac\U0001f511"}
HUB = {"upstream": "docker.io", "prefix": "mirror/docker.io"}
URL = f"https://{ENDPOINT}"
MIRROR = {"endpoint": [URL], "rewrite": {"^(.*)$": "mirror/docker.io/$1"}}
FOREIGN = """\
mirrors:
  "*":
  docker.io:
    endpoint: [https://foreign]
configs:
  foreign:
    auth: {username: a, password: f0reign}
"""


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "machine", store=False)


@pytest.fixture
def authorities(tmp_path):
    return [Authority(tmp_path / name) for name in ("a", "b")]


@pytest.fixture
def whole(authorities):
    """A record with everything."""
    pems = [authority.pem for authority in authorities]
    return record(ca_certificates=pems, mirrors=[HUB], **LOGIN)


def record(endpoint=ENDPOINT, **values):
    return Record.parse({"endpoint": endpoint, **values})


def apply(machine, plans, *what, runtime="k3s", **settings):
    [engine] = find_engines([runtime], [], machine.root)
    return [change for plan in plans for change in converge(plan(what, engine), Settings(**settings))]


def changed(changes):
    assert not [failure for change in changes for failure in change.failures]
    return [change.path for change in changes if change.changed]


def forget(*parts):
    return [lambda endpoints, engine, part=part: absent(part, endpoints, engine) for part in parts]


ALL = (trust, mirrors, credentials)
NOTHING = forget("trust", "mirrors", "credentials")


def says(machine, path=FILE):
    return yaml.safe_load((machine.path / path).read_text())


@pytest.mark.parametrize("runtime", ["k3s", "rke2"])
def test_p19_mirror_certificates_and_login_and_back(machine, authorities, whole, runtime):
    before = machine.listing()
    path = FILE.replace("k3s", runtime)
    assert changed(apply(machine, ALL, whole, runtime=runtime))
    bundle = f"/{BUNDLE}".replace("k3s", runtime)
    assert says(machine, path) == {
        "mirrors": {ENDPOINT: {"endpoint": [f"https://{ENDPOINT}"]}, "docker.io": MIRROR},
        "configs": {ENDPOINT: {"tls": {"ca_file": bundle}, "auth": LOGIN}},
    }
    assert (machine.path / bundle[1:]).read_text() == "".join(authority.pem for authority in authorities)
    assert (machine.path / path).stat().st_mode & 0o777 == 0o600
    assert (machine.path / path).read_text().startswith(TITLE)
    assert not changed(apply(machine, ALL, whole, runtime=runtime))
    assert changed(apply(machine, NOTHING, whole.endpoint, runtime=runtime))
    assert not changed(apply(machine, NOTHING, whole.endpoint, runtime=runtime))
    assert machine.listing() == before


def test_each_part_is_taken_back_alone(machine, whole):
    apply(machine, ALL, whole)
    apply(machine, forget("credentials"), whole.endpoint)
    assert "auth" not in says(machine)["configs"][ENDPOINT]
    apply(machine, forget("trust"), whole.endpoint)
    assert says(machine) == {"mirrors": {"docker.io": MIRROR}}
    assert not (machine.path / BUNDLE).exists()
    apply(machine, forget("mirrors"), whole.endpoint)
    assert not (machine.path / FILE).exists()


def test_a_registry_without_tls_and_without_a_ca(machine, whole):
    apply(machine, ALL, whole)
    apply(machine, (trust,), record(scheme="http"))
    assert says(machine)["mirrors"][ENDPOINT] == {"endpoint": [f"http://{ENDPOINT}"]}
    assert "tls" not in says(machine)["configs"][ENDPOINT]
    assert not (machine.path / BUNDLE).exists()


def test_two_mirrors_of_an_upstream_come_in_the_order_of_the_records(machine, whole):
    other = record(OTHER, mirrors=[HUB])
    for records in ([other], [whole, other], [other, whole]):
        apply(machine, (mirrors,), *records)
        urls = [URL if item is whole else f"https://{OTHER}" for item in records]
        assert says(machine)["mirrors"]["docker.io"]["endpoint"] == urls
        assert not changed(apply(machine, (mirrors,), *records))
    assert not changed(apply(machine, (mirrors,), whole))
    apply(machine, (mirrors,), record(mirrors=[{"upstream": "quay.io"}]))
    assert says(machine)["mirrors"] == {
        "docker.io": {**MIRROR, "endpoint": [f"https://{OTHER}"]},
        "quay.io": {"endpoint": [f"https://{ENDPOINT}"]},
    }


def test_one_rewrite_for_all_endpoints_cannot_do_for_two_prefixes(machine, whole):
    for upstream_of_other in ({"upstream": "docker.io"}, {"upstream": "docker.io", "prefix": "else"}):
        other = record(OTHER, mirrors=[upstream_of_other])
        [change] = apply(machine, (mirrors,), whole, other)
        assert [(failure["registry"], failure["reason"]) for failure in change.failures] == [(OTHER, "conflict")]
        assert says(machine) == {"mirrors": {"docker.io": MIRROR}}
    alone = record(mirrors=[{"upstream": "docker.io"}])
    assert changed(apply(machine, (mirrors,), alone))
    assert says(machine) == {"mirrors": {"docker.io": {"endpoint": [URL]}}}


def test_a_mirror_of_another_record_stays_with_it(machine):
    first, second = record(), record(OTHER, mirrors=[{"upstream": ENDPOINT}])
    for dummy in range(2):
        apply(machine, (trust, mirrors), first, second)
        urls = [f"https://{OTHER}", URL]
        assert says(machine)["mirrors"][ENDPOINT]["endpoint"] == urls
    assert not changed(apply(machine, (trust, mirrors), first, second))


def test_a_foreign_file_keeps_what_it_says(machine, authorities):
    pems = [authority.pem for authority in authorities]
    whole = record(ca_certificates=pems, mirrors=[{"upstream": "docker.io"}], **LOGIN)
    file = machine.put(FILE, FOREIGN)
    before = yaml.safe_load(FOREIGN)
    assert changed(apply(machine, ALL, whole))
    after = says(machine)
    assert after["mirrors"]["docker.io"]["endpoint"] == [URL, "https://foreign"]
    assert (after["mirrors"]["*"], after["configs"]["foreign"]) == (None, before["configs"]["foreign"])
    assert list(after["mirrors"])[:2] == ["*", "docker.io"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert not changed(apply(machine, ALL, whole))
    apply(machine, NOTHING, whole.endpoint)
    assert says(machine) == before


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        ("# by hand\nmirrors: {}\n", "conflict", "comments"),
        ("mirrors: [", "unparsable", "not YAML"),
        ("- a", "unparsable", "mapping"),
        ("mirrors: [a]", "unparsable", "laid out"),
        (f"{TITLE}{{", "unparsable", "not YAML"),
        ("mirrors: {docker.io: {rewrite: {a: b}}}", "conflict", "rewrite"),
        ("mirrors: {docker.io: {endpoint: [https://foreign]}}", "conflict", "rewrite"),
    ],
)
def test_a_file_that_cannot_be_merged_is_left_alone_and_reported(machine, whole, content, reason, words):
    machine.put(FILE, content)
    before = machine.listing()
    [change] = apply(machine, (mirrors,), whole)
    assert [(failure["registry"], failure["reason"]) for failure in change.failures] == [(ENDPOINT, reason)]
    assert words in change.failures[0]["msg"]
    assert not changed(apply(machine, NOTHING, whole.endpoint))
    assert machine.listing() == before


def test_without_a_reader_of_yaml_only_ours_is_written(machine, whole, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert changed(apply(machine, ALL, whole))
    assert changed(apply(machine, NOTHING, whole.endpoint))
    file = machine.put(FILE, FOREIGN)
    [change] = apply(machine, (mirrors,), whole)
    assert change.failures[0]["reason"] == "unsupported"
    assert "python3-yaml" in change.failures[0]["remedy"]
    assert not changed(apply(machine, NOTHING, whole.endpoint))
    assert file.read_text() == FOREIGN


@pytest.mark.parametrize("content", ["", FOREIGN])
def test_a_diff_shows_no_secret(machine, whole, content):
    if content:
        machine.put(FILE, content.replace("docker.io", "quay.io").replace("//foreign", "//u:hidd3n@foreign"))
    changes = apply(machine, ALL, whole, diff=True)
    text = json.dumps([change.diff for change in changes])
    assert not [word for word in ("s3cret", "f0reign", "hidd3n") if word in text]
    assert "mirror/docker.io" in text
