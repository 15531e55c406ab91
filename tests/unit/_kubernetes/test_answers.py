# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of an answer of the Kubernetes API that is no success."""

from __future__ import annotations

import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.answers import refusal

DENIED = (
    'secrets is forbidden: User "system:serviceaccount:ops:runner" cannot list resource "secrets" in API group "" '
    "at the cluster scope"
)
DENIED_IN_NAMESPACE = (
    'rolebindings.rbac.authorization.k8s.io is forbidden: User "dev" cannot patch resource "rolebindings" '
    'in API group "rbac.authorization.k8s.io" in the namespace "shop"'
)


def refused(status, message="no", reason="", **details):
    body = {"kind": "Status", "status": "Failure", "message": message, "reason": reason, "details": details}
    return refusal(status, json.dumps(body).encode(), "secrets shop/edge-registry")


def test_a_missing_permission_is_named_with_the_command_that_grants_it():
    error = refused(403, DENIED, "Forbidden")
    assert error.reason == "forbidden"
    assert error.message == DENIED
    assert "kubectl create clusterrole NAME --verb=list --resource=secrets and a clusterrolebinding" in error.remedy
    assert "system:serviceaccount:ops:runner" in error.remedy


def test_a_permission_in_a_namespace_needs_a_role_there():
    error = refused(403, DENIED_IN_NAMESPACE, "Forbidden")
    assert (
        "kubectl create role NAME --verb=patch --resource=rolebindings.rbac.authorization.k8s.io --namespace=shop"
        in error.remedy
    )


@pytest.mark.parametrize(
    ("status", "message", "cause", "details", "reason", "word"),
    [
        (401, "Unauthorized", "Unauthorized", {}, "unauthorized", "kubeconfig"),
        (
            403,
            "because it is being terminated",
            "Forbidden",
            {"causes": [{"reason": "NamespaceTerminating"}]},
            "busy",
            "gone",
        ),
        (403, "exceeded quota: no-secrets", "Forbidden", {}, "forbidden", "ResourceQuota"),
        (403, "a webhook denied the request", "Forbidden", {}, "forbidden", "webhooks"),
        (404, "not found", "NotFound", {}, "invalid", "is there"),
        (409, "Apply failed with 1 conflict", "Conflict", {}, "conflict", "manages"),
        (422, "Secret is invalid", "Invalid", {}, "invalid", "option"),
        (429, "Too many requests", "TooManyRequests", {}, "busy", "readyz"),
        (503, "the server is starting", "ServiceUnavailable", {}, "busy", "readyz"),
    ],
)
def test_every_refusal_has_a_reason_and_a_remedy(status, message, cause, details, reason, word):
    error = refused(status, message, cause, **details)
    assert (error.status, error.cause, error.reason) == (status, cause, reason)
    assert error.message == message
    assert error.part == "secrets shop/edge-registry"
    assert word in error.remedy


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"[]", b"{}"])
def test_what_a_proxy_says_is_told_by_its_status(body):
    error = refusal(502, body, "pods")
    assert (error.message, error.reason) == ("the answer is HTTP 502", "busy")
