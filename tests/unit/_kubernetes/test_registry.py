# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry provided and taken back where the API server leaves: one played by a small HTTP server. The real one: tests/kubernetes."""

from __future__ import annotations

import json
import math

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry import provide_registry
from ansible_collections.edgeops.registry.plugins.modules.kubernetes_registry import ARGUMENT_SPEC
from ansible_collections.edgeops.registry.tests.support.api_client import KUBECONFIG
from ansible_collections.edgeops.registry.tests.support.http_server import Reply

DEFAULTS = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
OPTIONS = {
    "name": "reg",
    "namespace": "site",
    "image": "registry.example.com:5000/registry:3",
    "configuration": "version: 0.1",
    "certificate": "CERT",
    "private_key": "KEY",
    "storage": {"kind": "empty_dir", "size": "1Gi", "storage_class": None, "path": None},
    "timeout": 3.0,
}
MADE = ["Namespace site", "Secret reg", "Service reg", "PodDisruptionBudget reg", "Deployment reg"]
GONE = ["Deployment reg", "PodDisruptionBudget reg", "Service reg", "Secret reg", "Namespace site"]


class ApiServer:
    """Allows everything and keeps what it is given; after some changes nobody answers any more."""

    def __init__(self):
        self.asked = 0
        self.objects = {}
        self.changes_left = math.inf

    def __call__(self, asked):
        self.asked += 1
        if not self.changes_left:
            raise ConnectionResetError
        path = asked.path.partition("?")[0]
        if asked.method == "POST":
            return reply({"status": {"allowed": True}})
        if asked.method == "GET":
            is_list = path.count("/") == (5 if path.startswith("/api/") else 6)
            found = {"metadata": {"resourceVersion": "1"}, "items": []} if is_list else self.objects.get(path)
            return reply(found) if found else Reply(404)
        self.changes_left -= 1
        if asked.method == "DELETE":
            return reply(self.objects.pop(path))
        self.objects[path] = json.loads(asked.body)
        self.objects[path]["metadata"]["uid"] = "1"
        return reply(self.objects[path])


def reply(content):
    return Reply(body=json.dumps(content).encode())


@pytest.fixture
def api():
    return ApiServer()


@pytest.fixture
def run(serve, api):
    content = KUBECONFIG.format(server=f"http://127.0.0.1:{serve(api).port}")

    def provide(**options):
        return provide_registry({**DEFAULTS, **OPTIONS, "kubeconfig_content": content, **options}, Settings())

    return provide


def assert_lost(outcome, changes):
    assert "the API server broke the connection" in outcome.failed
    assert outcome.facts["reason"] == "unreachable"
    assert outcome.facts["remedy"]
    assert (outcome.facts["changes"], outcome.changed) == (changes, True)


@pytest.mark.parametrize("number", [1, 3])
def test_what_was_made_before_is_told_and_the_next_run_makes_the_rest(run, api, number):
    api.changes_left = number
    assert_lost(run(), MADE[:number])
    api.changes_left = math.inf
    again = run(wait_timeout=0)
    assert not again.failed
    assert again.facts["changes"] == MADE[number:]


def test_so_is_all_of_it_where_the_pod_is_waited_for(run, api):
    api.changes_left = len(MADE)
    assert_lost(run(), MADE)
    api.changes_left = math.inf
    assert not run(wait_timeout=0).changed


@pytest.mark.parametrize("number", [1, 4])
def test_what_was_taken_back_before_is_told_and_the_next_run_takes_the_rest(run, api, number):
    run(wait_timeout=0)
    api.changes_left = number
    assert_lost(run(state="absent"), GONE[:number])
    api.changes_left = math.inf
    again = run(state="absent")
    assert not again.failed
    assert again.facts["changes"] == GONE[number:]
    assert not api.objects


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("option", ["wait_timeout", "progress_interval"])
def test_a_time_that_cannot_be_waited_is_refused_before_anything_is_asked(run, api, state, option):
    with pytest.raises(ProvisioningError) as caught:
        run(state=state, **{option: -1.0})
    assert caught.value.part == option
    assert "0 seconds or more" in caught.value.message
    assert not api.asked
