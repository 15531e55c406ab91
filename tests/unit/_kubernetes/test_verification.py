# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pod that runs, and a log that an API server, played by a small HTTP server, does not show. The real one: tests/kubernetes."""

from __future__ import annotations

import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.verification import (
    Puller,
    Verification,
    verify_pulls,
)
from ansible_collections.edgeops.registry.tests.support.api_client import connect
from ansible_collections.edgeops.registry.tests.support.http_server import Reply

IMAGE = "registry.example.com:5000/team/app:1.0"
POD = {
    "metadata": {"name": "edgeops-verify-x1y2z", "namespace": "shop"},
    "spec": {"nodeName": "node-1"},
    "status": {"phase": "Succeeded"},
}


@pytest.fixture
def verify(serve):
    """What a pod proves whose log is answered with this reply."""

    def run(log):
        def answer(asked):
            if "/log" in asked.path:
                return log
            answers = {"GET": {"metadata": {"resourceVersion": "7"}, "items": [POD]}, "POST": POD}
            return Reply(body=json.dumps(answers.get(asked.method, {})).encode())

        cluster = connect(f"http://127.0.0.1:{serve(answer).port}")
        return verify_pulls(cluster, {"shop": Puller()}, Verification(IMAGE, first_only=False, timeout=5))

    return run


def test_a_log_that_may_not_be_read_proves_nothing(verify):
    refused = {"message": "no", "reason": "Forbidden", "kind": "Status"}
    verified = verify(Reply(403, body=json.dumps(refused).encode()))
    assert verified.facts == ()
    [(namespace, error)] = verified.failures
    assert (namespace, error.reason) == ("shop", "forbidden")
    assert error.part == "pods shop/edgeops-verify-x1y2z/log"


@pytest.mark.parametrize("status", [400, 404])
def test_a_pod_without_a_log_was_pulled_all_the_same(verify, status):
    verified = verify(Reply(status, body=b"{}"))
    assert [item["node"] for item in verified.facts] == ["node-1"]
    assert verified.failures == ()
