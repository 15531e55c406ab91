# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import threading

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import parse_ca_certificates
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._trust.store import (
    find_store,
    is_pending,
    missing,
    not_in_bundle,
    refresh,
)
from ansible_collections.edgeops.registry.tests.support.machine import Machine
from ansible_collections.edgeops.registry.tests.support.run_command import run_command

DAY = 86400 * 10**9

FAMILIES = {
    "debian": (
        "/usr/local/share/ca-certificates",
        "/usr/sbin/update-ca-certificates",
        "/etc/ssl/certs/ca-certificates.crt",
    ),
    "redhat": (
        "/etc/pki/ca-trust/source/anchors",
        "/usr/bin/update-ca-trust",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    ),
    "suse": ("/etc/pki/trust/anchors", "/usr/sbin/update-ca-certificates", "/var/lib/ca-certificates/ca-bundle.pem"),
    "alpine": (
        "/usr/local/share/ca-certificates",
        "/usr/sbin/update-ca-certificates",
        "/etc/ssl/certs/ca-certificates.crt",
    ),
    "arch": (
        "/etc/ca-certificates/trust-source/anchors",
        "/usr/bin/update-ca-trust",
        "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
    ),
}


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "machine")


@pytest.fixture
def certificates(authority):
    return parse_ca_certificates(authority.pem)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_store_of_each_family_is_told_by_what_is_there(tmp_path, family):
    anchors, program, bundle = FAMILIES[family]
    machine = Machine(tmp_path, store=False)
    (tmp_path / "usr/local/share").mkdir(parents=True)
    (tmp_path / anchors[1:]).mkdir(parents=True, exist_ok=True)
    machine.put(program[1:], mode=0o755)
    store = find_store(machine.root)
    assert (store.anchors, store.programs[0], store.bundle) == tuple(machine.root + path for path in FAMILIES[family])
    assert bundle in store.bundle


@pytest.mark.parametrize("there", [[], ["usr/local/share/ca-certificates/x"], ["usr/sbin/update-ca-certificates"]])
def test_a_host_without_the_program_is_told_what_to_install(tmp_path, there):
    machine = Machine(tmp_path, store=False)
    for path in there:
        machine.put(path)
    with pytest.raises(ProvisioningError, match="Install the package ca-certificates") as caught:
        find_store(machine.root)
    assert (caught.value.reason, caught.value.part) == ("unsupported", "trust")


@pytest.mark.parametrize(
    "layout", [lambda pem: pem, lambda pem: pem.replace("\n", "\r\n"), lambda pem: f"# a comment\n{pem}\n\n"]
)
def test_a_certificate_is_found_in_a_bundle_however_it_is_laid_out(machine, certificates, authority, layout):
    assert missing(machine.store, certificates) == certificates
    machine.bundle.write_bytes(layout(authority.pem).encode())
    assert missing(machine.store, certificates) == []


def test_pending_follows_from_the_state_alone(machine, certificates, authority):
    assert is_pending(machine.store, certificates)
    machine.bundle.write_text(authority.pem)
    assert not is_pending(machine.store, certificates)
    newer = machine.bundle.stat().st_mtime_ns + DAY
    os.utime(machine.anchors, ns=(newer, newer))
    assert is_pending(machine.store, certificates)
    assert is_pending(machine.store, [])
    os.utime(machine.bundle, ns=(newer, newer))
    assert not is_pending(machine.store, certificates)


def test_a_refresh_adds_and_removes(machine, certificates, authority):
    anchor = machine.anchors / "edgeops-a.crt"
    anchor.write_text(authority.pem)
    before = set(machine.bundle.parent.iterdir())
    refresh(machine.store, certificates, run_command)
    assert missing(machine.store, certificates) == []
    assert machine.bundle.parent / "edgeops-a.pem" in set(machine.bundle.parent.iterdir()) - before
    anchor.unlink()
    refresh(machine.store, [], run_command)
    assert missing(machine.store, certificates) == certificates
    assert set(machine.bundle.parent.iterdir()) == before
    assert machine.refreshed() == 2


def test_hooks_are_told_of_what_went_and_only_of_that(machine, certificates, authority, tmp_path):
    told, hook = tmp_path / "told", '#!/bin/sh\ncat >>"%s"\n'
    for name, mode in (("java", 0o755), ("java.dpkg-old", 0o755), ("off", 0o644)):
        machine.put(f"etc/ca-certificates/update.d/{name}", hook % told, mode)
    anchors = [machine.anchors / f"edgeops-{name}.crt" for name in "ab"]
    for anchor in anchors:
        anchor.write_text(authority.pem)
    refresh(machine.store, certificates, run_command)
    assert not told.exists()
    anchors[0].unlink()
    refresh(machine.store, certificates, run_command)
    refresh(machine.store, certificates, run_command)
    assert told.read_text() == f"-{machine.bundle.parent}/edgeops-a.pem\n"


def test_a_hook_that_fails_is_run_again(machine, authority):
    hook = machine.put("etc/ca-certificates/update.d/java", "#!/bin/sh\necho no keystore >&2\nexit 1\n", 0o755)
    anchor = machine.anchors / "edgeops-a.crt"
    anchor.write_text(authority.pem)
    refresh(machine.store, [], run_command)
    anchor.unlink()
    for dummy in range(2):
        with pytest.raises(ProvisioningError, match="no keystore"):
            refresh(machine.store, [], run_command)
    hook.unlink()
    refresh(machine.store, [], run_command)
    assert not is_pending(machine.store, [])


def test_two_runs_refresh_once(machine, certificates, authority):
    (machine.anchors / "edgeops-a.crt").write_text(authority.pem)
    runs = [threading.Thread(target=refresh, args=(machine.store, certificates, run_command)) for dummy in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert machine.refreshed() == 1
    assert missing(machine.store, certificates) == []


def test_what_the_program_says_is_in_the_error(machine, certificates):
    machine.put("usr/sbin/update-ca-certificates", "#!/bin/sh\necho no space left >&2\nexit 1\n", 0o755)
    with pytest.raises(ProvisioningError, match="no space left"):
        refresh(machine.store, certificates, run_command)


def test_a_certificate_that_the_program_dropped_has_a_remedy(machine, certificates):
    error = not_in_bundle(machine.store, certificates[0])
    assert (error.reason, error.part) == ("untrusted", "trust")
    assert certificates[0].fingerprint[:16] in error.message
    assert "update-ca-certificates" in error.remedy
