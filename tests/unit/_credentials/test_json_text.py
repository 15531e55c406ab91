# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._credentials.json_text import (
    parse,
    remove_member,
    set_member,
)

DOCKER = '{\n\t"auths": {\n\t\t"a": {\n\t\t\t"auth": "QQ=="\n\t\t}\n\t},\n\t"psFormat": "x"\n}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("{}", '{\n\t"m": {\n\t\t"k": {\n\t\t\t"v": 1\n\t\t}\n\t}\n}', id="nothing: as Docker lays it out"),
        pytest.param('{"m":{}}', '{"m":{"k":{"v":1}}}', id="compact, as Go"),
        pytest.param('{"m": {}}', '{"m": {"k": {"v": 1}}}', id="compact, as Python"),
        pytest.param('{"m": {"a": 1}}', '{"m": {"a": 1, "k": {"v": 1}}}', id="one line, second member"),
        pytest.param(
            '{\r\n  "m": {\r\n    "a": 1\r\n  }\r\n}\r\n',
            '{\r\n  "m": {\r\n    "a": 1,\r\n    "k": {\r\n      "v": 1\r\n    }\r\n  }\r\n}\r\n',
            id="two spaces and CRLF",
        ),
        pytest.param(
            '{\n"a" : [1,  2],\n"m" : {\n}\n}',
            '{\n"a" : [1,  2],\n"m" : {\n"k": {\n"v": 1\n}\n\n}\n}',
            id="no indentation",
        ),
        pytest.param('{"a":1,"m":{"x":{}}}', '{"a":1,"m":{"x":{},"k":{"v":1}}}', id="not the first"),
    ],
)
def test_a_member_is_added_in_the_style_of_the_text(before, after):
    assert set_member(before, "m", "k", {"v": 1}) == after
    assert parse(after)["m"]["k"] == {"v": 1}


@pytest.mark.parametrize(
    "before", [DOCKER, '{"auths":{}}', '{"psFormat": "x"}', '{"a":[1,{"k":2}],\n"auths" : {"a":1}}']
)
def test_removing_what_was_added_gives_the_text_back(before):
    assert remove_member(set_member(before, "auths", "k", {"auth": "x"}), "auths", "k") == before


def test_replacing_touches_the_value_only():
    text = '{ "m" : { "k" :  [1, 2] , "other": 1e5 } }'
    assert set_member(text, "m", "k", "new") == '{ "m" : { "k" :  "new" , "other": 1e5 } }'


def test_null_counts_as_missing():
    assert set_member('{"m":null,"a":1}', "m", "k", 1) == '{"m":{"k":1},"a":1}'
    assert remove_member('{"m":null}', "m", "k") == '{"m":null}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"m": {"k": 1, "b": 2}}', '{"m": {"b": 2}}'),
        ('{"m": {"a": 1, "k": 2, "b": 3}}', '{"m": {"a": 1, "b": 3}}'),
        ('{"m": {"a": 1, "k": 2}}', '{"m": {"a": 1}}'),
        ('{"m": {"k": 1}, "b": 2}', '{"m": {}, "b": 2}'),
        ('{"b": 2, "m": {"k": 1}}', '{"b": 2}'),
        ('{"b": 2, "m": {"k": 1}, "c": 3}', '{"b": 2, "c": 3}'),
        ('{"m": {"\\u006b": 1, "b": "}"}}', '{"m": {"b": "}"}}'),
        ('{"m": {"a": 1}}', '{"m": {"a": 1}}'),
        ("{}", "{}"),
    ],
)
def test_a_member_is_removed_with_its_comma(before, after):
    assert remove_member(before, "m", "k") == after


@pytest.mark.parametrize(
    "text", ["", "[]", "1", '{"a":1,}', '{"a":1,"a":2}', '{"a":NaN}', "\ufeff{}", "{} {}", "{'a':1}"]
)
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises((ValueError, TypeError)):
        parse(text)
