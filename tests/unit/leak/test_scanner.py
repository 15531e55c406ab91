# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scanner finds what is planted: in each form, at each place, and only there."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from ansible_collections.edgeops.registry.tests.leak.scanner import Canary, leaks, scan

PASSWORD = Canary("password", b"0123456789abcdef/+fedcba9876543210")
LONG_AGO = 0.0

PLANTED = {
    "alone": PASSWORD.secret,
    "in the middle of binary data": b"\xff\x00" + PASSWORD.secret + b"\x00\xff",
    "JSON": json.dumps({"password": PASSWORD.text}).encode(),
    "URL": b"https://edge:" + urllib.parse.quote(PASSWORD.text, safe="").encode() + b"@registry.example.com",
    "base64": base64.b64encode(PASSWORD.secret),
    "Basic, user of 4 letters": base64.b64encode(b"edge:" + PASSWORD.secret),
    "Basic, user of 5 letters": base64.b64encode(b"alice:" + PASSWORD.secret),
    "Basic, user of 6 letters": base64.b64encode(b"robert:" + PASSWORD.secret),
    "a whole file in base64": base64.b64encode(b'{"password": "' + PASSWORD.secret + b'", "and": "more"}'),
    "hexadecimal": PASSWORD.secret.hex().encode(),
}


@pytest.mark.parametrize("content", PLANTED.values(), ids=PLANTED.keys())
def test_every_form_is_found(tmp_path, content):
    (tmp_path / "deep" / "below").mkdir(parents=True)
    (tmp_path / "deep" / "below" / "file").write_bytes(content)
    found = {(finding.path, finding.canary) for finding in scan(str(tmp_path), [PASSWORD], LONG_AGO)}
    assert found == {(str(tmp_path / "deep" / "below" / "file"), "password")}


def test_names_and_targets_of_links_are_read(tmp_path):
    (tmp_path / "hex").symlink_to(PASSWORD.secret.hex())
    (tmp_path / PASSWORD.secret.hex()).touch()
    assert len(list(scan(str(tmp_path), [PASSWORD], LONG_AGO))) == 2


def test_what_is_not_there_is_not_found(tmp_path):
    (tmp_path / "file").write_bytes(Canary.random("other").secret)
    assert list(scan(str(tmp_path), [PASSWORD], LONG_AGO)) == []


def test_skipped_folders_and_older_files_are_left_out(tmp_path):
    for folder in ("skipped", "read"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_bytes(PASSWORD.secret)
    moment = (tmp_path / "read" / "file").stat().st_ctime
    skipped = {str(tmp_path / "skipped")}
    assert {f.path for f in scan(str(tmp_path), [PASSWORD], moment, skipped)} == {str(tmp_path / "read" / "file")}
    assert list(scan(str(tmp_path), [PASSWORD], moment + 60)) == []


@pytest.mark.parametrize(
    ("mode", "canaries", "leaked"),
    [
        (0o600, {"password"}, False),
        (0o640, {"password"}, True),
        (0o400, {"password"}, True),
        (0o600, {"another"}, True),
        (0o600, set(), True),
    ],
)
def test_only_exact_paths_of_mode_0600_may_hold_their_secret(tmp_path, mode, canaries, leaked):
    path = tmp_path / "config.json"
    path.write_bytes(PASSWORD.secret)
    path.chmod(mode)
    findings = list(scan(str(tmp_path), [PASSWORD], LONG_AGO))
    assert bool(leaks(findings, {str(path): canaries})) is leaked
    assert leaks(findings, {str(tmp_path): {"password"}})


def test_a_random_canary_is_new_and_changes_when_encoded():
    one, other = Canary.random("x"), Canary.random("x")
    assert one.secret != other.secret
    assert len(set(one.forms().values())) == len(one.forms())
