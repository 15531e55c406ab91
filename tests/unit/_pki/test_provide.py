# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._host_files import Directory
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._authority import (
    KeyPair,
    load_certificates,
    load_private_key,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._names import Names
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._plan import Request
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._provide import Provider
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._supplied import Supplied
from ansible_collections.edgeops.registry.tests.unit.fakes.local_files import Killed, LocalFiles
from cryptography.hazmat.primitives.serialization import Encoding

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
FILES = {"ca.pem": 0o644, "ca.key": 0o600, "server.pem": 0o644, "server.key": 0o600}
WRITES = ["tls", "ca.key", "ca.pem", "server.key", "server.pem"]


@pytest.fixture
def tls(tmp_path):
    return tmp_path / "etc" / "tls"


@pytest.fixture
def provide(tls):
    def run(*names, files=None, check_mode=False, now=NOW):
        request = Request(Names.parse(names or ["registry.test"]), 397, 60, 3650)
        directory = Directory(files or LocalFiles(), str(tls), check_mode)
        return Provider(directory, None, 60, now).provide_own(request)

    return run


def contents(tls):
    return {path.name: path.read_bytes() for path in tls.iterdir()} if tls.exists() else {}


def assert_consistent(tls):
    """The server would start, and its clients accept it."""
    assert {path.name: path.stat().st_mode & 0o777 for path in tls.iterdir()} == FILES
    ca, server = (load_certificates((tls / name).read_bytes())[0] for name in ("ca.pem", "server.pem"))
    server.verify_directly_issued_by(ca)
    assert load_private_key((tls / "server.key").read_bytes()).public_key() == server.public_key()
    assert load_private_key((tls / "ca.key").read_bytes()).public_key() == ca.public_key()


def test_check_do_again_check_again(provide, tls):
    predicted = provide(check_mode=True)
    assert not tls.exists()
    files = LocalFiles()
    done = provide(files=files)
    assert (predicted.changed, predicted.diff) == (done.changed, done.diff) == (True, done.diff)
    assert files.changes == WRITES
    assert_consistent(tls)
    before = contents(tls)
    files = LocalFiles()
    assert not provide(files=files, check_mode=True).changed
    again = provide(files=files)
    assert not again.changed
    assert again.facts == done.facts
    assert files.was_read == ["ca.pem", "server.pem"] * 2
    assert contents(tls) == before


def test_facts(provide, tls):
    facts = provide("b.registry.test", "registry.test").facts
    assert facts["ca_certificates"] == [(tls / "ca.pem").read_text()]
    der = load_certificates((tls / "server.pem").read_bytes())[0]
    assert facts["certificate"]["names"] == ["b.registry.test", "registry.test"]
    assert facts["certificate"]["days_left"] == 396
    assert facts["certificate"]["fingerprint"] == hashlib.sha256(der.public_bytes(Encoding.DER)).hexdigest()


@pytest.mark.parametrize("lives", range(len(WRITES)))
def test_killed_at_any_write_the_next_run_converges(provide, tls, lives):
    with pytest.raises(Killed):
        provide(files=LocalFiles(lives))
    assert provide().changed
    assert_consistent(tls)
    assert not provide().changed


@pytest.mark.parametrize("lives", range(2))
def test_killed_while_renewing_the_next_run_converges(provide, tls, lives):
    ca = provide().facts["ca_certificates"]
    with pytest.raises(Killed):
        provide("a.registry.test", files=LocalFiles(lives))
    assert provide("a.registry.test").facts["ca_certificates"] == ca
    assert_consistent(tls)
    assert not provide("a.registry.test").changed


def test_renewal_reads_the_key_of_the_ca_only_then(provide, tls):
    provide()
    before = contents(tls)
    later = NOW + dt.timedelta(days=340)
    files = LocalFiles()
    predicted = provide(now=later, files=files, check_mode=True)
    assert files.was_read == ["ca.pem", "server.pem"]
    assert contents(tls) == before
    done = provide(now=later, files=files)
    assert predicted.diff == done.diff
    assert files.was_read[-1] == "ca.key"
    assert files.changes == ["server.key", "server.pem"]
    assert {name for name, content in contents(tls).items() if before[name] != content} == {"server.key", "server.pem"}
    assert done.facts["certificate"]["days_left"] == 396


def test_a_lost_or_foreign_key_is_replaced_with_its_certificate(provide, tls):
    provide()
    for damage in (lambda key: key.unlink(), lambda key: key.write_text("another key")):
        damage(tls / "server.key")
        assert provide().changed
        (tls / "server.key").chmod(0o600)
        assert_consistent(tls)


@pytest.mark.parametrize("name", FILES)
def test_modes_are_mended_without_new_certificates(provide, tls, name):
    provide()
    before = contents(tls)
    (tls / name).chmod(0o666)
    [diff] = provide(check_mode=True).diff
    assert (tls / name).stat().st_mode & 0o777 == 0o666
    assert provide().diff == [diff]
    assert (diff["before"], diff["after"]) == ("mode: 0666\n", f"mode: {FILES[name]:04o}\n")
    assert contents(tls) == before
    assert_consistent(tls)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda tls: (tls / "ca.pem").write_text("garbage"), "unparsable"),
        (lambda tls: (tls / "server.pem").write_text("garbage"), "unparsable"),
        (lambda tls: (tls / "ca.pem").unlink(), "invalid"),
        (lambda tls: (tls / "server.pem").unlink() or (tls / "ca.key").unlink(), "invalid"),
        (lambda tls: (tls / "server.pem").unlink() or (tls / "ca.key").write_text("garbage"), "unparsable"),
        (
            lambda tls: (
                (tls / "server.pem").unlink() or (tls / "ca.key").write_bytes((tls / "server.key").read_bytes())
            ),
            "invalid",
        ),
        (lambda tls: (tls / "server.key").unlink() or (tls / "server.key").symlink_to("/dev/null"), "unsupported"),
    ],
)
def test_what_is_damaged_is_reported_and_left_alone(provide, tls, damage, reason):
    provide()
    damage(tls)
    before = contents(tls)
    with pytest.raises(ProvisioningError) as caught:
        provide()
    assert caught.value.reason == reason
    assert contents(tls) == before


def test_keys_stand_in_no_diff_and_no_fact(provide, tls):
    done = provide()
    for name in ("ca.key", "server.key"):
        secret = (tls / name).read_text().splitlines()[1]
        assert secret not in repr(done)


def test_the_files_of_a_ca_may_hold_two(provide, tls, tmp_path):
    provide()
    other = Provider(Directory(LocalFiles(), str(tmp_path / "other"), check_mode=False), None, 60, NOW)
    former = other.provide_own(Request(Names.parse(["registry.test"]), 397, 60, 3650)).facts["ca_certificates"]
    with (tls / "ca.pem").open("a") as file:
        file.write(former[0])
    done = provide()
    assert not done.changed
    assert done.facts["ca_certificates"][1:] == former


@pytest.fixture
def supplied(authority):
    return parsed(authority.issue("registry.test"), authority)


def parsed(leaf, authority):
    return Supplied.parse(
        leaf.certificate.read_text(), leaf.key.read_text(), [authority.pem], Names.parse(["registry.test"]), NOW
    )


def test_a_supplied_certificate_comes_and_goes(provide, supplied, tls):
    own = provide().facts
    files = LocalFiles()
    provider = Provider(Directory(files, str(tls), check_mode=False), None, 5, NOW)
    done = provider.provide_supplied(supplied)
    assert done.changed
    assert files.changes == ["server.key", "server.pem"]
    assert done.facts["ca_certificates"] == list(supplied.authorities)
    assert KeyPair((tls / "server.pem").read_bytes(), (tls / "server.key").read_bytes()) == supplied.pair
    assert not provider.provide_supplied(supplied).changed
    assert files.was_read == []
    (tls / "server.key").write_text("another key")
    assert provider.provide_supplied(supplied).changed
    assert provide().facts["ca_certificates"] == own["ca_certificates"]
    assert_consistent(tls)


def test_a_supplied_certificate_that_ends_soon_is_warned_of(supplied, tls):
    [warning] = (
        Provider(Directory(LocalFiles(), str(tls), check_mode=False), None, 60, NOW).provide_supplied(supplied).warnings
    )
    assert "supply a renewed one" in warning


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(("days", "warnings"), [(397, 0), (398, 1)])
def test_a_supplied_certificate_that_lives_too_long_is_warned_of(authority, tls, days, warnings, check_mode):
    long = parsed(
        authority.issue("registry.test", valid=(dt.timedelta(days=-1), dt.timedelta(days=days - 1))), authority
    )
    provider = Provider(Directory(LocalFiles(), str(tls), check_mode), None, 60, NOW)
    warned = provider.provide_supplied(long).warnings
    assert len([warning for warning in warned if f"lives {days} days" in warning]) == warnings


def test_absent_removes_what_present_made(provide, tls):
    def remove(*, check_mode=False):
        return Provider(Directory(LocalFiles(), str(tls), check_mode), None, 60, NOW).remove()

    assert not remove().changed
    provide()
    predicted = remove(check_mode=True)
    assert set(contents(tls)) == set(FILES)
    assert remove().diff == predicted.diff
    assert not tls.exists()
    provide()
    (tls / "other").write_text("not ours")
    assert remove().changed
    assert contents(tls) == {"other": b"not ours"}
    assert not remove().changed


@pytest.mark.parametrize("lives", range(5))
def test_removal_killed_at_any_point_goes_on(provide, tls, lives):
    provide()
    with pytest.raises(Killed):
        Provider(Directory(LocalFiles(lives), str(tls), check_mode=False), None, 60, NOW).remove()
    Provider(Directory(LocalFiles(), str(tls), check_mode=False), None, 60, NOW).remove()
    assert not tls.exists()
