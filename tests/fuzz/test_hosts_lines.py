# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._hosts.lines import remove_entry, set_entry
from hypothesis import given
from hypothesis import strategies as st

REGISTRY = Endpoint.parse("registry.example.com:5000")
SIBLING = Endpoint.parse("registry.example.com:5001")
HOSTS = [b"registry.example.com", b"REGISTRY.example.com", b"other", b"\xe9t\xe9", b"registry.example.com.evil"]
ADDRESSES = [
    b"192.0.2.1",
    b"192.0.2.2",
    b"2001:db8::1",
    b"2001:DB8:0::1",
    b"fe80::1%eth0",
    b"::ffff:192.0.2.1",
    b"999.1",
]
MARKER = b"# edgeops.registry"
WORDS = [*HOSTS, *ADDRESSES, MARKER, b"#", b"registry.example.com:5000", b"registry.example.com:5001", b"\x00"]
SPACES = [b" ", b"\t", b"  ", b"\r", b"\x0b", b"\xa0", b""]

lines = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SPACES)), max_size=8).map(
    lambda pairs: b"".join(word + space for word, space in pairs)
)
hosts_files = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda items, end, last: end.join(items) + last,
        st.lists(lines, max_size=6),
        st.sampled_from([b"\n", b"\r\n"]),
        st.sampled_from([b"", b"\n", b"\r\n"]),
    ),
)
addresses = st.sampled_from([(), ("192.0.2.1",), ("2001:db8::1",), ("192.0.2.1", "2001:db8::1")])


def without_ours(content):
    return remove_entry(remove_entry(content, REGISTRY), SIBLING)


def put(content, wanted, endpoint=REGISTRY):
    """What is rendered, None where a foreign line is in the way."""
    try:
        return set_entry(content, "hosts", endpoint, wanted)
    except ProvisioningError as error:
        if error.reason != "conflict":
            raise
        return None


@given(hosts_files, addresses)
def test_absent_after_present_is_the_original(content, wanted):
    original = without_ours(content)
    after = put(original, wanted)
    if after is not None:
        assert put(after, wanted) == after
        assert remove_entry(after, REGISTRY) == original


@given(hosts_files, addresses, addresses)
def test_whatever_was_there_a_second_run_changes_nothing(content, first, second):
    sibling = put(content, first, SIBLING)
    after = put(sibling if sibling is not None else content, second)
    if after is not None:
        assert put(after, second) == after


@given(hosts_files)
def test_registries_on_one_host_come_and_go_in_any_order(content):
    original = without_ours(content)
    one = put(original, ("192.0.2.1",))
    if one is not None:
        both = put(one, ("192.0.2.1",), SIBLING)
        assert remove_entry(both, SIBLING) == one
        assert remove_entry(remove_entry(both, REGISTRY), SIBLING) == original


@given(hosts_files)
def test_lines_of_others_survive(content):
    original = without_ours(content)
    after = put(original, ("192.0.2.1", "2001:db8::1"))
    if after is not None:
        foreign = original.split(b"\n")
        ours = [line for line in after.split(b"\n") if line not in foreign]
        assert [line for line in after.split(b"\n") if line not in ours] == foreign
        assert all(MARKER in line for line in ours)
        assert len(ours) <= 2
