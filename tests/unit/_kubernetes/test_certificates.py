# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signers that do not sign, played by a small HTTP server. Those that do, and missing rights: tests/kubernetes/test_users.py."""

from __future__ import annotations

import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.certificates import issue_certificate
from ansible_collections.edgeops.registry.tests.support.api_client import connect
from ansible_collections.edgeops.registry.tests.support.http_server import Reply


@pytest.fixture
def cluster_whose_signer(serve):
    """A cluster that keeps one signing request, to which its signer adds a status; and what it was asked."""

    def start(status, *, dry_run=False):
        kept = {}

        def answer(asked):
            if asked.method == "POST":
                kept.update(json.loads(asked.body))
            if asked.method == "PUT":
                kept["status"] = {**json.loads(asked.body)["status"], **status}
            if asked.method == "GET" and "watch=1" in asked.path:
                return Reply()
            found = {"metadata": {"resourceVersion": "1"}, "items": [kept]} if asked.method == "GET" else kept
            return Reply(body=json.dumps(found).encode())

        server = serve(answer)
        return connect(f"http://127.0.0.1:{server.port}", dry_run=dry_run), server.asked

    return start


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ({}, "timeout", "did not sign it within 1 seconds"),
        (
            {"conditions": [{"type": "Failed", "status": "True", "message": "usage not allowed"}]},
            "forbidden",
            "usage not allowed",
        ),
        ({"conditions": [{"type": "Denied", "status": "True"}]}, "forbidden", "does not sign the certificate: Denied"),
    ],
)
def test_a_signer_that_does_not_sign(cluster_whose_signer, status, reason, words):
    cluster, asked = cluster_whose_signer(status)
    with pytest.raises(ProvisioningError, match=words) as caught:
        issue_certificate(cluster, "ann", 86400, timeout=1)
    assert caught.value.reason == reason
    assert caught.value.part == "user ann"
    assert "set user_authentication to token" in caught.value.remedy
    assert asked[-1].method == "DELETE"


def test_a_dry_run_asks_and_approves_nothing(cluster_whose_signer):
    cluster, asked = cluster_whose_signer({}, dry_run=True)
    assert issue_certificate(cluster, "ann", 86400, timeout=1) is None
    [request] = asked
    assert "dryRun=All" in request.path
    assert json.loads(request.body)["spec"]["expirationSeconds"] == 86400
