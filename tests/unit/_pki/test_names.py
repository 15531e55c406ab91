# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._names import Names


@pytest.mark.parametrize(
    ("items", "names"),
    [
        (["Registry.Example.com"], "registry.example.com"),
        (["b.test", "a.test", "b.test"], "a.test, b.test"),
        (["192.0.2.10"], "192.0.2.10"),
        (["2001:DB8:0::10", "registry.test"], "registry.test, 2001:db8::10"),
        (["localhost"], "localhost"),
    ],
)
def test_names_are_canonical(items, names):
    assert str(Names.parse(items)) == names


@pytest.mark.parametrize(
    ("items", "part"),
    [
        ([], "names"),
        (["registry.test", "192.0.2.10"], "names"),
        (["*.registry.test"], "names[0]"),
        (["a.test", "https://b.test"], "names[1]"),
        (["a.test:5000"], "names[0]"),
        ([""], "names[0]"),
        (["bücher.test"], "names[0]"),
        (["192.0.2.999"], "names[0]"),
    ],
)
def test_what_is_no_name_is_refused(items, part):
    with pytest.raises(ProvisioningError) as caught:
        Names.parse(items)
    assert caught.value.part == part
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("wanted", "offered", "missing"),
    [
        (["a.test"], ["a.test", "b.test"], ""),
        (["a.test", "b.test"], ["a.test"], "b.test"),
        (["192.0.2.1"], ["192.0.2.2"], "192.0.2.1"),
    ],
)
def test_missing_names(wanted, offered, missing):
    assert str(Names.parse(wanted).missing_from(Names.parse(offered))) == missing


@pytest.mark.parametrize(("name", "fits"), [("a.test", True), ("a.b.test", False), ("test", False)])
def test_a_wildcard_stands_for_one_label(name, fits):
    offered = Names(frozenset({"*.test"}), frozenset())
    assert bool(Names.parse([name]).missing_from(offered)) is not fits
