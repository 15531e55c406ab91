# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.tests.support.play import play

SECRET = "s3cret-canary-1"
RECORD = {"endpoint": "registry.test:5000", "username": "u", "password": SECRET}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "vars" / "records.yml"


@pytest.fixture
def registry_record(tmp_path):
    secret = tmp_path / "vault-password"
    secret.write_text("vault-canary")

    def run(*records, check=False, **options):
        task = {"registry_record": {"path": "vars/records.yml", "registries": list(records), **options}}
        return play(tmp_path, task, check=check, options=["--vault-id", f"site@{secret}"])

    return run


@pytest.mark.parametrize("options", [{}, {"vault_id": "site"}])
def test_check_do_again_check_and_back(registry_record, file, options):
    predicted = registry_record(RECORD, check=True, **options)
    assert not file.parent.exists()
    done = registry_record(RECORD, **options)
    assert predicted.changed == done.changed == [True]
    assert predicted.diff == done.diff
    assert "registry.test:5000" in done.diff[0]["after"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert (SECRET.encode() in file.read_bytes()) is not bool(options)
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    for check in (True, False):
        again = registry_record(RECORD, check=check)
        assert again.changed == [False]
        assert again.executions == 0
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    gone = registry_record({"endpoint": "Registry.test:5000"}, state="absent")
    assert gone.changed == [True]
    assert not file.exists()
    for played in (predicted, done, again, gone):
        assert SECRET not in played.output


def test_several_records_cost_one_write_each_in_its_place(registry_record, file):
    registry_record(RECORD, {"endpoint": "b.test:1"}, vault_id="site")
    done = registry_record({"endpoint": "b.test:1", "name": "b"}, RECORD)
    assert [diff["after"].index("registry.test:5000") < diff["after"].index("b.test:1") for diff in done.diff] == [True]
    assert file.read_bytes().startswith(b"$ANSIBLE_VAULT;1.2;AES256;site\n")


def test_a_loose_mode_is_mended(registry_record, file):
    registry_record(RECORD)
    file.chmod(0o644)
    assert registry_record(RECORD).changed == [True]
    assert file.stat().st_mode & 0o777 == 0o600


UNREADABLE = [
    ("a: [1\n", {}, "no valid YAML"),
    ("edge_registry_records: [{endpoint: a.test, password: x}]\n", {}, "edge_registry_records[0].endpoint"),
    ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", {}, "no vault secret at hand opens it"),
    ("a: 1\n", {"vault_id": "unknown"}, "no vault secret has the id unknown"),
]


def test_what_cannot_be_read_is_left_alone(tmp_path):
    tasks = []
    for number, (content, options, _words) in enumerate(UNREADABLE):
        (tmp_path / f"{number}.yml").write_text(content)
        tasks.append({"registry_record": {"path": f"{number}.yml", "registries": [RECORD], **options}})
    for number, failed in enumerate(play(tmp_path, *tasks).results):
        content, _options, words = UNREADABLE[number]
        assert failed["failed"]
        assert words in failed["msg"]
        assert str(tmp_path / f"{number}.yml") in failed["msg"]
        assert SECRET not in failed["msg"]
        assert (tmp_path / f"{number}.yml").read_text() == content


WRONG = [{**RECORD, "pasword": SECRET}, {"endpoint": "a.test:1", "password": [SECRET]}, {**RECORD, "endpoint": "a"}]


def test_a_wrong_record_is_refused_without_its_value(tmp_path, file):
    tasks = [{"registry_record": {"path": str(file), "registries": [record]}} for record in WRONG]
    for failed in play(tmp_path, *tasks).results:
        assert failed["failed"]
        assert SECRET not in failed["msg"]
    assert not file.exists()
