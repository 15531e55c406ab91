# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint, parse_address
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError


@pytest.mark.parametrize(
    ("text", "canonical", "is_address"),
    [
        ("registry.example.com:5000", "registry.example.com:5000", False),
        ("Registry.EXAMPLE.com:443", "registry.example.com:443", False),
        ("localhost:5000", "localhost:5000", False),
        ("my_registry:5000", "my_registry:5000", False),
        ("xn--bcher-kva.test:5000", "xn--bcher-kva.test:5000", False),
        ("192.0.2.10:05000", "192.0.2.10:5000", True),
        ("[2001:DB8:0:0::10]:5000", "[2001:db8::10]:5000", True),
        ("1.example.com:1", "1.example.com:1", False),
        ("a:65535", "a:65535", False),
    ],
)
def test_endpoints_are_canonical(text, canonical, is_address):
    endpoint = Endpoint.parse(text)
    assert str(endpoint) == canonical
    assert endpoint.is_address is is_address
    assert Endpoint.parse(canonical) == endpoint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://registry.test:5000", "has a scheme"),
        ("registry.test:5000/v2", "has a path"),
        ("registry.test:5000/", "has a path"),
        ("user:secret@registry.test:5000", "has credentials in it"),
        ("registry.test", "has no port"),
        ("", "has no port"),
        ("registry.test:", "a port that is not a number"),
        ("registry.test:0", "a port that is not a number"),
        ("registry.test:65536", "a port that is not a number"),
        ("registry.test:-1", "a port that is not a number"),
        ("registry.test:5000 ", "a port that is not a number"),
        ("registry.test:\u0665", "a port that is not a number"),
        (":5000", "is not a DNS name"),
        ("-a.test:5000", "is not a DNS name"),
        ("a..test:5000", "is not a DNS name"),
        ("a.test.:5000", "is not a DNS name"),
        ("*.test:5000", "is not a DNS name"),
        ("a b:5000", "is not a DNS name"),
        (f"{'a' * 64}.test:5000", "is not a DNS name"),
        (f"{'a.' * 130}test:5000", "is not a DNS name"),
        ("bücher.test:5000", "internationalised"),
        ("2001:db8::10:5000", "without brackets"),
        ("[2001:db8::10]", "is not [IPv6 address]:port"),
        ("[registry.test]:5000", "is not [IPv6 address]:port"),
        ("192.0.2.256:5000", "looks like an IPv4 address"),
    ],
)
def test_anything_else_is_refused_with_a_remedy(text, words):
    with pytest.raises(ProvisioningError) as caught:
        Endpoint.parse(text)
    assert words in caught.value.message
    assert caught.value.part == "endpoint"
    assert caught.value.remedy
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "version"), [("192.0.2.1", 4), ("2001:db8::1", 6), ("192.0.2", None), ("a.test", None)]
)
def test_addresses(text, version):
    found = parse_address(text)
    assert (found.version if found else None) == version
