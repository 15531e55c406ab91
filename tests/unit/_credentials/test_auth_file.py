# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._credentials.auth_file import (
    DOCKER_HUB,
    redact,
    remove_login,
    set_login,
)
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

PATH = "/root/.docker/config.json"
KEY = "registry.example.com:5000"
LOGIN = base64.b64encode(b"edge:s3cret").decode()
OTHER = {"auth": base64.b64encode(b"other:0ther").decode()}


def put(content, *, endpoint=KEY, store="fail"):
    record = Record.parse({"endpoint": endpoint, "username": "edge", "password": "s3cret"})
    raw = content if content is None or isinstance(content, bytes) else json.dumps(content).encode()
    return set_login(raw, PATH, record, store=store)


def put_document(content, **options):
    return json.loads(put(content, **options))


def remove(content):
    return remove_login(content, PATH, Endpoint.parse(KEY))


@pytest.mark.parametrize("content", [None, b"", b" \n", b"{}", b'{"auths": {}}', b'{"auths": null}'])
def test_a_login_is_added_and_taken_back(content):
    assert json.loads(put(content)) == {"auths": {KEY: {"auth": LOGIN}}}
    assert put(put(content)) == put(content)
    assert remove(put(content)) is None


def test_a_new_file_looks_like_dockers():
    assert put(None) == f'{{\n\t"auths": {{\n\t\t"{KEY}": {{\n\t\t\t"auth": "{LOGIN}"\n\t\t}}\n\t}}\n}}'.encode()


def test_p3_unknown_keys_their_order_and_the_layout_stay():
    content = (
        b'{\n  "psFormat": "a\\u0020b",\n  "proxies": {"default": {"noProxy": "x"}},\n  "auths": {"z": {},"a": {}}\n}\n'
    )
    after = put(content)
    assert after.startswith(content[: content.index(b"}\n}\n")])
    assert list(json.loads(after)) == ["psFormat", "proxies", "auths"]
    assert remove(after) == content


@pytest.mark.parametrize(
    ("content", "where"),
    [
        pytest.param(b'{"auths": {},\n}', "line 2 column 1", id="trailing comma"),
        pytest.param(b"\xef\xbb\xbf{}", "BOM", id="BOM, which Docker refuses too"),
        pytest.param(b'{"a": "\xe9"}', "is not UTF-8", id="Latin-1"),
        pytest.param(b'{"auths": []}', "auths is not an object", id="auths is a list"),
        pytest.param(b'{"credHelpers": "x"}', "credHelpers is not an object", id="credHelpers is a string"),
        pytest.param(b'["auths"]', "not a JSON object", id="a list"),
        pytest.param(b'{"auths": {}, "auths": {}}', "a member twice", id="a member twice"),
        pytest.param(b"[" * 100_000, "recursion", id="nested without end"),
    ],
)
@pytest.mark.parametrize("action", [put, remove])
def test_p3_a_file_that_does_not_parse_is_reported(action, content, where):
    with pytest.raises(ProvisioningError) as failure:
        action(content)
    assert failure.value.reason == "unparsable"
    assert PATH in failure.value.message
    assert where in failure.value.message
    assert failure.value.remedy


@pytest.mark.parametrize(
    "entry",
    [
        {"identitytoken": "t0ken"},
        {"auth": LOGIN, "identitytoken": "t0ken"},
        {"auth": LOGIN, "registrytoken": "t0ken"},
        {"email": "a@example.com"},
        {"auth": "b2xkOm9sZA=="},
        {"auth": 5},
        {},
        None,
        "text",
    ],
)
def test_p4_an_entry_without_these_basic_credentials_is_replaced(entry):
    assert put_document({"auths": {"other": OTHER, KEY: entry}}) == {"auths": {"other": OTHER, KEY: {"auth": LOGIN}}}


def test_p4_an_entry_with_them_stays_as_it_is():
    content = json.dumps({"auths": {KEY: {"email": "a@example.com", "auth": LOGIN}}}).encode()
    assert put(content) == content


@pytest.mark.parametrize(
    "alias",
    [
        f"http://{KEY}",
        f"https://{KEY}",
        f"https://{KEY}/",
        f"https://{KEY}/v1/",
        f"https://{KEY}/v2/",
        f"HTTPS://{KEY}",
        f"{KEY}/",
        "Registry.Example.com:5000",
    ],
)
def test_p6_other_spellings_of_the_registry_are_removed(alias):
    content = {"auths": {alias: OTHER, "other": OTHER}}
    assert put_document(content) == {"auths": {"other": OTHER, KEY: {"auth": LOGIN}}}
    assert json.loads(remove(json.dumps(content).encode())) == {"auths": {"other": OTHER}}


@pytest.mark.parametrize(
    "other",
    ["registry.example.com", f"{KEY}/team", "registry.example.com:5001", "https://registry.example.com", "[bad", ""],
)
def test_p6_other_registries_and_parts_of_one_are_none(other):
    assert put_document({"auths": {other: OTHER}})["auths"][other] == OTHER


@pytest.mark.parametrize(
    ("endpoint", "key"),
    [
        ("[2001:DB8::0:1]:5000", "[2001:db8::1]:5000"),
        ("docker.io:443", DOCKER_HUB),
        ("registry-1.docker.io:443", DOCKER_HUB),
        ("docker.io:5000", "docker.io:5000"),
    ],
)
def test_p6_the_key_is_the_one_of_docker(endpoint, key):
    assert put_document(None, endpoint=endpoint) == {"auths": {key: {"auth": LOGIN}}}


def test_p6_images_may_leave_port_443_out():
    after = put(None, endpoint="registry.example.com:443")
    login = {"auth": LOGIN}
    assert json.loads(after) == {"auths": {"registry.example.com:443": login, "registry.example.com": login}}
    assert remove_login(after, PATH, Endpoint.parse("registry.example.com:443")) is None


def test_p6_docker_hub_has_aliases_of_its_own():
    content = {"auths": {"docker.io": OTHER, "https://index.docker.io/v1/": OTHER, "quay.io": OTHER}}
    assert list(put_document(content, endpoint="docker.io:443")["auths"]) == [DOCKER_HUB, "quay.io"]


@pytest.mark.parametrize("store", ["fail", "bypass", None])
def test_p8_a_credential_helper_for_this_registry_is_the_users_choice(store):
    with pytest.raises(ProvisioningError) as failure:
        put({"credHelpers": {KEY: "ecr-login"}}, store=store)
    assert failure.value.reason == "conflict"
    assert "'ecr-login'" in failure.value.message
    assert f"Remove {KEY} from credHelpers" in failure.value.remedy


def test_p8_a_credential_store_is_reported_with_the_remedy():
    with pytest.raises(ProvisioningError) as failure:
        put({"credsStore": "desktop"})
    assert failure.value.reason == "conflict"
    assert "'desktop'" in failure.value.message
    assert "credential_store to bypass" in failure.value.remedy


def test_p8_a_credential_store_is_bypassed_for_this_registry_alone():
    content = b'{"auths":{},"credsStore":"desktop","credHelpers":{"other":"pass"}}'
    after = put(content, store="bypass")
    assert json.loads(after) == {
        "auths": {KEY: {"auth": LOGIN}},
        "credsStore": "desktop",
        "credHelpers": {"other": "pass", KEY: ""},
    }
    assert put(after, store="bypass") == put(after, store="fail") == after
    assert remove(after) == content


def test_p2_a_helper_or_store_of_other_registries_does_not_matter():
    for content in (
        {"credHelpers": {"other": "pass"}},
        {"credsStore": ""},
        {"credsStore": "x", "credHelpers": {KEY: ""}},
    ):
        assert put_document(content)["auths"] == {KEY: {"auth": LOGIN}}


def test_a_file_whose_clients_know_no_credential_store_needs_no_bypass():
    assert put_document({"credsStore": "desktop"}, store=None) == {
        "credsStore": "desktop",
        "auths": {KEY: {"auth": LOGIN}},
    }


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"auths": {}}', b'{ "auths":{"x":{}} }', b'{"psFormat": "x"}'])
def test_absent_changes_nothing_where_there_is_nothing_of_ours(content):
    assert remove(content) == content


def test_a_diff_shows_registries_and_helpers_and_no_secret():
    content = put({"HttpHeaders": {"X-Key": "h3ader"}, "credHelpers": {"other": "pass"}, "l": ["t0ken"]}, endpoint=KEY)
    shown = redact(content).decode()
    for word in (KEY, "auth", "pass", "HttpHeaders"):
        assert word in shown
    for secret in (LOGIN, "s3cret", "h3ader", "t0ken"):
        assert secret not in shown


@pytest.mark.parametrize(
    "content", [b'{"auth": "c2VjcmV0",}', b"c2VjcmV0", b'{"auths": ["c2VjcmV0"]}', b"\xe9c2VjcmV0"]
)
def test_a_diff_of_what_does_not_parse_shows_nothing(content):
    assert b"c2VjcmV0" not in redact(content)
