# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

from ansible_collections.edgeops.registry.plugins.module_utils._credentials.auth_file import (
    redact,
    remove_login,
    set_login,
)
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from hypothesis import given
from hypothesis import strategies as st

PATH = "/root/.docker/config.json"
KEY = "registry.example.com:5000"
ENDPOINT = Endpoint.parse(KEY)
RECORD = Record.parse({"endpoint": KEY, "username": "edge", "password": "s3cret"})
LOGIN = "ZWRnZTpzM2NyZXQ="
SECRET = "t0psecret"

letters = st.text('aZ0 \t\n\r"\\{}[],:=\x00\u00e9\u20ac\ud800', max_size=5)
NAMES = [KEY, f"https://{KEY}/v1/", "other", "auths", "credHelpers", "credsStore", "auth", "", "\u20ac", '"\\\n']
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | letters,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)
entries = st.none() | st.fixed_dictionaries({}, optional={"auth": letters, "identitytoken": st.just(SECRET)})
documents = st.fixed_dictionaries(
    {},
    optional={
        "psFormat": values,
        "auths": st.none() | st.dictionaries(st.sampled_from(NAMES), entries, max_size=4),
        "credsStore": st.sampled_from(["", "desktop"]),
        "credHelpers": st.none()
        | st.dictionaries(st.sampled_from([*NAMES]), st.sampled_from(["", "pass"]), max_size=2),
        "proxies": values,
    },
)
layouts = st.fixed_dictionaries(
    {"indent": st.sampled_from([None, "\t", 2, 0]), "ensure_ascii": st.booleans(), "sort_keys": st.booleans()}
)
config_files = st.builds(
    lambda document, layout, compact, end: (
        json.dumps(document, separators=(",", ":") if compact else None, **layout) + end
    ).encode(errors="surrogatepass"),
    documents,
    layouts,
    st.booleans(),
    st.sampled_from(["", "\n", "\r\n", "  "]),
)


def attempt(render, content):
    """What is rendered, or the typed error."""
    try:
        return render(content)
    except ProvisioningError as error:
        if error.reason not in ("unparsable", "conflict") or not error.remedy:
            raise
        return error


def put(content):
    return attempt(lambda raw: set_login(raw, PATH, RECORD, store="bypass"), content)


def remove(content):
    return attempt(lambda raw: remove_login(raw, PATH, ENDPOINT), content)


def meaning(content):
    """The document without what means nothing: empty sections, and a file that says nothing."""
    document = json.loads(content) if content and content.strip() else {}
    return {
        name: value
        for name, value in document.items()
        if value not in ({}, None) or name not in ("auths", "credHelpers")
    }


@given(st.binary(max_size=200))
def test_arbitrary_bytes_give_a_login_or_a_typed_error(content):
    assert isinstance(put(content), (bytes, ProvisioningError))
    assert isinstance(remove(content), (bytes, ProvisioningError, type(None)))
    assert isinstance(redact(content), bytes)


@given(config_files)
def test_the_login_is_there_and_the_rest_is_as_it_was(content):
    after = put(content)
    if isinstance(after, ProvisioningError):
        return
    assert put(after) == after
    before, document = json.loads(content), json.loads(after)
    assert document["auths"][KEY]["auth"] == LOGIN
    for section in ("auths", "credHelpers"):
        kept = {name: value for name, value in (before.get(section) or {}).items() if KEY not in name}
        assert {name: value for name, value in (document.get(section) or {}).items() if KEY not in name} == kept
    others = [name for name in before if name not in ("auths", "credHelpers")]
    assert [name for name in document if name not in ("auths", "credHelpers")] == others
    assert all(document[name] == before[name] for name in others)


@given(config_files)
def test_absent_after_present_means_the_same_and_without_empty_sections_is_the_same(content):
    original = remove(content)
    if isinstance(original, ProvisioningError):
        return
    after = put(original)
    if isinstance(after, ProvisioningError):
        return
    back = remove(after)
    assert meaning(back) == meaning(original)
    document = json.loads(original) if original else {}
    if document and all(document[section] for section in ("auths", "credHelpers") if section in document):
        assert back == original


@given(config_files)
def test_a_diff_never_shows_a_secret(content):
    assert SECRET.encode() not in redact(content)
    after = put(content)
    if isinstance(after, bytes):
        assert LOGIN.encode() not in redact(after)
