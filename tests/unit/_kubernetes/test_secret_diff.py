# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.secret_diff import DOCKER_CONFIG, shown_data


def encoded(value):
    return base64.b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).decode()


def logins(**auths):
    return {DOCKER_CONFIG: encoded({"auths": {name: {"auth": value} for name, value in auths.items()}})}


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        pytest.param(None, logins(a="1"), {DOCKER_CONFIG: {"a": "<hidden>"}}, id="new"),
        pytest.param(logins(a="1"), logins(a="1"), {DOCKER_CONFIG: {"a": "<hidden>"}}, id="the same"),
        pytest.param(
            logins(a="1", b="2"),
            logins(a="9", b="2", c="3"),
            {DOCKER_CONFIG: {"a": "<hidden, changed>", "b": "<hidden>", "c": "<hidden>"}},
            id="one changed, one added",
        ),
        pytest.param(
            {"k": "eA=="}, {"k": "eQ==", "m": "eA=="}, {"k": "<hidden, changed>", "m": "<hidden>"}, id="other keys"
        ),
        pytest.param(None, {DOCKER_CONFIG: encoded(b"s3cret")}, {DOCKER_CONFIG: "<hidden>"}, id="no JSON"),
        pytest.param(None, {DOCKER_CONFIG: encoded([1])}, {DOCKER_CONFIG: "<hidden>"}, id="a list"),
        pytest.param(None, {DOCKER_CONFIG: encoded({"auths": 1})}, {DOCKER_CONFIG: "<hidden>"}, id="no logins"),
        pytest.param(None, {DOCKER_CONFIG: "%"}, {DOCKER_CONFIG: "<hidden>"}, id="no base64"),
    ],
)
def test_a_secret_is_shown_without_its_values(before, after, shown):
    assert shown_data(after, before) == shown
