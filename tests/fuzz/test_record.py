# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arbitrary input to the record and its file: a typed error, or what can be read back."""

from __future__ import annotations

import contextlib

import yaml
from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import parse_ca_certificates
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import KEYS, Record
from ansible_collections.edgeops.registry.plugins.plugin_utils._record_file import RecordFile
from ansible_collections.edgeops.registry.plugins.plugin_utils._record_text import (
    KEY,
    drop_record,
    put_record,
    read_items,
)
from hypothesis import given, settings
from hypothesis import strategies as st

LABELS = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?", fullmatch=True)
HOSTS = st.builds(lambda labels: ".".join([*labels, "test"]), st.lists(LABELS, min_size=1, max_size=3))
ADDRESSES = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(lambda address: f"[{address}]")
ENDPOINTS = st.builds(lambda host, port: f"{host}:{port}", HOSTS | ADDRESSES, st.integers(1, 65535))
SECRETS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
USERS = SECRETS.filter(lambda text: ":" not in text)
MIRRORS = st.fixed_dictionaries(
    {"upstream": HOSTS}, optional={"prefix": st.sampled_from(["", "mirror/docker.io", "a"])}
)
RECORDS = st.builds(
    lambda endpoint, identity, mirrors, v4: {"endpoint": endpoint, **identity, "mirrors": mirrors, "addresses": v4},
    ENDPOINTS,
    st.just({}) | st.fixed_dictionaries({"username": USERS, "password": SECRETS}),
    st.lists(MIRRORS, max_size=2),
    st.lists(st.ip_addresses(v=4).map(str), max_size=1),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
OTHERS = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}", fullmatch=True).filter(lambda key: key != KEY), VALUES, max_size=3
)
COMMENTS = st.lists(
    st.from_regex(r"# [a-z \"':\[{]{0,20}", fullmatch=True).map(lambda line: f"{line}\n"), max_size=2
).map("".join)


@settings(deadline=None, max_examples=50)
@given(RECORDS)
def test_a_record_comes_back(data):
    record = Record.parse(data)
    assert Record.parse(record.as_dict()) == record
    assert Endpoint.parse(str(record.endpoint)) == record.endpoint


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.sampled_from(KEYS) | st.text(), VALUES) | VALUES)
def test_anything_is_a_record_or_a_typed_error(data):
    with contextlib.suppress(ProvisioningError):
        Record.parse(data)


@given(st.text())
def test_anything_is_an_endpoint_or_a_typed_error(text):
    with contextlib.suppress(ProvisioningError):
        assert Endpoint.parse(str(Endpoint.parse(text))) == Endpoint.parse(text)


@given(st.text() | st.text().map(lambda body: f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"))
def test_anything_is_a_ca_or_a_typed_error(text):
    with contextlib.suppress(ProvisioningError):
        parse_ca_certificates(text)


@settings(deadline=None, max_examples=20)
@given(OTHERS, COMMENTS, COMMENTS, RECORDS, RECORDS)
def test_absent_after_present_is_the_original_file(others, before, after, first, second):
    text = before + (yaml.safe_dump(others, allow_unicode=True) if others else "") + after
    one, two = Record.parse(first), Record.parse({**second, "endpoint": "second.example:1"})
    put = put_record(put_record(text, one), two)
    assert [item.record for item in read_items(put)] == [one, two]
    assert put_record(put, one) == put
    assert drop_record(drop_record(put, one.endpoint), two.endpoint) == text


@settings(deadline=None, max_examples=50)
@given(st.binary() | st.text().map(str.encode) | VALUES.map(lambda value: yaml.safe_dump({KEY: value}).encode()))
def test_any_bytes_give_a_file_or_a_typed_error(content):
    record = Record.parse({"endpoint": "a.test:1"})
    file = RecordFile([])
    with contextlib.suppress(ProvisioningError):
        assert file.put(file.put(content, record), record) == file.put(content, record)
