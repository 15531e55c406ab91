# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret, VaultSecretsContext
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.plugin_utils._record_file import RecordFile
from ansible_collections.edgeops.registry.plugins.plugin_utils._record_text import (
    KEY,
    drop_record,
    put_record,
    read_items,
    show_records,
)

A = Record.parse({"endpoint": "a.test:5000", "username": "u", "password": "s3cret: #x", "addresses": ["192.0.2.1"]})
A2 = Record.parse({"endpoint": "a.test:5000", "username": "u", "password": "new"})
B = Record.parse({"endpoint": "b.test:5000"})
FOREIGN = """\
---
# before
other: {a: [1, 2]}   # beside
text: |
  lines

  and "quotes"
vaulted: !vault |
  $ANSIBLE_VAULT;1.1;AES256
  3030
"""
SECRETS = [("site", VaultSecret(b"one")), ("other", VaultSecret(b"two"))]


@pytest.fixture(autouse=True)
def vault_context(monkeypatch):
    monkeypatch.setattr(VaultSecretsContext, "_current", VaultSecretsContext(SECRETS))


def endpoints(text):
    return [str(item.record.endpoint) for item in read_items(text)]


@pytest.mark.parametrize("text", ["", "---\n", "# only a comment\n", FOREIGN, FOREIGN + "# after\n", "other: 1\n\n\n"])
def test_present_then_absent_gives_the_text_back(text):
    one = put_record(text, A)
    assert one.startswith(text)
    assert put_record(one, A) == one
    two = put_record(one, B)
    assert endpoints(two) == ["a.test:5000", "b.test:5000"]
    assert drop_record(drop_record(two, A.endpoint), B.endpoint) == text
    assert drop_record(text, A.endpoint) == text


def test_a_missing_final_newline_is_added():
    assert put_record("other: 1", A).startswith("other: 1\nedge_registry_records:\n")


def test_a_record_is_replaced_in_its_place_and_the_user_s_own_keys_stay():
    text = f"""\
first: 1
{KEY}:
  # lost, since the variable changes
  - endpoint: A.test:5000
    x_site: "7"
  - {{endpoint: b.test:5000, x_more: [1]}}
# kept

last: 2
"""
    after = put_record(text, A2)
    assert after.startswith(f"first: 1\n{KEY}:\n")
    assert after.endswith("# kept\n\nlast: 2\n")
    assert endpoints(after) == ["a.test:5000", "b.test:5000"]
    [a, b] = yaml.safe_load(after)[KEY]
    assert (a["password"], a["x_site"]) == ("new", "7")
    assert b == {"endpoint": "b.test:5000", "x_more": [1]}


def test_an_equal_record_in_other_words_stays_as_it_is():
    text = f"{KEY}: [{{endpoint: B.test:05000, x_note: hi}}] # compact\n"
    assert put_record(text, B) == text


def test_inline_vaulted_values_are_compared_and_kept():
    secret = VaultLib(SECRETS).encrypt("s3cret: #x", SECRETS[0][1], "site").decode()
    indented = "".join(f"      {line}\n" for line in secret.splitlines())
    text = f"{KEY}:\n- endpoint: a.test:5000\n  username: u\n  addresses: [192.0.2.1]\n  password: !vault |\n{indented}"
    assert put_record(text, A) == text
    after = put_record(text, B)
    assert endpoints(after) == ["a.test:5000", "b.test:5000"]
    assert "s3cret" not in after
    assert read_items(after)[0].record == A


def test_a_record_is_written_for_people(authority):
    record = Record.parse({"endpoint": "a.test:5000", "ca_certificates": [authority.pem]})
    text = put_record("", record)
    assert "  - |\n    -----BEGIN CERTIFICATE-----\n" in text
    assert "username" not in text
    assert read_items(text)[0].record == record


def test_a_diff_shows_no_secret():
    text = put_record(f"{KEY}:\n- endpoint: b.test:5000\n  x_token: t0ken\nother: 0ther\n", A)
    shown = show_records(text)
    assert "a.test:5000" in shown
    assert not [secret for secret in ("s3cret", "t0ken", "0ther") if secret in shown]
    assert show_records("other: 1\n") == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [1\nb: s3cret\n", "unparsable"),
        ("- s3cret\n", "unparsable"),
        ("s3cret\n", "unparsable"),
        (f"{KEY}: s3cret\n", "unparsable"),
        (f"{KEY}: {{endpoint: s3cret}}\n", "unparsable"),
        (f"{KEY}: [s3cret]\n", "invalid"),
        (f"{KEY}: [{{endpoint: s3cret}}]\n", "invalid"),
        (f"{KEY}: [{{endpoint: c.test:1, pasword: s3cret}}]\n", "invalid"),
        ("{a: s3cret}\n", "unsupported"),
        ("{}\n", "unsupported"),
        ("  a: s3cret\n", "unsupported"),
        ("a: s3cret\n...\n", "unsupported"),
        (f"a: &x s3cret\n{KEY}:\n- &y {{endpoint: c.test:1}}\nb: *y\n", "unsupported"),
        (f"{KEY}: []\n{KEY}: []\n", "unsupported"),
        ("a: s3cret\n---\nb: 1\n", "unparsable"),
    ],
)
def test_what_cannot_be_edited_is_reported(text, reason):
    with pytest.raises(ProvisioningError) as caught:
        put_record(text, A)
    assert caught.value.reason == reason
    assert "s3cret" not in str(caught.value)


def test_plain_stays_plain_and_vaulted_stays_vaulted():
    file = RecordFile(SECRETS)
    plain = file.put(None, A)
    assert plain.decode() == put_record("", A)
    vaulted = RecordFile(SECRETS, "other").put(plain, A)
    assert vaulted.startswith(b"$ANSIBLE_VAULT;1.2;AES256;other\n")
    assert file.put(vaulted, A) is vaulted
    assert file.put(vaulted, B).startswith(b"$ANSIBLE_VAULT;1.2;AES256;other\n")
    assert file.drop(vaulted, B.endpoint) is vaulted
    assert RecordFile(SECRETS, "site").put(vaulted, A).startswith(b"$ANSIBLE_VAULT;1.2;AES256;site\n")
    assert b"s3cret" not in file.show(vaulted)
    assert b"a.test:5000" in file.show(vaulted)


def test_a_record_is_found_by_its_endpoint():
    file = RecordFile(SECRETS, "site")
    content = file.put(file.put(None, A), B)
    assert (file.find(content, A.endpoint), file.find(content, B.endpoint)) == (A, B)
    assert file.find(file.put(None, A), B.endpoint) is None


def test_a_file_in_which_nothing_is_left_goes():
    file = RecordFile(SECRETS)
    assert file.drop(file.put(b"---\n", A), A.endpoint) is None
    assert file.drop(file.put(b"a: 1\n", A), A.endpoint) == b"a: 1\n"
    assert file.drop(file.put(b"# mine\n", A), A.endpoint) == b"# mine\n"
    assert file.drop(None, A.endpoint) is None


@pytest.mark.parametrize(
    ("secrets", "vault_id", "content"),
    [
        (SECRETS, "unknown", None),
        (SECRETS[1:], None, RecordFile(SECRETS, "site").put(None, A)),
        ([], None, RecordFile(SECRETS, "site").put(None, A)),
        (SECRETS, None, b"$ANSIBLE_VAULT;1.1;AES256\nnothex\n"),
        (SECRETS, None, b"a: \xff\n"),
    ],
)
def test_what_cannot_be_opened_or_closed_is_reported(secrets, vault_id, content):
    file = RecordFile(secrets, vault_id)
    with pytest.raises(ProvisioningError) as caught:
        file.put(content, B)
    assert caught.value.remedy
