# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_selection import Wanted
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_restarts import pods_to_restart
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

SECRET = "edge-registry"
IMAGE = "registry.example.com:5000/team/app:1"


def record(endpoint="registry.example.com:5000"):
    return Record.parse({"endpoint": endpoint, "username": "edge", "password": "s3cret"})


def wanted(*records, accounts=("default",)):
    return Wanted("shop", None, None, records or (record(),), accounts, is_listed=True)


def pod(
    *, image=IMAGE, reason="ImagePullBackOff", secrets=(), account="default", init=False, namespace="shop", **metadata
):
    status = {"image": image, "state": {"waiting": {"reason": reason}} if reason else {"running": {}}}
    spec = {"serviceAccountName": account, "imagePullSecrets": [{"name": name} for name in secrets]}
    return {
        "metadata": {"name": "web-1", "namespace": namespace, **metadata},
        "spec": spec,
        "status": {"initContainerStatuses" if init else "containerStatuses": [status]},
    }


def found(one, *, given=(), what=None):
    accounts = {("shop", "default"): {"imagePullSecrets": [{"name": name} for name in given]}}
    return pods_to_restart([what or wanted()], [one], accounts, SECRET)


@pytest.mark.parametrize(
    ("one", "given"),
    [
        pytest.param(pod(), (), id="it has none"),
        pytest.param(pod(), (SECRET,), id="its account has ours since"),
        pytest.param(pod(secrets=["a"]), ("a",), id="it has those that its account had"),
        pytest.param(pod(reason="ErrImagePull"), (), id="just refused"),
        pytest.param(pod(init=True), (), id="by an init container"),
    ],
)
def test_a_pod_that_came_too_early(one, given):
    assert found(one, given=given) == [{"namespace": "shop", "pod": "web-1", "image": IMAGE, "owner": ""}]


@pytest.mark.parametrize(
    ("one", "given"),
    [
        pytest.param(pod(secrets=[SECRET]), (SECRET,), id="it has ours: another cause"),
        pytest.param(pod(secrets=["a"]), (), id="it has one of its own, so that a new one would not get ours"),
        pytest.param(pod(reason="ContainerCreating"), (), id="not refused"),
        pytest.param(pod(reason=""), (), id="running"),
        pytest.param(pod(image="ghcr.io/team/app:1"), (), id="of another registry"),
        pytest.param(pod(image="registry.example.com:5001/team/app:1"), (), id="of another port"),
        pytest.param(pod(image="redis"), (), id="of Docker Hub"),
        pytest.param(pod(image="NOT AN IMAGE"), (), id="of no registry"),
        pytest.param(pod(account="other"), (), id="of an account that does not get ours"),
        pytest.param(pod(namespace="other"), (), id="of another namespace"),
        pytest.param(pod(deletionTimestamp="2026-11-22T00:00:00Z"), (), id="on its way out"),
    ],
)
def test_a_pod_that_a_restart_would_not_help(one, given):
    assert found(one, given=given) == []


def test_the_image_decides_by_the_names_of_docker_hub_too():
    assert found(pod(image="redis:7"), what=wanted(record("docker.io:443")))


def test_what_makes_a_new_one_is_named():
    owners = [{"kind": "X", "name": "x"}, {"kind": "ReplicaSet", "name": "web-7d4", "controller": True}]
    [one] = found(pod(ownerReferences=owners))
    assert one["owner"] == "ReplicaSet/web-7d4"


def test_a_pod_without_a_status_has_not_been_refused():
    assert found({"metadata": {"name": "a", "namespace": "shop"}, "spec": {}}) == []
