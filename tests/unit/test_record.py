# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import KEYS, Record, parse_records

SECRET = "s3cret-value"
FULL = {
    "schema": 1,
    "name": "site-a",
    "endpoint": "Registry.test:5000",
    "scheme": "https",
    "addresses": ["192.0.2.1", "2001:DB8::1"],
    "username": "u",
    "password": SECRET,
    "mirrors": [{"upstream": "Docker.io", "prefix": "mirror/docker.io"}, {"upstream": "quay.io"}],
}


def with_(**changes):
    return {**FULL, **changes}


def test_a_full_record(authority):
    record = Record.parse(with_(ca_certificates=[authority.pem, authority.pem]))
    assert str(record.endpoint) == "registry.test:5000"
    assert record.addresses == ("192.0.2.1", "2001:db8::1")
    assert [certificate.pem for certificate in record.ca_certificates] == [authority.pem]
    assert [(mirror.upstream, mirror.prefix) for mirror in record.mirrors] == [
        ("docker.io", "mirror/docker.io"),
        ("quay.io", ""),
    ]
    assert Record.parse(record.as_dict()) == record
    assert set(record.as_dict()) == set(KEYS)
    assert SECRET not in repr(record)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"endpoint": "registry.test:5000"}, "registry-test-5000"),
        ({"endpoint": "[2001:db8::1]:5000"}, "2001-db8-1-5000"),
        ({"endpoint": f"{'a' * 60}.test:5000"}, f"{'a' * 53}-test-5000"),
        ({"endpoint": "registry.test:5000", "name": None, "username": None}, "registry-test-5000"),
        ({"endpoint": "registry.test:5000", "x_owner": SECRET}, "registry-test-5000"),
    ],
)
def test_a_short_record(data, name):
    record = Record.parse(data)
    assert (record.name, record.scheme, record.username, record.password) == (name, "https", "", "")
    assert (record.addresses, record.ca_certificates, record.mirrors) == ((), (), ())


@pytest.mark.parametrize(
    ("data", "part", "words"),
    [
        (SECRET, "record", "not a mapping"),
        ({}, "record.endpoint", "missing"),
        (with_(endpoint=7), "record.endpoint", "must be a string"),
        (with_(endpoint=f"{SECRET}"), "record.endpoint", "has no port"),
        (with_(pasword=SECRET), "record.pasword", "Did you mean password?"),
        (with_(colour=SECRET), "record.colour", "Known keys: schema"),
        (with_(schema=2), "record.schema", "Upgrade the collection"),
        (with_(schema=SECRET), "record.schema", "whole number"),
        (with_(schema=True), "record.schema", "whole number"),
        (with_(schema=0), "record.schema", "whole number"),
        (with_(name=f"{SECRET}_"), "record.name", "a-z, 0-9"),
        (with_(scheme=SECRET), "record.scheme", "https or http"),
        (with_(addresses="192.0.2.1"), "record.addresses", "addresses: [192.0.2.10]"),
        (with_(addresses=[SECRET]), "record.addresses", "IP addresses"),
        (with_(addresses=[7]), "record.addresses", "For example [192.0.2.10]"),
        (with_(addresses=["fe80::1%eth0"]), "record.addresses", "zone"),
        (with_(addresses=["192.0.2.1", "192.0.2.2"]), "record.addresses", "two IPv4"),
        (with_(ca_certificates=[SECRET]), "record.ca_certificates[0]", "no certificate"),
        (with_(ca_certificates=[{}]), "record.ca_certificates[0]", "must be a string"),
        (with_(username=None), "record.username", "missing, and password is there"),
        (with_(password=""), "record.password", "missing, and username is there"),
        (with_(password=1234567), "record.password", "must be a string"),
        (with_(username=f"u:{SECRET}"), "record.username", "no colon"),
        (with_(username=f"u:{SECRET}"), "record.username", "for example edge"),
        (with_(password=f"{SECRET}\n"), "record.username", "control characters"),
        (with_(mirrors=[SECRET]), "record.mirrors[0]", "upstream and prefix"),
        (with_(mirrors=[{"upstream": "a", SECRET: 1}]), "record.mirrors[0]", "upstream and prefix"),
        (with_(mirrors=[{"upstream": f"a/{SECRET}"}]), "record.mirrors[0].upstream", "host"),
        (with_(mirrors=[{"upstream": ".."}]), "record.mirrors[0].upstream", "host"),
        (with_(mirrors=[{"upstream": "a:99999"}]), "record.mirrors[0].upstream", "host"),
        (with_(mirrors=[{"upstream": 'a"]'}]), "record.mirrors[0].upstream", "host"),
        (with_(mirrors=[{"upstream": with_()["endpoint"].upper()}]), "record.mirrors[0].upstream", "another"),
        (with_(mirrors=[{"upstream": "a", "prefix": f"/{SECRET}"}]), "record.mirrors[0].prefix", "repository path"),
    ],
)
def test_what_is_wrong_is_named_and_its_value_is_not(data, part, words):
    with pytest.raises(ProvisioningError) as caught:
        Record.parse(data)
    assert caught.value.part == part
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "1234567" not in str(caught.value)


def test_lists():
    assert [record.name for record in parse_records([FULL, {"endpoint": "b.test:1"}])] == ["site-a", "b-test-1"]
    with pytest.raises(ProvisioningError) as caught:
        parse_records([FULL, {"endpoint": "b.test:1", "colour": 1}])
    assert caught.value.part == "registries[1].colour"
    with pytest.raises(ProvisioningError) as caught:
        parse_records([{"endpoint": "b.test:1"}, FULL, {"endpoint": "REGISTRY.test:5000"}], "client_registries")
    assert "client_registries[1] and client_registries[2]" in str(caught.value)
