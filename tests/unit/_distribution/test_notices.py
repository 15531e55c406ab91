# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.notices import Notices, parse_warnings
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from hypothesis import given
from hypothesis import strategies as st

ENDPOINT = Endpoint("registry.example.com", 5000)


@pytest.mark.parametrize(
    ("header", "texts"),
    [
        ('299 - "Your token expires soon."', ["Your token expires soon."]),
        ('299 - "One.", 299 - "Two, too."', ["One.", "Two, too."]),
        (r'299 - "A \"quoted\" \\ word."', ['A "quoted" \\ word.']),
        ('299 - "\x1b[2JGone."', ["[2JGone."]),
        ('199 - "Of a cache."', []),
        ('299 agent "Not of a registry."', []),
        ('299 - "Never ends', []),
        ('299 - ""', []),
        ("", []),
        (f'299 - "{"x" * 1000}"', ["x" * 300]),
    ],
)
def test_texts(header, texts):
    assert parse_warnings(header) == texts


@given(st.text())
def test_no_header_breaks_the_parser(header):
    assert all(isinstance(text, str) for text in parse_warnings(header))


def test_each_is_told_once_and_not_too_many():
    notices = Notices()
    for dummy in range(2):
        notices.hear(ENDPOINT, '299 - "Old."')
    assert notices.lines() == ["registry.example.com:5000 says: Old."]
    for number in range(100):
        notices.hear(ENDPOINT, f'299 - "{number}"')
    assert len(notices.lines()) == 10
