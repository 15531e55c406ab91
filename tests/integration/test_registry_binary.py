# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role `registry` with its program as a file, on hosts of its own with systemd and without."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.edgeops.registry.tests.listing import listing
from ansible_collections.edgeops.registry.tests.support.distribution3 import program
from ansible_collections.edgeops.registry.tests.support.real_registry import engine
from ansible_collections.edgeops.registry.tests.support.record_client import RecordClient
from ansible_collections.edgeops.registry.tests.support.registry_host import RegistryHost

VAULT_PASSWORD = "of the vault"
PROGRAM = "/usr/local/bin/edgeops-registry"
COPY = "Copy the registry's program"
RESTARTS = {"systemd": "Restart the registry under systemd", "alone": "Restart the registry without systemd"}
BOOT = "Start the registry at every boot"
LOOK = {
    "systemd": "systemctl show edgeops-registry --property ProtectSystem,NoNewPrivileges,UnitFileState,User | sort",
    "alone": "ls /etc/rc2.d | grep edgeops; service edgeops-registry status",
}
SEEN = {
    "systemd": "NoNewPrivileges=yes\nProtectSystem=strict\nUnitFileState=enabled\nUser=docker-registry",
    "alone": "S01edgeops-registry",
}
PROCESS = "ps -C edgeops-registr -o pid=,user:32=,args="
SERVES = f"{PROGRAM} serve /etc/edgeops-registry/config.yml"
GONE = {"registry_state": "absent", "registry_data": "remove"}

pytestmark = pytest.mark.minutes(3)


@pytest.fixture(scope="module", params=["systemd", "alone"])
def supervisor(request):
    return request.param


@pytest.fixture(scope="module")
def host(supervisor, tmp_path_factory):
    started = RegistryHost(tmp_path_factory.mktemp("binary"), systemd=supervisor == "systemd")
    try:
        yield started
    finally:
        started.remove()


@pytest.fixture
def wanted(host, tmp_path, monkeypatch):
    """The variables of a registry from Debian's build of distribution 2.8, with a vaulted record."""
    (tmp_path / "password").write_text(VAULT_PASSWORD)
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(tmp_path / "password"))
    return {
        "registry_install": "binary",
        "registry_binary": str(engine()),
        "registry_endpoint": f"{host.address}:5000",
        "registry_record_file": str(tmp_path / "records.yml"),
        "registry_record_vault_id": "default",
    }


def published(wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """The one record of the vaulted record file."""
    vaulted = Path(wanted["registry_record_file"]).read_bytes()
    assert vaulted.startswith(b"$ANSIBLE_VAULT;1.1;AES256\n")
    text = VaultLib([("default", VaultSecret(VAULT_PASSWORD.encode()))]).decrypt(vaulted)
    [record] = yaml.safe_load(text)["edge_registry_records"]
    return record


@pytest.mark.parametrize("supervisor", ["systemd"], indirect=True)
def test_a_program_that_cannot_serve_is_refused_and_changes_nothing(host, wanted, tmp_path):
    archive, foreign = tmp_path / "registry.tar.gz", tmp_path / "foreign"
    archive.write_bytes(b"\x1f\x8b" + bytes(30))
    foreign.write_bytes(b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + b"\xf3\0" + bytes(12))
    refused = [
        ({"registry_install": "binary"}, "registry_binary: not given"),
        ({**wanted, "registry_binary": "/srv/none"}, "registry_binary: /srv/none: no such file on the controller"),
        ({**wanted, "registry_binary": str(archive)}, f"{archive} is no program for Linux, and this host is x86_64"),
        ({**wanted, "registry_binary": str(foreign)}, f"{foreign} is for another kind of machine, and this host is"),
        ({**wanted, "registry_binary": "/bin/true"}, "/bin/true was not installed: failed to validate"),
    ]
    before = host.listing()
    run = host.run(*(step for step, dummy in refused), fails=True)
    missed = [(words, said) for (dummy, words), said in zip(refused, run.refusals, strict=True) if words not in said]
    assert missed == []
    tried = re.compile("/usr/local/bin d ")
    assert [line for line in host.listing() if line not in before and not tried.match(line)] == []


def test_there_and_on_to_the_next_version_and_back(host, supervisor, wanted, tmp_path):
    before = host.listing()
    listing.take(tmp_path / "before", [host.name])
    [predicted] = host.run(wanted, check=True).changed
    assert host.listing() == before

    first, second = host.run(wanted, wanted).changed
    assert set(predicted) == set(first) - {RESTARTS[supervisor], BOOT}
    assert {RESTARTS[supervisor], BOOT} < set(first)
    assert second == []
    assert host.sh(f"stat --format '%a %U %G' {PROGRAM}") == "755 root root"
    assert host.sh(LOOK[supervisor]) == SEEN[supervisor]
    client = RecordClient(published(wanted))
    digest = client.push("kept")
    former = process(host)

    newer = {**wanted, "registry_binary": str(program())}
    expected = [COPY, RESTARTS[supervisor]]
    assert host.run(newer, check=True).changed == [expected]
    assert process(host) == former
    assert host.run(newer, newer).changed == [expected, []]
    assert process(host) != former
    assert client.pull("kept") == digest
    [refusal] = host.run({"registry_install": "package"}, fails=True).refusals
    assert re.search("did not come with registry_install=package: .* is there", refusal)

    # Whoever takes it back need not know how it came
    assert host.run(GONE, GONE).changed[1] == []
    listing.take(tmp_path / "after", [host.name])
    assert listing.compare(listing.CHECKS["nothing_left"], tmp_path / "before", tmp_path / "after") == []
    assert host.sh(f"{PROCESS} || :") == ""


def process(host: RegistryHost) -> str:
    """The number of the one process that serves."""
    number, account, *command = host.sh(PROCESS).split()
    assert (account, " ".join(command)) == ("docker-registry", SERVES)
    return number
