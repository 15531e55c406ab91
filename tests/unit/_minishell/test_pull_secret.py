# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import RegistryInfo
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._pull_secret import refreshed

ENDPOINT = "ecr.device.edge.test:31001"
REGISTRY = RegistryInfo(ENDPOINT, "192.0.2.44", "ase-ecr-user", "of-now")
KEY = ".dockerconfigjson"


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def auth(username, password):
    return {"auth": encoded(f"{username}:{password}")}


def plain(username, password):
    return {"username": username, "password": password}


def secret(content):
    return {"metadata": {"name": "ase-ecr-credentials", "resourceVersion": "7"}, "data": {KEY: content}}


@pytest.mark.parametrize("form", [auth, plain])
def test_a_former_password_is_replaced_and_nothing_else(form):
    other = auth("somebody", "else")
    auths = {ENDPOINT: form("ase-ecr-user", "of-before"), "registry.example.com:5000": other}
    change = refreshed(secret(encoded(json.dumps({"auths": auths}))), REGISTRY)
    assert change["metadata"] == {"resourceVersion": "7"}
    merged = json.loads(base64.b64decode(change["data"][KEY]))["auths"]
    assert merged == {ENDPOINT: auth("ase-ecr-user", "of-now"), "registry.example.com:5000": other}


@pytest.mark.parametrize(
    "login",
    [
        {ENDPOINT: auth("ase-ecr-user", "of-now")},
        {ENDPOINT: plain("ase-ecr-user", "of-now")},
        {ENDPOINT: auth("of-the-device-alone", "its-own")},
        {"192.0.2.44:31001": auth("ase-ecr-user", "of-before")},
        {ENDPOINT: {"auth": encoded("no colon")}},
        {ENDPOINT: {"auth": 7}},
        {ENDPOINT: {}},
        {ENDPOINT: None},
        [],
    ],
    ids=str,
)
def test_what_has_the_password_or_is_not_understood_is_left_alone(login):
    assert refreshed(secret(encoded(json.dumps({"auths": login}))), REGISTRY) is None


@pytest.mark.parametrize("content", ["", "*", encoded("{"), encoded("[]")])
def test_what_is_no_docker_configuration_is_left_alone(content):
    assert refreshed(secret(content), REGISTRY) is None


def test_a_secret_without_data_is_left_alone():
    assert refreshed({"metadata": {"resourceVersion": "7"}}, REGISTRY) is None
