# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.tests.support.host import Host

RECORD = {"endpoint": "registry.edge.test:5000", "addresses": ["192.0.2.10", "2001:db8::10"]}
LINES = (
    b"192.0.2.10\tregistry.edge.test\t# edgeops.registry registry.edge.test:5000\n"
    b"2001:db8::10\tregistry.edge.test\t# edgeops.registry registry.edge.test:5000\n"
)


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path / "host")


def lookup(host):
    answers = host.run(["/usr/bin/getent", "ahosts", "registry.edge.test"]).stdout.splitlines()
    return {line.split()[0] for line in answers}


def test_check_do_again_and_back(host):
    virgin = host.listing()
    predicted = host.module("hosts_entry", check=True, diff=True, registries=[RECORD])
    assert host.listing() == virgin
    done = host.module("hosts_entry", diff=True, registries=[RECORD])
    assert done["registries"][0]["changed"] == predicted["registries"][0]["changed"] == {"hosts": True}
    assert done["diff"] == predicted["diff"]
    assert done["registries"][0]["in_place"] == {"hosts": True}
    assert lookup(host) == {"192.0.2.10", "2001:db8::10"}
    assert not host.module("hosts_entry", registries=[RECORD])["changed"]
    assert not host.module("hosts_entry", check=True, registries=[RECORD])["changed"]

    gone = {"registries": [{"endpoint": RECORD["endpoint"]}], "state": "absent"}
    assert host.module("hosts_entry", check=True, **gone)["changed"]
    assert lookup(host) == {"192.0.2.10", "2001:db8::10"}
    assert host.module("hosts_entry", **gone)["changed"]
    assert host.hosts_file.read_bytes() == b"127.0.0.1\tlocalhost\n"
    assert not host.module("hosts_entry", **gone)["changed"]
    assert lookup(host) == set()


def test_p22_a_bind_mounted_hosts_file_is_written_in_place(host):
    inode = host.hosts_file.stat().st_ino
    assert host.module("hosts_entry", registries=[RECORD])["changed"]
    assert host.hosts_file.read_bytes() == b"127.0.0.1\tlocalhost\n" + LINES
    assert host.hosts_file.stat().st_ino == inode


def test_p22_cloud_init_is_warned_of(host):
    host.hosts_file.write_bytes(b"# Your system has configured 'manage_etc_hosts' as True.\n127.0.0.1 localhost\n")
    result = host.module("hosts_entry", registries=[RECORD])
    assert any("manage_etc_hosts: false" in str(warning) for warning in result["warnings"])


def test_p23_a_shadowing_line_is_an_error_and_the_others_are_done(host):
    content = b"127.0.0.1\tlocalhost\n192.0.2.99\tregistry.edge.test\n"
    host.hosts_file.write_bytes(content)
    other = {"endpoint": "other.edge.test:5000", "addresses": ["192.0.2.11"]}
    result = host.module("hosts_entry", registries=[RECORD, other])
    assert result["failed"]
    assert result.reasons == ["conflict"]
    assert "/etc/hosts line 2 gives registry.edge.test the address 192.0.2.99" in result["msg"]
    assert [entry["changed"]["hosts"] for entry in result["registries"]] == [False, True]
    assert host.hosts_file.read_bytes().startswith(content + b"192.0.2.11\tother.edge.test\t#")


def test_absent_endpoints_go_while_others_come(host):
    host.module("hosts_entry", registries=[{"endpoint": "old.edge.test:5000", "addresses": ["192.0.2.9"]}])
    result = host.module("hosts_entry", registries=[RECORD], absent_endpoints=["old.edge.test:5000"])
    assert not result.reasons
    assert host.hosts_file.read_bytes() == b"127.0.0.1\tlocalhost\n" + LINES


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"endpoint": "registry.edge.test"}, "has no port"),
        ({"endpoint": "registry.edge.test:5000/team"}, "has a path"),
        ({"endpoint": "registry.edge.test:5000", "schema": 2}, "Upgrade the collection"),
        ({"endpoint": "registry.edge.test:5000", "adresses": ["192.0.2.10"]}, "adresses"),
        ({"endpoint": "registry.edge.test:5000", "addresses": ["192.0.2.10", "192.0.2.11"]}, "two IPv4 addresses"),
    ],
)
def test_a_wrong_record_changes_nothing(host, record, words):
    before = host.listing()
    result = host.module("hosts_entry", registries=[record])
    assert result["failed"]
    assert words in result["msg"]
    assert host.listing() == before
