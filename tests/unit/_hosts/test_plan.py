# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._hosts.plan import absent, cloud_init_warning, present
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

CLOUD_INIT = (
    b"# Your system has configured 'manage_etc_hosts' as True.\n# As a result, if you wish\n127.0.0.1 localhost\n"
)


def record(endpoint, *addresses):
    return Record.parse({"endpoint": endpoint, "addresses": list(addresses)})


def test_all_records_cost_one_write_and_go_one_by_one(tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_bytes(b"127.0.0.1 localhost")
    records = [record("a.example.com:5000", "192.0.2.1"), record("b.example.com:5000", "192.0.2.2", "2001:db8::2")]
    [change] = converge(present(records, str(hosts)), Settings())
    assert change.owners == ("a.example.com:5000", "b.example.com:5000")
    assert hosts.read_bytes().count(b"\n") == 3
    assert not converge(present(records, str(hosts)), Settings())[0].changed
    [change] = converge(absent([records[1].endpoint], str(hosts)), Settings())
    assert change.owners == ("b.example.com:5000",)
    converge(absent([records[0].endpoint], str(hosts)), Settings())
    assert hosts.read_bytes() == b"127.0.0.1 localhost"


def test_an_endpoint_that_is_an_address_needs_no_line(tmp_path):
    hosts = tmp_path / "hosts"
    [change] = converge(present([record("192.0.2.1:5000", "192.0.2.1")], str(hosts)), Settings())
    assert not change.changed
    assert not hosts.exists()


def test_a_shadowed_record_fails_alone(tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_bytes(b"192.0.2.99 a.example.com\n")
    records = [record("a.example.com:5000", "192.0.2.1"), record("b.example.com:5000", "192.0.2.2")]
    [change] = converge(present(records, str(hosts)), Settings())
    assert change.owners == ("b.example.com:5000",)
    assert [(failure["registry"], failure["reason"]) for failure in change.failures] == [
        ("a.example.com:5000", "conflict")
    ]
    assert hosts.read_bytes().startswith(b"192.0.2.99 a.example.com\n192.0.2.2\tb.example.com")


def test_two_records_that_disagree_about_a_host_do_not_take_turns(tmp_path):
    hosts = tmp_path / "hosts"
    records = [record("a.example.com:5000", "192.0.2.1"), record("a.example.com:5001", "192.0.2.2", "2001:db8::2")]
    for changed in (("a.example.com:5000",), ()):
        [change] = converge(present(records, str(hosts)), Settings())
        assert change.owners == changed
        assert [failure["reason"] for failure in change.failures] == ["conflict"]
        assert "different addresses" in change.failures[0]["msg"]


def test_two_records_that_complement_each_other_agree(tmp_path):
    hosts = tmp_path / "hosts"
    records = [record("a.example.com:5000", "192.0.2.1"), record("a.example.com:5001", "2001:db8::2")]
    assert not converge(present(records, str(hosts)), Settings())[0].failures
    assert not converge(present(records, str(hosts)), Settings())[0].changed


def test_p22_cloud_init_that_rewrites_the_file_is_warned_of(tmp_path):
    hosts = tmp_path / "hosts"
    assert cloud_init_warning(str(hosts)) == ""
    hosts.write_bytes(b"127.0.0.1 localhost\n")
    assert cloud_init_warning(str(hosts)) == ""
    hosts.write_bytes(CLOUD_INIT)
    assert "manage_etc_hosts: false" in cloud_init_warning(str(hosts))
