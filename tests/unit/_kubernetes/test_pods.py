# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pods import (
    has_run,
    lacked_secrets,
    pull_pod,
    waits_for,
)

IMAGE = "ecr.test:1/a:1"


def pod(state, phase="Pending", **status):
    return {
        "metadata": {"namespace": "shop"},
        "spec": {"nodeName": "node1"},
        "status": {"phase": phase, "containerStatuses": [{"state": state}], **status},
    }


def waiting(reason, message=""):
    return pod({"waiting": {"reason": reason, "message": message}})


def test_it_pulls_as_the_service_account_that_is_told():
    assert pull_pod(IMAGE, seconds=1, account="builder")["spec"]["serviceAccountName"] == "builder"
    assert "serviceAccountName" not in pull_pod(IMAGE, seconds=1)["spec"]


@pytest.mark.parametrize(
    ("told", "run"),
    [
        ({}, False),
        ({"kind": "Status", "status": "Failure"}, False),
        ({"metadata": {}, "status": {"phase": "Pending"}}, False),
        (waiting("ContainerCreating"), False),
        (waiting("ErrImagePull", "pull QPS exceeded"), False),
        (pod({"running": {}}), True),
        (pod({"terminated": {"exitCode": 1}}, "Failed"), True),
        (pod({"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}), False),
        (waiting("CreateContainerError", "no command specified"), True),
        (waiting("RunContainerError", 'exec: "sh": executable file not found in $PATH'), True),
        ({"metadata": {}, "status": {"phase": "Succeeded"}}, True),
    ],
)
def test_how_far_a_pod_has_come(told, run):
    assert has_run(told, IMAGE) is run


@pytest.mark.parametrize(
    ("told", "reason", "words"),
    [
        (waiting("ImagePullBackOff", "denied"), "unauthorized", r"denied\)"),
        (waiting("ErrImagePull"), "invalid", "ErrImagePull"),
        (waiting("RunContainerError", "exec /a: exec format error"), "unsupported", "platform"),
        (pod({"terminated": {"message": "exec format error"}}), "unsupported", "platform"),
        (pod({}, "Failed", reason="OutOfcpu", message="Node has too little"), "busy", "OutOfcpu Node has too little"),
    ],
)
def test_a_pod_that_cannot_get_there(told, reason, words):
    with pytest.raises(ProvisioningError, match=words) as caught:
        has_run(told, IMAGE)
    assert caught.value.reason == reason
    assert caught.value.part == "namespace shop, node node1"


def failed(**more):
    return {"reason": "Failed", "message": f'Failed to pull image "{IMAGE}": 401 Unauthorized', **more}


def without(*secrets, **more):
    names = ", ".join(secrets)
    message = f"Unable to retrieve some image pull secrets ({names}); attempting to pull the image may not succeed."
    return {"reason": "FailedToRetrieveImagePullSecret", "message": message, **more}


@pytest.mark.parametrize(
    ("events", "lacked"),
    [
        ([], None),
        ([{"message": None}, {"reason": "Failed", "message": "Error: ErrImagePull"}], None),
        ([without("edge")], None),
        ([failed()], False),
        ([without("edge"), failed()], True),
        ([without("of-others", "edge"), failed()], True),
        ([without("of-others"), failed()], False),
        ([without("edge"), failed(count=2)], False),
        ([without("edge", count=2), failed(), failed()], True),
    ],
)
def test_whether_the_node_pulled_without_the_secret(events, lacked):
    assert lacked_secrets(events, ["edge"]) is lacked


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "somebody removed it"),
        (waiting("ContainerCreating"), "ContainerCreating"),
        (waiting("ErrImagePull", "pull QPS exceeded"), "ErrImagePull pull QPS exceeded"),
        (
            {"status": {"phase": "Pending", "conditions": [{"status": "False", "message": "0/1 nodes are available"}]}},
            "0/1 nodes are available",
        ),
        ({"status": {"phase": "Pending"}}, "Pending"),
    ],
)
def test_what_a_pod_waits_for(told, words):
    assert waits_for(told) == words


def test_a_pod_pulls_anew_and_is_as_restricted_as_can_be():
    made = pull_pod(IMAGE, seconds=60, secrets=["edge"])
    [container] = made["spec"]["containers"]
    assert container["imagePullPolicy"] == "Always"
    assert made["spec"]["securityContext"]["runAsNonRoot"]
    assert made["spec"]["imagePullSecrets"] == [{"name": "edge"}]
    assert made["metadata"]["generateName"] == "edgeops-verify-"
    assert "imagePullSecrets" not in pull_pod(IMAGE, seconds=60)["spec"]
