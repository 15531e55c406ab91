# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How rights are asked for, of an API server that is played by a small HTTP server. The real one: tests/kubernetes."""

from __future__ import annotations

import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.access import (
    Permission,
    check_permissions,
    every_refusal_named,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.certificates import SIGNING_PERMISSIONS
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import PODS, SECRETS
from ansible_collections.edgeops.registry.tests.support.api_client import connect
from ansible_collections.edgeops.registry.tests.support.http_server import Reply


@pytest.fixture
def cluster_that_allows(serve):
    """A cluster that gives some rights, each `verb resource[ namespace[ name]]`, and refuses to be looked at."""

    def start(*allowed):
        def answer(asked):
            if asked.method == "GET":
                return Reply(403, body=json.dumps({"message": "no", "reason": "Forbidden"}).encode())
            about = json.loads(asked.body)["spec"]["resourceAttributes"]
            resource = "/".join(filter(None, (about["resource"], about["subresource"])))
            scope = [about["namespace"] or "*", about["name"] or "*"]
            question = [about["verb"], resource, *scope]
            given = any(
                all(mine in ("*", its) for mine, its in zip([*right.split(), "*", "*"], question, strict=False))
                for right in allowed
            )
            return Reply(body=json.dumps({"status": {"allowed": given}}).encode())

        return connect(f"http://127.0.0.1:{serve(answer).port}")

    return start


def refused(cluster, *needed):
    with pytest.raises(ProvisioningError) as caught:
        check_permissions(cluster, needed)
    return caught.value


NEEDED = [Permission("create", PODS, namespace) for namespace in ("shop", "yard", "web")]


def test_one_question_is_enough_where_all_is_allowed(cluster_that_allows):
    cluster = cluster_that_allows("create pods")
    check_permissions(cluster, NEEDED)
    assert cluster.requests == 1


def test_what_is_allowed_in_the_namespaces_alone_is_enough(cluster_that_allows):
    check_permissions(cluster_that_allows("create pods shop", "create pods yard", "create pods web"), NEEDED)


def test_what_is_allowed_in_some_namespaces_is_not_missing_there(cluster_that_allows):
    error = refused(cluster_that_allows("create pods shop"), *NEEDED)
    assert "may not create pods in yard, web" in error.message
    assert error.remedy.startswith(
        'Bind a ClusterRole with these rules to that user: [{apiGroups: [""], resources: [pods], verbs: [create]}]'
    )


def test_what_is_allowed_by_name_is_enough(cluster_that_allows):
    wanted = Permission("patch", SECRETS, "shop", "edge-registry")
    check_permissions(cluster_that_allows("patch secrets * edge-registry"), [wanted])
    check_permissions(cluster_that_allows("patch secrets shop edge-registry"), [wanted])
    refused(cluster_that_allows("patch secrets shop other"), wanted)


def test_the_rights_to_sign_are_named_with_the_way_without_them(cluster_that_allows):
    error = refused(cluster_that_allows("* certificatesigningrequests"), *SIGNING_PERMISSIONS)
    assert "update certificatesigningrequests/approval in all namespaces, approve signers" in error.message
    assert (
        '{apiGroups: ["certificates.k8s.io"], resources: [signers], '
        "resourceNames: [kubernetes.io/kube-apiserver-client], verbs: [approve]}"
    ) in error.remedy
    assert error.remedy.count("or set user_authentication to token") == 1


def test_a_refusal_names_what_else_is_missing(cluster_that_allows):
    cluster = cluster_that_allows()
    with (
        pytest.raises(ProvisioningError, match="may not list pods in all namespaces, create pods in shop"),
        every_refusal_named(cluster, [Permission("list", PODS), NEEDED[0]]),
    ):
        cluster.list(PODS)
    with (
        pytest.raises(ProvisioningError, match="no"),
        every_refusal_named(cluster_that_allows("list pods"), [Permission("list", PODS)]),
    ):
        cluster.list(PODS)
