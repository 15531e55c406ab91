# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role `registry` on a host of its own under systemd: what it promises, seen from outside."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.edgeops.registry.tests.support.distribution3 import program
from ansible_collections.edgeops.registry.tests.support.oci_layout import random_layer
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until
from ansible_collections.edgeops.registry.tests.support.record_client import RecordClient
from ansible_collections.edgeops.registry.tests.support.registry_content import RepositoryContent
from ansible_collections.edgeops.registry.tests.support.registry_host import RegistryHost

DIRECTORY = "/etc/edgeops-registry"
STORAGE = "/srv/registry images"
DISK = "/srv/disk"
SIZE = f"du -sk '{STORAGE}' | cut -f1"
KIB = 1024
SECRET = "t0p-s3cret-value"
ETC = r"find /etc -printf '%p %y %m %u %s %l\n' | sort"
METRICS = "127.0.0.1:5001"
RESTART = "Restart the registry under systemd"
LOOK = "Look for a process that runs this configuration"
MODES = {
    "ca.key": "600 root root",
    "ca.pem": "644 root root",
    "config.yml": "644 root root",
    "environment": "600 root root",
    "htpasswd": "640 root docker-registry",
    "packages": "644 root root",
    "password": "600 root root",
    "server.key": "600 docker-registry root",
    "server.pem": "644 root root",
}
CONFINED = {
    "AmbientCapabilities": "cap_net_bind_service",
    "CapabilityBoundingSet": "cap_net_bind_service",
    "NoNewPrivileges": "yes",
    "PrivateTmp": "yes",
    "ProtectHome": "yes",
    "ProtectSystem": "strict",
    "ReadWritePaths": f'"{STORAGE}"',
    "User": "docker-registry",
}

pytestmark = pytest.mark.minutes(6)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """One host for all tests of this file, each of which states all that it wants of it."""
    started = RegistryHost(
        tmp_path_factory.mktemp("role"),
        *("--sysctl", "net.ipv6.conf.all.disable_ipv6=0", "--tmpfs", "/srv/small:size=1m", "--tmpfs", DISK),
    )
    try:
        yield started
    finally:
        started.remove()


@pytest.fixture(scope="module")
def wanted(host, tmp_path_factory):
    """The variables of a registry that clients name by its address, on a port for which one has to be root."""
    return {
        "registry_endpoint": f"{host.address}:443",
        "registry_storage": STORAGE,
        "registry_metrics_listen": METRICS,
        "registry_record_file": str(tmp_path_factory.mktemp("records") / "records.yml"),
    }


@pytest.fixture(scope="module")
def runs(host, wanted):
    """On the virgin host: an audit, the real thing, and that again. With listings before and after the audit."""
    before = host.listing()
    audit = host.run(wanted, check=True)
    after = host.listing()
    return {"before": before, "audit": audit, "after": after, "first": host.run(wanted)}


@pytest.fixture
def record(runs, wanted):
    return published(wanted)


def published(variables):
    """The one record of the record file."""
    [record] = yaml.safe_load(Path(variables["registry_record_file"]).read_text())["edge_registry_records"]
    return record


def listening(host):
    """Where anything but the SSH server listens."""
    addresses = {line.split()[3] for line in host.sh("ss -Hltnp").splitlines()}
    return addresses - {"0.0.0.0:22", "[::]:22"}


def test_an_audit_predicts_and_touches_nothing(runs):
    assert runs["after"] == runs["before"]
    [predicted], [real] = runs["audit"].changed, runs["first"].changed
    assert set(predicted) == set(real) - {RESTART}


def test_it_listens_where_it_was_told_and_nowhere_else(host, runs):
    assert listening(host) == {"*:443", METRICS}
    metrics = host.sh(f"curl --silent --fail http://{METRICS}/metrics")
    assert "registry_http_requests_total" in metrics


def test_it_is_confined(host, runs):
    shown = host.sh(f"systemctl show docker-registry --property {','.join(CONFINED)}")
    assert dict(line.split("=", 1) for line in shown.splitlines()) == CONFINED
    assert host.sh("ps -o user= -C docker-registry") == "docker-registry"


def test_its_files_are_readable_by_those_who_need_them(host, runs):
    shown = host.sh(f"cd {DIRECTORY} && stat --format '%n=%a %U %G' *")
    assert dict(line.split("=", 1) for line in shown.splitlines()) == MODES
    assert host.sh(f"stat --format '%a %U' '{STORAGE}'") == "750 docker-registry"


def test_its_record_is_all_that_a_client_needs(host, record):
    assert record["endpoint"] == f"{host.address}:443"
    client = RecordClient(record)
    digest = client.push("team/app")
    assert client.pull("team/app") == digest
    assert client.ask("DELETE", f"/v2/team/app/manifests/{digest}").status == 202
    assert client.pull("team/app") == ""
    journal = host.sh("journalctl --unit docker-registry --output cat")
    assert f'"DELETE /v2/team/app/manifests/{digest} HTTP/1.1" 202' in journal
    assert record["password"] not in journal


def test_a_playbook_alone_reads_the_record_back(host, record, wanted):
    """What a user runs the day after, with nothing but the inventory."""
    assert host.playbook("clients", wanted)
    before = host.listing()
    assert host.playbook("verify", wanted) == 0
    assert host.listing() == before
    assert host.playbook("images", wanted)
    assert RecordClient(record).ask("GET", "/v2/hello/tags/list").status == 200
    assert host.playbook("clients", {**wanted, "client_state": "absent"})


@pytest.mark.parametrize("password", [None, "wrong"])
def test_nobody_else_gets_in(record, password):
    assert RecordClient(record, password=password).ask("GET", "/v2/").status == 401


def test_old_protocols_are_refused(host, record):
    weak = "openssl s_client -cipher DEFAULT@SECLEVEL=0 </dev/null 2>&1 -connect"
    assert "Protocol  : TLSv1.2" in host.sh(f"{weak} {record['endpoint']} -tls1_2")
    assert "alert protocol version" in host.sh(f"{weak} {record['endpoint']} -tls1_1 || :")


def test_a_restart_that_a_kill_prevented_is_made_up_for_once(host, runs, wanted):
    changed = {**wanted, "registry_log_level": "warn"}
    former = host.started()
    host.run_killed(changed, before=LOOK)
    assert "level: warn" in host.sh(f"cat {DIRECTORY}/config.yml")
    assert host.started() == former

    assert host.run(changed).changed == [[RESTART]]
    restarted = host.started()
    assert restarted != former

    assert host.run(changed).changed == [[]]
    assert host.started() == restarted


def test_images_outlive_the_registry(host, runs, wanted):
    digest = RecordClient(published(wanted)).push("kept")
    absent = {**wanted, "registry_state": "absent"}
    assert host.run(absent, absent).changed[1] == []
    assert listening(host) == set()
    host.sh(f"test ! -e {DIRECTORY} && test ! -e /usr/bin/docker-registry")
    assert not Path(wanted["registry_record_file"]).exists()
    host.run(wanted)
    assert RecordClient(published(wanted)).pull("kept") == digest


def test_garbage_is_freed_by_a_registry_that_stands_still(host, record, wanted):
    collect = {**wanted, "tasks_from": "garbage_collect"}
    content = RepositoryContent(record, "garbage")
    whole = content.index((random_layer(100_000, 1),), (random_layer(1000, 2),), tag="1.0")
    content.delete(content.image(random_layer(500_000, 3), tag="2.0"))
    before, process = int(host.sh(SIZE)), host.started()
    assert host.run(collect, check=True).changed == [["Stop the registry"]]
    assert (int(host.sh(SIZE)), host.started()) == (before, process)

    host.run_killed(collect, before="Start the registry")
    assert before - int(host.sh(SIZE)) > 500_000 // KIB
    assert host.run(collect, collect).changed == [["Start the registry"], []]
    wait_until(RecordClient(record).answers, "the registry does not come back")
    assert content.pull_whole("1.0") == whole
    content.image(random_layer(500_000, 3), tag="2.0")
    assert content.pull_whole("2.0")

    refused = host.run({**collect, "registry_delete_untagged": True}, fails=True)
    assert "2.8.2" in refused.refusals[0]
    assert content.pull_whole("1.0") == whole


def test_distribution_3_serves_with_the_same_configuration(host, record):
    """Under the same confinement too: only the program is another."""
    settings = "/run/systemd/system/docker-registry.service.d"
    other = f"[Service]\nExecStart=\nExecStart=/usr/local/bin/registry serve {DIRECTORY}/config.yml\n"
    host.receive(program(), "/usr/local/bin/registry")
    host.sh(f"mkdir -p {settings}; printf '{other}' >{settings}/other.conf; systemctl daemon-reload")
    host.sh("systemctl restart docker-registry")
    client = RecordClient(record)
    wait_until(client.answers, "distribution 3 does not serve")
    assert "/usr/local/bin/registry" in host.sh("systemctl show docker-registry --property ExecStart")
    digest = client.push("three")
    assert client.pull("three") == digest
    assert client.ask("DELETE", f"/v2/three/manifests/{digest}").status == 202
    assert RecordClient(record, password=None).ask("GET", "/v2/").status == 401
    assert "registry_http_requests_total" in host.sh(f"curl --silent --fail http://{METRICS}/metrics")
    host.sh(f"rm -r {settings} /usr/local/bin/registry; systemctl daemon-reload; systemctl restart docker-registry")
    wait_until(client.answers, "the registry does not come back")


def test_what_cannot_be_is_refused_and_changes_nothing(host, record, wanted):
    def external(**different):
        return {"registry_backend": "external", "registry_record": {**record, **different}}

    refused = [
        ({**wanted, "registry_storage": "/srv/small"}, "has 1.00 MB free, and registry_min_free_gib asks for 1 GiB"),
        ({**wanted, "registry_endpoint": "registry.example.com"}, "registry_endpoint: endpoint has no port. Add it"),
        ({"registry_backend": "external"}, "there is no registry_record"),
        (external(password=SECRET), f"{record['endpoint']}: it refuses username and password"),
        (external(pasword=SECRET), "Did you mean password?"),
        (external(endpoint="127.0.0.1:9", addresses=[]), "127.0.0.1:9"),
        (external(scheme="http", ca_certificates=[]), "allow_http"),
    ]
    before = host.listing()
    run = host.run(*(step for step, dummy in refused), fails=True)
    missed = [(words, said) for (dummy, words), said in zip(refused, run.refusals, strict=True) if words not in said]
    assert missed == []
    assert SECRET not in run.output
    assert host.listing() == before


def test_a_registry_that_somebody_else_runs(host, record, tmp_path):
    external = {
        "registry_backend": "external",
        "registry_record": {**record, "x_note": "the user's own"},
        "registry_record_file": str(tmp_path / "records.yml"),
    }
    write = ["Write the record file on the controller"]
    assert host.run(external, external).changed == [write, []]
    assert published(external) == record
    assert host.run({**external, "registry_state": "absent"}).changed == [
        ["Remove the record from its file on the controller"]
    ]
    assert not Path(external["registry_record_file"]).exists()


def test_a_certificate_a_password_and_an_ipv6_address_of_the_users_own(host, record, wanted, authority):
    leaf = authority.issue("::1")
    own = {
        **wanted,
        "registry_endpoint": "[::1]:5000",
        "registry_storage": DISK,
        "registry_certificate": leaf.certificate.read_text(),
        "registry_private_key": leaf.key.read_text(),
        "registry_ca_certificates": [authority.pem],
        "registry_password": "of-the-user",
        "registry_record_file": f"{wanted['registry_record_file']}.own",
    }
    audit = host.run(own, check=True)
    real = host.run(own, {**own, "registry_password": "another"})
    assert set(audit.changed[0]) == set(real.changed[0])
    assert RESTART in real.changed[0]
    assert real.changed[1] == ["Write the users of the registry", "Write the record file on the controller"]

    mine = published(own)
    assert (mine["endpoint"], mine["ca_certificates"], mine["password"]) == ("[::1]:5000", [authority.pem], "another")
    host.sh(f"test ! -e {DIRECTORY}/password; printf '%s' '{authority.pem}' >/run/own.pem")
    status = "curl --silent --cacert /run/own.pem --output /dev/null --write-out '%{http_code}' https://[::1]:5000/v2/"
    answers = {
        password: host.sh(f"{status} --user edge:{password}")
        for password in ("another", "of-the-user", record["password"])
    }
    assert answers == {"another": "200", "of-the-user": "401", record["password"]: "401"}


def test_a_package_that_was_there_before_stays_as_it_was(host, runs, wanted):
    gone = {"registry_state": "absent", "registry_data": "remove"}
    host.run({**wanted, **gone})
    host.sh("test ! -e '/srv/registry images'; ! getent passwd docker-registry")
    host.sh(
        "DEBIAN_FRONTEND=noninteractive apt-get -qq --yes install --no-install-recommends docker-registry >/dev/null 2>&1"
    )
    before = host.sh(ETC)
    here = {"registry_storage": DISK}
    host.run(here, {**here, **gone})
    assert host.sh(ETC) == before
    assert host.sh("dpkg --verify docker-registry") == ""
    state = host.sh("systemctl show docker-registry --property ActiveState,NeedDaemonReload")
    assert sorted(state.splitlines()) == ["ActiveState=inactive", "NeedDaemonReload=no"]
    host.sh(f"mountpoint {DISK}")
