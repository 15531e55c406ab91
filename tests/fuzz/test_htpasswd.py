# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arbitrary password files: what is not ours stays, byte by byte."""

from __future__ import annotations

from ansible_collections.edgeops.registry.plugins.plugin_utils._htpasswd import User, fitting_cost, plan
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=":\r\n\0"), min_size=1, max_size=8).filter(
    lambda name: name[0] not in "# \t"
)
PASSWORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=18)
CONTENTS = st.binary() | st.lists(NAMES, max_size=3).map(
    lambda names: "".join(f"{name}:x\n" for name in names).encode()
)


@settings(deadline=None, max_examples=50)
@given(CONTENTS, NAMES, PASSWORDS)
def test_absent_after_present_is_the_original_file(content, name, password):
    without = plan(content, [User(name, None)], 4).content
    done = plan(without, [User(name, password)], 4).content
    assert plan(done, [User(name, password)], 4).content == done
    gone = plan(done, [User(name, None)], 4).content
    complete = without if not without or without.endswith(b"\n") else without + b"\n"
    assert gone == complete


@given(st.text())
def test_every_password_has_a_cost(password):
    assert fitting_cost(password) in {5, 10}
