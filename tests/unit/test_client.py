# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import datetime as dt
import json
import os
import sys

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import parse_ca_certificates
from ansible_collections.edgeops.registry.plugins.module_utils._client import Options, provision
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.runtimes import NAMES
from ansible_collections.edgeops.registry.plugins.module_utils._trust.store import missing
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.child import in_child
from ansible_collections.edgeops.registry.tests.support.machine import Machine
from ansible_collections.edgeops.registry.tests.support.real_registry import free_port
from ansible_collections.edgeops.registry.tests.support.run_command import run_command

ALL_IN_PLACE = {"hosts": True, "trust": True, "mirrors": True, "credentials": True}
NONE_CHANGED = {"hosts": False, "trust": False, "mirrors": False, "credentials": False}
DO = Settings(run_command=run_command)
CHECK = Settings(check_mode=True)


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path / "machine")
    machine.install("dockerd", "podman")
    return machine


@pytest.fixture
def record(registry):
    """The registry under a name that needs no hosts entry."""
    return registry.record_dict_for("localhost")


@pytest.fixture
def run(machine, record):
    def provision_there(settings=DO, **options):
        return provision(Options(**{"registries": [record], "timeout": 5, **options}), settings, machine.root)

    return provision_there


def failures(outcome):
    return [(failure["part"], failure["reason"]) for failure in outcome.facts["failures"]]


def entry(outcome, number=0):
    return outcome.facts["registries"][number]


def certificates(record):
    return [item for pem in record["ca_certificates"] for item in parse_ca_certificates(pem)]


def test_check_do_again_and_back(machine, run, record, registry):
    virgin = machine.listing()
    predicted = run(Settings(check_mode=True, diff=True))
    assert machine.listing() == virgin
    assert predicted.changed
    assert entry(predicted)["in_place"] == {"hosts": True, "trust": False, "mirrors": True, "credentials": False}

    done = run(Settings(diff=True, run_command=run_command))
    assert not done.failed
    assert done.diff == predicted.diff
    changed = {"hosts": False, "trust": True, "mirrors": False, "credentials": True}
    assert entry(done)["changed"] == entry(predicted)["changed"] == changed
    assert entry(done)["in_place"] == ALL_IN_PLACE
    assert entry(done)["verify"] == {"ok": True, "reason": "", "http_status": 200, "requests": 1}
    assert entry(done)["certificate"]["days_left"] > 0
    assert done.facts["runtimes"] == ["docker", "podman"]
    assert missing(machine.store, certificates(record)) == []
    assert machine.refreshed() == 1

    for settings in (CHECK, DO):
        again = run(settings)
        assert not again.changed
        assert (entry(again)["changed"], entry(again)["in_place"]) == (NONE_CHANGED, ALL_IN_PLACE)

    registry.clear_access_log()
    gone = {"registries": [{"endpoint": record["endpoint"]}], "state": "absent"}
    assert run(CHECK, **gone).changed
    assert run(**gone).changed
    assert not run(**gone).changed
    assert registry.access_log() == []
    left = {path for path in machine.listing() if path not in virgin}
    assert {os.path.relpath(path, machine.root) for path in left} <= {"root", "etc/docker"}
    assert missing(machine.store, certificates(record)) == certificates(record)


def test_steady_state_costs_one_request_and_no_other_program(run, registry):
    run()
    registry.clear_access_log()

    def again():
        started = []
        sys.addaudithook(
            lambda event, dummy: event in ("subprocess.Popen", "os.fork", "os.exec") and started.append(event)
        )
        return run().changed, started

    assert in_child(again) == (False, [])
    assert [(request.method, request.path, request.status) for request in registry.access_log()] == [
        ("GET", "/v2/", 200)
    ]


def test_nothing_that_is_secret_is_returned(run, record):
    outcome = run(Settings(diff=True, run_command=run_command))
    text = json.dumps([outcome.facts, list(outcome.diff), list(outcome.warnings), outcome.failed])
    basic = base64.b64encode(f"{record['username']}:{record['password']}".encode()).decode()
    assert record["password"] not in text
    assert basic not in text


@pytest.mark.parametrize("settings", [DO, CHECK])
def test_p1_a_password_that_was_right_yesterday_fails_and_stays(machine, run, registry, settings):
    run()
    before = machine.listing()
    registry.change_password()
    outcome = run(settings)
    assert failures(outcome) == [("verify", "unauthorized")]
    assert outcome.facts["failures"][0]["remedy"]
    assert entry(outcome)["verify"]["http_status"] == 401
    assert entry(outcome)["in_place"] == ALL_IN_PLACE
    assert not outcome.changed
    assert machine.listing() == before


def test_a_record_that_is_not_proven_gets_none_of_its_files(machine, run, record):
    virgin = machine.listing()
    outcome = run(registries=[{**record, "password": "wr0ng"}])
    assert failures(outcome) == [("verify", "unauthorized")]
    assert entry(outcome)["in_place"] == {"hosts": True, "trust": False, "mirrors": True, "credentials": False}
    assert machine.listing() == virgin


def test_one_bad_registry_does_not_hide_the_good_one(run, record):
    bad = {**record, "endpoint": f"localhost:{free_port()}"}
    outcome = run(registries=[bad, record])
    assert [item["endpoint"] for item in outcome.facts["registries"]] == [bad["endpoint"], record["endpoint"]]
    assert failures(outcome) == [("verify", "unreachable")]
    assert entry(outcome)["changed"] == NONE_CHANGED
    assert entry(outcome, 1)["in_place"] == ALL_IN_PLACE
    assert bad["endpoint"] in outcome.failed


def test_unreachable_may_be_a_warning_and_writes_nothing(machine, run, record):
    run()
    before = machine.listing()
    outcome = run(registries=[{**record, "endpoint": f"localhost:{free_port()}"}], unreachable="warn")
    assert not outcome.failed
    assert [warning for warning in outcome.warnings if "localhost" in warning]
    assert entry(outcome)["verify"]["ok"] is False
    assert machine.listing() == before


def test_on_failure_report_succeeds_with_all_failures(run, record):
    outcome = run(registries=[{**record, "password": "wr0ng"}], on_failure="report")
    assert outcome.failed == ""
    assert "unauthorized" in [failure["reason"] for failure in outcome.facts["failures"]]
    assert record["endpoint"] in outcome.facts["msg"]


@pytest.mark.parametrize(("days", "reason"), [((-9, -1), "expired"), ((1, 9), "clock")])
def test_p12_a_ca_that_is_not_valid_now_is_refused_without_the_network(tmp_path, run, record, days, reason):
    valid = (dt.timedelta(days=days[0]), dt.timedelta(days=days[1]))
    outcome = run(registries=[{**record, "ca_certificates": [Authority(tmp_path / "other", valid=valid).pem]}])
    assert failures(outcome) == [("verify", reason)]
    assert entry(outcome)["verify"] == {"ok": False, "reason": reason, "http_status": None, "requests": 0}
    assert not outcome.changed


def test_an_expired_ca_beside_a_valid_one_is_left_out_and_told(tmp_path, machine, run, record):
    expired = Authority(tmp_path / "other", valid=(dt.timedelta(days=-9), dt.timedelta(days=-1)))
    outcome = run(registries=[{**record, "ca_certificates": [expired.pem, *record["ca_certificates"]]}])
    assert not outcome.failed
    assert [item["part"] for item in outcome.facts["left_out"]] == ["trust"]
    assert len(list(machine.anchors.iterdir())) == 1


def test_a_ca_that_did_not_sign_the_certificate_is_not_written(tmp_path, machine, run, record):
    virgin = machine.listing()
    outcome = run(registries=[{**record, "ca_certificates": [Authority(tmp_path / "other").pem]}])
    assert failures(outcome) == [("verify", "untrusted")]
    assert machine.listing() == virgin


def test_one_unreadable_file_is_left_alone_and_nothing_is_written(machine, run):
    broken = machine.put("root/.docker/config.json", '{"auths": {},}')
    before = machine.listing()
    outcome = run()
    assert failures(outcome) == [("credentials", "unparsable")]
    assert broken.read_text() == '{"auths": {},}'
    assert entry(outcome)["in_place"] == {"hosts": True, "trust": False, "mirrors": True, "credentials": False}
    assert machine.listing() == before


def test_the_host_file_is_checked_with_the_hosts_own_resolver(machine, run, registry):
    """The machine's hosts file is not that of this host, so the name that it gets is found nowhere."""
    outcome = run(registries=[registry.record_dict])
    assert registry.endpoint in (machine.path / "etc/hosts").read_text()
    assert failures(outcome) == [("verify", "unresolved")]
    assert entry(outcome)["verify"]["ok"] is False


@pytest.mark.parametrize("settings", [DO, CHECK])
def test_verify_alone_changes_nothing_and_fails_for_what_is_not_in_place(machine, run, settings):
    virgin = machine.listing()
    outcome = run(settings, parts=["verify"])
    assert not outcome.changed
    assert machine.listing() == virgin
    assert failures(outcome) == [("trust", "untrusted"), ("credentials", "unauthorized")]
    run()
    outcome = run(settings, parts=["verify"])
    assert (outcome.changed, outcome.failed, entry(outcome)["in_place"]) == (False, "", ALL_IN_PLACE)
    assert entry(outcome)["verify"]["ok"] is True


def test_verify_finds_a_bundle_that_lost_the_ca(machine, run):
    run()
    machine.bundle.write_text("")
    assert failures(run(parts=["verify"])) == [("trust", "untrusted")]
    assert not run().failed
    assert not run(parts=["verify"]).failed


@pytest.mark.parametrize("part", ["hosts", "trust", "credentials"])
def test_a_part_alone_asks_no_registry_and_touches_no_other(run, registry, part):
    registry.clear_access_log()
    outcome = run(parts=[part])
    assert registry.access_log() == []
    assert list(entry(outcome)["changed"]) == [part]
    assert entry(outcome)["verify"]["ok"] is None


def test_without_a_store_nothing_is_written_and_the_failure_has_a_remedy(run, machine):
    machine.put("usr/sbin/update-ca-certificates", mode=0o644)
    before = machine.listing()
    outcome = run()
    assert failures(outcome) == [("trust", "unsupported")]
    assert "ca-certificates" in outcome.facts["failures"][0]["remedy"]
    assert machine.listing() == before
    assert not run(system_trust=False).failed


def test_without_an_engine_credentials_are_skipped_and_told(tmp_path, registry, record):
    machine = Machine(tmp_path / "plain")
    outcome = provision(Options(registries=[record]), DO, machine.root)
    assert not outcome.failed
    assert outcome.facts["runtimes"] == []
    assert [item["part"] for item in outcome.facts["left_out"]] == ["credentials"]
    assert registry.access_log()
    assert not (machine.path / "root").exists()


def test_an_addition_that_was_killed_before_the_refresh_is_finished(machine, run, record):
    bundle = machine.bundle.read_bytes()
    run()
    machine.bundle.write_bytes(bundle)
    outcome = run()
    assert entry(outcome)["changed"] == {**NONE_CHANGED, "trust": True}
    assert missing(machine.store, certificates(record)) == []
    assert not run().changed


def test_a_removal_that_was_killed_before_the_refresh_is_finished(machine, run, record):
    run()
    for path in machine.anchors.iterdir():
        path.unlink()
    refreshed = machine.refreshed()
    outcome = run(registries=[{"endpoint": record["endpoint"]}], state="absent")
    assert machine.refreshed() == refreshed + 1
    assert outcome.changed
    assert missing(machine.store, certificates(record)) == certificates(record)


def test_absent_endpoints_go_while_others_stay(machine, run, record):
    old = {**record, "endpoint": "old.example.com:5000", "addresses": ["192.0.2.9"]}
    run(registries=[old], parts=["hosts", "trust", "credentials"])
    assert "old.example.com" in (machine.path / "etc/hosts").read_text()
    outcome = run(absent_endpoints=["OLD.example.com:5000"])
    assert not outcome.failed
    assert "old.example.com" not in (machine.path / "etc/hosts").read_text()
    assert os.listdir(machine.path / "etc/docker/certs.d") == [record["endpoint"]]
    config = json.loads((machine.path / "root/.docker/config.json").read_text())
    assert list(config["auths"]) == [record["endpoint"]]
    assert not run(absent_endpoints=["old.example.com:5000"]).changed


def test_an_endpoint_cannot_be_wanted_and_unwanted(run, record):
    with pytest.raises(ProvisioningError, match="absent_endpoints"):
        run(absent_endpoints=[record["endpoint"]])


@pytest.mark.parametrize(
    "wrong", [{"pasword": "secret-value"}, {"schema": 2}, {"endpoint": "registry.example.com/x"}, {"addresses": ["x"]}]
)
def test_a_wrong_record_stops_everything_and_its_value_is_not_told(machine, run, record, wrong):
    virgin = machine.listing()
    with pytest.raises(ProvisioningError) as caught:
        run(registries=[record, {**record, "endpoint": "other.example.com:5000", **wrong}])
    assert "registries[1]" in str(caught.value)
    assert "secret-value" not in str(caught.value)
    assert machine.listing() == virgin


def test_plain_http_is_refused_unless_it_is_allowed(machine, run, record):
    virgin = machine.listing()
    plain = {**record, "scheme": "http", "ca_certificates": []}
    for parts in (["verify", "trust"], ["trust"]):
        outcome = run(registries=[plain], parts=parts)
        assert "allow_http" in outcome.failed
    assert machine.listing() == virgin


def test_p13_docker_restarts_for_plain_http_alone_and_certs_d_needs_none(machine, run, record):
    machine.put("etc/docker/daemon.json", "{}\n")
    assert not any(run().facts["restart"].values())
    plain = {**record, "scheme": "http", "ca_certificates": []}
    outcome = run(registries=[plain], parts=["trust"], allow_http=True)
    assert entry(outcome)["changed"] == {"trust": True}
    assert json.loads((machine.path / "etc/docker/daemon.json").read_text())["insecure-registries"] == [
        record["endpoint"]
    ]
    assert set(outcome.facts["restart"]) == set(NAMES)


def test_p21_what_is_written_gets_the_context_of_the_policy(machine, run, record):
    log = machine.path / "restorecon.log"
    machine.put("usr/sbin/restorecon", f"#!/bin/sh\nprintf '%s\\n' \"$@\" >>'{log}'\n", 0o755)
    run()
    assert not log.exists()
    machine.put("sys/fs/selinux/enforce", "1")
    run(registries=[{"endpoint": record["endpoint"]}], state="absent")
    run()
    labelled = log.read_text().splitlines()
    assert str(machine.path / "etc/docker/certs.d" / record["endpoint"]) in labelled
    assert not [path for path in labelled if "/root/" in path.removeprefix(machine.root)]
    size = log.stat().st_size
    run()
    assert log.stat().st_size == size
