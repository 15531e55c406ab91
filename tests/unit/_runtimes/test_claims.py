# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.claims import (
    TITLE,
    OwnFile,
    claims_of,
    placed,
)

FILE = OwnFile("/etc/file", head="head\n", root="root")


@pytest.mark.parametrize(
    ("names", "name", "order", "last", "expected"),
    [
        ("", "a", "a", True, "a"),
        ("xy", "a", "a", True, "xya"),
        ("xy", "a", "a", False, "axy"),
        ("xb", "a", "ab", True, "xab"),
        ("xa", "b", "ab", False, "xab"),
        ("axy", "b", "ab", True, "abxy"),
        ("bxa", "a", "ab", True, "axb"),
        ("ba", "a", "a", True, "ba"),
        ("ab", "b", "b", False, "ab"),
    ],
)
def test_a_name_gets_its_place_and_the_others_keep_theirs(names, name, order, last, expected):
    assert "".join(placed(names, name, order, last=last)) == expected


def test_a_block_for_each_claim(tmp_path):
    one = FILE.put(None, "a", "A\n", ["a"])
    assert one.decode() == f"{TITLE}head\n\n# edgeops.registry: a\nA\n"
    two = FILE.put(one, "b", "", ["a", "b"])
    assert FILE.put(two, "a", "A\n", ["a"]) == two
    assert FILE.take(two, {"b"}) == one
    assert FILE.take(one, {"a", "b"}) is None
    path = tmp_path / "file"
    path.write_bytes(two)
    assert claims_of(str(path)) == ["a", "b"]
    assert claims_of(str(tmp_path)) == []


def test_the_block_of_the_root_stands_for_the_head():
    content = FILE.put(FILE.put(None, "a", "A\n", ["a"]), "root", "R\n", ["root"])
    assert content.decode() == f"{TITLE}\n# edgeops.registry: root\nR\n\n# edgeops.registry: a\nA\n"
    assert FILE.take(content, {"root"}) == FILE.put(None, "a", "A\n", ["a"])


def test_what_somebody_changed_by_hand_is_put_right():
    content = FILE.put(None, "a", "A\n", ["a"])
    assert FILE.put(content.replace(b"head", b"x").replace(b"A", b"B"), "a", "A\n", ["a"]) == content


def test_a_file_of_somebody_else_stays():
    with pytest.raises(ProvisioningError, match=r"/etc/file is not a file of edgeops\.registry"):
        FILE.put(b"x", "a", "A\n", ["a"])
    assert FILE.take(b"x", {"a"}) == b"x"
