# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._hosts.lines import remove_entry, set_entry

REGISTRY = Endpoint.parse("registry.example.com:5000")
SIBLING = Endpoint.parse("registry.example.com:5001")
OURS = b"192.0.2.10\tregistry.example.com\t# edgeops.registry registry.example.com:5000"
OURS_V6 = b"2001:db8::10\tregistry.example.com\t# edgeops.registry registry.example.com:5000"


def put(content, *addresses, endpoint=REGISTRY):
    return set_entry(content, "/etc/hosts", endpoint, addresses or ("192.0.2.10",))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(None, OURS + b"\n", id="no file"),
        pytest.param(b"", OURS + b"\n", id="empty"),
        pytest.param(b"127.0.0.1 localhost\n", b"127.0.0.1 localhost\n" + OURS + b"\n", id="plain"),
        pytest.param(b"# a\n127.0.0.1 b", b"# a\n" + OURS + b"\n127.0.0.1 b", id="no final newline"),
        pytest.param(b"127.0.0.1 b\r\n", b"127.0.0.1 b\r\n" + OURS + b"\r\n", id="CRLF"),
        pytest.param(
            b"127.0.0.1\t\tb\t# caf\xe9\n", b"127.0.0.1\t\tb\t# caf\xe9\n" + OURS + b"\n", id="Latin-1 and tabs"
        ),
        pytest.param(
            b"#192.0.2.9 registry.example.com\n", b"#192.0.2.9 registry.example.com\n" + OURS + b"\n", id="comment"
        ),
    ],
)
def test_one_line_is_added_and_no_other_byte_changes(before, after):
    assert put(before) == after
    assert put(after) == after
    assert remove_entry(after, REGISTRY) == (before or b"")


def test_two_families_have_a_line_each():
    content = put(b"::1 localhost\n", "192.0.2.10", "2001:db8::10")
    assert content == b"::1 localhost\n" + OURS + b"\n" + OURS_V6 + b"\n"
    assert put(content, "2001:db8:0::10", "192.0.2.10") == content
    assert remove_entry(content, REGISTRY) == b"::1 localhost\n"


def test_a_new_address_replaces_the_old_one_in_its_place():
    content = b"127.0.0.1 a\n" + OURS + b"\n127.0.0.1 b\n"
    assert put(content, "192.0.2.11") == content.replace(b"192.0.2.10", b"192.0.2.11")


def test_a_family_that_the_record_no_longer_has_goes():
    assert put(OURS + b"\n" + OURS_V6 + b"\n") == OURS + b"\n"


def test_a_record_without_addresses_takes_an_older_line_back():
    assert set_entry(b"127.0.0.1 a\n" + OURS + b"\n", "/etc/hosts", REGISTRY, ()) == b"127.0.0.1 a\n"
    assert set_entry(None, "/etc/hosts", REGISTRY, ()) is None


def test_an_alias_that_somebody_put_on_our_line_stays():
    content = OURS.replace(b"registry.example.com\t", b"registry.example.com reg\t") + b"\n"
    assert put(content) == content
    assert put(content, "192.0.2.11") == content.replace(b"192.0.2.10", b"192.0.2.11")


def test_registries_on_one_host_share_a_line_until_the_last_one_goes():
    one = put(b"")
    both = put(one, endpoint=SIBLING)
    assert both == OURS + b" registry.example.com:5001\n"
    assert put(both) == both
    assert remove_entry(both, SIBLING) == one
    assert remove_entry(remove_entry(both, REGISTRY), SIBLING) == b""


def test_absent_leaves_the_lines_of_others():
    content = b"192.0.2.10 registry.example.com\n192.0.2.10 registry.example.com # edgeops.registry\n"
    assert remove_entry(content, REGISTRY) == content
    assert remove_entry(None, REGISTRY) is None


def test_absent_finds_a_line_of_ours_whose_name_was_edited():
    assert remove_entry(OURS.replace(b"registry.example.com\t", b"renamed\t"), REGISTRY) == b""


@pytest.mark.parametrize("line", [b"192.0.2.10 REGISTRY.example.com", b"192.0.2.10\tother registry.example.com # mine"])
def test_a_foreign_line_with_the_wanted_address_is_enough(line):
    assert put(line + b"\n") == line + b"\n"


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b"# first\n192.0.2.99 registry.example.com\n", 2),
        (b"192.0.2.99\tother Registry.Example.com # comment\r\n", 1),
        (b"127.0.0.1 a\n" + OURS + b"\n192.0.2.99 registry.example.com\n", 3),
        (b"127.0.0.1 a\n192.0.2.99 registry.example.com", 2),
    ],
)
def test_p23_an_older_line_that_shadows_ours_is_named(content, number):
    with pytest.raises(ProvisioningError) as failure:
        put(content)
    assert failure.value.reason == "conflict"
    assert f"/etc/hosts line {number} gives registry.example.com the address 192.0.2.99" in failure.value.message
    assert "Remove registry.example.com from that line" in failure.value.remedy


def test_p23_the_families_are_independent():
    content = b"2001:db8::99 registry.example.com\n"
    assert put(content) == content + OURS + b"\n"
    with pytest.raises(ProvisioningError, match="line 1 gives"):
        put(content, "192.0.2.10", "2001:db8::10")
