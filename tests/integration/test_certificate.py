# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.tests.support.play import play


@pytest.fixture
def tls(tmp_path):
    return tmp_path / "etc" / "tls"


@pytest.fixture
def certificate(tmp_path, tls):
    def run(*, check=False, **options):
        return play(tmp_path, {"certificate": {"path": str(tls), "names": ["registry.test"], **options}}, check=check)

    return run


def contents(tls):
    return {path.name: (path.read_bytes(), path.stat().st_mode, path.stat().st_uid) for path in tls.iterdir()}


def test_check_do_again_check_and_back(certificate, tls):
    predicted = certificate(check=True)
    assert not tls.parent.exists()
    done = certificate()
    assert predicted.changed == done.changed == [True]
    assert predicted.diff == done.diff
    assert {name: mode & 0o777 for name, (content, mode, owner) in contents(tls).items()} == {
        "ca.pem": 0o644,
        "ca.key": 0o600,
        "server.pem": 0o644,
        "server.key": 0o600,
    }
    for name in ("ca.key", "server.key"):
        assert (tls / name).read_text().splitlines()[1] not in done.output
    before = contents(tls)
    for check in (True, False):
        again = certificate(check=check)
        assert again.changed == [False]
        assert again.executions == 3
        assert (
            again.results[0]["ca_certificates"] == done.results[0]["ca_certificates"] == [(tls / "ca.pem").read_text()]
        )
    assert contents(tls) == before
    assert certificate(state="absent", check=True).changed == [True]
    assert contents(tls) == before
    assert certificate(state="absent").changed == [True]
    assert not tls.exists()
    assert certificate(state="absent").changed == [False]


def test_the_server_s_key_belongs_to_its_user(certificate, tls):
    certificate()
    predicted = certificate(owner="nobody", check=True)
    done = certificate(owner="nobody")
    assert predicted.diff == done.diff == [
        {
            "before_header": str(tls / "server.key"),
            "after_header": str(tls / "server.key"),
            "before": "mode: 0600\nowner: root\n",
            "after": "mode: 0600\nowner: nobody\n",
        }
    ]  # fmt: skip
    assert (tls / "server.key").owner() == "nobody"
    assert certificate(owner="nobody", names=["a.registry.test"]).changed == [True]
    assert (tls / "server.key").owner() == "nobody"
    assert (tls / "server.key").stat().st_mode & 0o777 == 0o600


def test_another_ca_is_never_made_silently(certificate, tls):
    certificate()
    before = contents(tls)
    [failed] = certificate(names=["other.test"]).results
    assert failed["failed"]
    assert failed["reason"] == "name_mismatch"
    assert "state: absent" in failed["remedy"]
    assert contents(tls) == before


def test_a_certificate_of_the_user_s_own(certificate, tls, authority):
    leaf = authority.issue("registry.test")
    key = leaf.key.read_text()
    own = {"certificate": leaf.certificate.read_text(), "private_key": key, "ca_certificates": [authority.pem]}
    done = certificate(**own)
    assert done.changed == [True]
    assert done.results[0]["ca_certificates"] == [authority.pem]
    assert (tls / "server.key").read_text() == key
    assert key.splitlines()[1] not in done.output
    again = certificate(**own)
    assert again.changed == [False]
    assert again.executions == 1
    [failed] = certificate(**{**own, "names": ["other.test"]}).results
    assert (failed["failed"], failed["reason"]) == (True, "name_mismatch")


WRONG = [
    ({"names": []}, "at least one name"),
    ({"valid_days": 398}, "1 to 397"),
    ({"renew_before": 397}, "less than valid_days"),
    ({"ca_valid_days": 100}, "not be less than valid_days"),
    ({"private_key": "s3cret"}, "certificate"),
    ({"pathh": "x"}, "Unsupported parameters"),
]


def test_wrong_options(tmp_path, tls):
    good = {"path": str(tls), "names": ["registry.test"]}
    played = play(tmp_path, *({"certificate": {**good, **options}} for options, words in WRONG))
    for failed, words in zip(played.results, [words for options, words in WRONG], strict=True):
        assert failed["failed"]
        assert words in failed["msg"]
        assert "s3cret" not in failed["msg"]
    assert not tls.exists()
