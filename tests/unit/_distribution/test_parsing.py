# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authentication import (
    Challenge,
    basic_authorization,
    find_bearer,
    parse_challenges,
)
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from hypothesis import given, settings
from hypothesis import strategies as st

SHA256 = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        ("", []),
        ('Basic realm="basic-realm"', [Challenge("basic", {"realm": "basic-realm"})]),
        (
            'Bearer realm="https://auth.example.com/token",service="registry",scope="repository:a/b:pull,push"',
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://auth.example.com/token",
                        "service": "registry",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        ("BEARER Realm=x , service = y", [Challenge("bearer", {"realm": "x", "service": "y"})]),
        ('Bearer realm="a \\"b\\" c"', [Challenge("bearer", {"realm": 'a "b" c'})]),
        (
            'Negotiate, Basic realm="x", Bearer realm="y"',
            [Challenge("negotiate", {}), Challenge("basic", {"realm": "x"}), Challenge("bearer", {"realm": "y"})],
        ),
        ('realm="without a scheme"', []),
        ('Bearer realm="', [Challenge("bearer", {"realm": ""})]),
        (
            'Negotiate YII+/w==, bearer realm = "https://x/t?a=1,b=2" , scope=""',
            [
                Challenge("negotiate", {}),
                Challenge("bearer", {"realm": "https://x/t?a=1,b=2", "scope": ""}),
            ],
        ),
        (
            'NTLM TlRMTVNTUAAB, Digest qop="auth, auth-int", nonce=abc==,,Bearer realm="y"',
            [
                Challenge("ntlm", {}),
                Challenge("digest", {"qop": "auth, auth-int", "nonce": "abc=="}),
                Challenge("bearer", {"realm": "y"}),
            ],
        ),
    ],
)
def test_challenges(header, challenges):
    assert parse_challenges(header) == challenges


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_no_header_breaks_the_parser(header):
    parse_challenges(header)


def test_bearer_is_found_among_others():
    assert find_bearer('Basic realm="x", Bearer realm="y"') == Challenge("bearer", {"realm": "y"})
    assert find_bearer('Basic realm="x"') is None


def test_bearer_without_a_realm_is_no_way_in():
    assert find_bearer('Bearer service="x", Basic realm="y"') is None
    assert find_bearer('Bearer service="x", bearer Realm=y') == Challenge("bearer", {"realm": "y"})


@pytest.mark.parametrize(
    ("username", "password", "header"), [("", "", ""), ("u", "p", "Basic dTpw"), ("ü", "€", "Basic w7w64oKs")]
)
def test_basic(username, password, header):
    assert basic_authorization(username, password) == header


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("app", ImageName("app", "latest")),
        ("team/app:1.0", ImageName("team/app", "1.0")),
        (f"team/app@{SHA256}", ImageName("team/app", "", SHA256)),
        (f"team/app:1.0@{SHA256}", ImageName("team/app", "1.0", SHA256)),
        ("a__b/c.d-e--f:V_1", ImageName("a__b/c.d-e--f", "V_1")),
    ],
)
def test_image_names(text, name):
    assert ImageName.parse(text) == name
    assert ImageName.parse(str(name)) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "a/",
        "A",
        "a:",
        "a:b/c",
        "a@",
        "a@sha256:x",
        "a..b",
        "a___b",
        "-a",
        "registry.example.com:5000/a",
        "a:" + "b" * 129,
        "a" * 256,
        "a\n",
    ],
)
def test_what_is_no_image_name(text):
    with pytest.raises(ProvisioningError):
        ImageName.parse(text)
