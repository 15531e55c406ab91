# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_selection import SELECTION_OPTIONS
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_secret import (
    TYPE,
    add_logins,
    add_reference,
    references,
    remove_logins,
    remove_reference,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_pod import image_secret_name
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import MANAGED_BY, is_ours
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.secret_diff import DOCKER_CONFIG as KEY
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.modules.kubernetes_registry import ARGUMENT_SPEC as REGISTRY_SPEC

ENDPOINT = "registry.example.com:5000"
EDGE = Record.parse({"endpoint": ENDPOINT, "username": "edge", "password": "s3cret"})
HUB = Record.parse({"endpoint": "docker.io:443", "username": "edge", "password": "s3cret"})
LOGIN = {"auth": base64.b64encode(b"edge:s3cret").decode()}
OTHER = {"auth": base64.b64encode(b"other:0ther").decode()}


def secret(config, *, kind=TYPE, labels=None, **fields):
    content = config if isinstance(config, bytes) else json.dumps(config).encode()
    data = {KEY: base64.b64encode(content).decode()}
    metadata = {"name": "edge-registry", "namespace": "shop", "resourceVersion": "7", "labels": labels or {}}
    return {"metadata": metadata, "type": kind, "data": data, **fields}


def add(found, *records):
    return add_logins(found, "shop", "edge-registry", records)


def config_of(write):
    return json.loads(base64.b64decode(write.body["data"][KEY]))


def test_a_secret_is_made_that_is_marked_as_ours():
    write = add(None, EDGE)
    assert write.method == "apply"
    assert is_ours(write.body)
    assert (write.body["kind"], write.body["type"]) == ("Secret", "kubernetes.io/dockerconfigjson")
    assert config_of(write) == {"auths": {ENDPOINT: LOGIN}}
    assert add({**write.body, "metadata": {**write.body["metadata"], "resourceVersion": "1"}}, EDGE) is None


def test_docker_hub_has_its_old_name():
    assert config_of(add(None, HUB)) == {"auths": {"https://index.docker.io/v1/": LOGIN}}


def test_ours_holds_the_given_logins_and_no_other():
    found = secret({"auths": {"old.example.com:5000": LOGIN, ENDPOINT: OTHER}}, labels=MANAGED_BY)
    assert config_of(add(found, EDGE, HUB)) == {"auths": {ENDPOINT: LOGIN, "https://index.docker.io/v1/": LOGIN}}


def test_the_order_and_the_layout_in_ours_do_not_matter():
    config = {"auths": {"https://index.docker.io/v1/": LOGIN, ENDPOINT: LOGIN}}
    assert add(secret(json.dumps(config, indent=8).encode(), labels=MANAGED_BY), EDGE, HUB) is None


def test_anothers_keeps_its_logins_and_stays_anothers():
    found = secret({"auths": {"ghcr.io": OTHER}, "HttpHeaders": {}})
    write = add(found, EDGE)
    assert write.method == "merge"
    assert write.body["metadata"] == {"resourceVersion": "7"}
    assert config_of(write) == {"auths": {"ghcr.io": OTHER, ENDPOINT: LOGIN}, "HttpHeaders": {}}
    assert add({**found, "data": write.body["data"]}, EDGE) is None


@pytest.mark.parametrize(
    ("found", "reason", "words"),
    [
        (secret({}, kind="Opaque"), "conflict", "is of type Opaque"),
        (secret({}, kind="kubernetes.io/dockercfg", labels=MANAGED_BY), "conflict", "cannot be changed"),
        (secret({}, immutable=True), "conflict", "immutable"),
        (secret({"auths": []}), "unparsable", "auths is not an object"),
        (secret({"auths": {}, "x": "y" * 1024 * 1024}), "invalid", "at most 1048576"),
    ],
)
def test_a_secret_that_cannot_hold_it_is_explained(found, reason, words):
    with pytest.raises(ProvisioningError, match=words) as caught:
        add(found, EDGE)
    assert caught.value.reason == reason
    assert "shop/edge-registry" in str(caught.value)
    assert caught.value.remedy


def test_a_conflict_of_types_says_what_to_delete_or_to_rename():
    with pytest.raises(ProvisioningError) as caught:
        add(secret({}, kind="Opaque"), EDGE)
    assert "kubectl delete secret edge-registry --namespace=shop" in caught.value.remedy
    assert "pull_secret" in caught.value.remedy


def test_nobody_is_told_to_delete_what_a_registry_of_ours_serves_with():
    with pytest.raises(ProvisioningError) as caught:
        add(secret({}, kind="kubernetes.io/tls", labels=MANAGED_BY), EDGE)
    assert caught.value.remedy == "Take another name with pull_secret"


def test_the_pull_secret_is_none_of_a_registry_s_own_secrets_by_default():
    name = REGISTRY_SPEC["name"]["default"]
    assert SELECTION_OPTIONS["pull_secret"]["default"] not in (name, image_secret_name(name))


@pytest.mark.parametrize(
    ("found", "method"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(secret({"auths": {ENDPOINT: LOGIN}}, labels=MANAGED_BY), "delete", id="ours"),
        pytest.param(secret({"auths": {ENDPOINT: LOGIN, "ghcr.io": OTHER}}), "merge", id="another's with our login"),
        pytest.param(secret({"auths": {"ghcr.io": OTHER}}), None, id="another's without"),
        pytest.param(secret({}, kind="Opaque", labels=MANAGED_BY), None, id="of another type"),
    ],
)
def test_what_is_removed(found, method):
    write = remove_logins(found, "shop", [Endpoint.parse(ENDPOINT)])
    assert (write.method if write else None) == method


def test_anothers_loses_only_our_login():
    write = remove_logins(secret({"auths": {ENDPOINT: LOGIN, "ghcr.io": OTHER}}), "shop", [Endpoint.parse(ENDPOINT)])
    assert config_of(write) == {"auths": {"ghcr.io": OTHER}}
    emptied = remove_logins(secret({"auths": {ENDPOINT: LOGIN}}), "shop", [Endpoint.parse(ENDPOINT)])
    assert config_of(emptied) == {"auths": {}}


def account(*names):
    metadata = {"name": "default", "namespace": "shop", "resourceVersion": "7"}
    return {"metadata": metadata, **({"imagePullSecrets": [{"name": name} for name in names]} if names else {})}


@pytest.mark.parametrize(
    ("before", "after"),
    [((), ["edge"]), (("a", "b"), ["a", "b", "edge"]), (("edge",), None), (("a", "edge", "b"), None)],
)
def test_a_reference_is_added_to_the_others(before, after):
    write = add_reference(account(*before), "shop", "default", "edge")
    assert (references(write.body) if write else None) == after
    assert write is None or write.body["metadata"] == {"resourceVersion": "7"}


@pytest.mark.parametrize(("before", "after"), [((), None), (("a",), None), (("edge",), []), (("a", "edge"), ["a"])])
def test_a_reference_is_taken_away_from_the_others(before, after):
    write = remove_reference(account(*before), "edge")
    assert (references(write.body) if write else None) == after


@pytest.mark.parametrize(("name", "is_marked"), [("default", False), ("builder", True)])
def test_a_missing_account_is_made_without_taking_anything_from_one_that_is_quicker(name, is_marked):
    write = add_reference(None, "shop", name, "edge")
    assert (write.method, is_ours(write.body)) == ("create", is_marked)
    assert references(write.body) == ["edge"]


def test_no_account_no_reference():
    assert remove_reference(None, "edge") is None


def test_the_password_is_not_shown():
    assert LOGIN["auth"] not in repr(add(None, EDGE))
