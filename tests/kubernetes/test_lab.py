# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of Kubernetes rely on."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.tests.support.edge_images import BUSYBOX
from ansible_collections.edgeops.registry.tests.support.kubernetes_node import Node
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until

HERE = Path(__file__).parent


def docker(*arguments):
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.split()


def control_groups(container):
    """Those of other containers come and go meanwhile, which `os.walk` does not mind."""
    found = os.walk("/sys/fs/cgroup")
    return [name for dummy, folders, _files in found for name in folders if container in name]


def pod(name, image, **spec):
    container = {"name": "it", "image": image, "imagePullPolicy": "Always"}
    body = {"containers": [container], "terminationGracePeriodSeconds": 1, **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": body}


def test_audit_log_counts_the_requests_of_one_user_agent(node, cluster, namespace):
    with node.audit_log.recording(agent="kubectl") as requests:
        cluster.kubectl("get", "secrets", f"--namespace={namespace}")
        cluster.try_kubectl("get", "secret", "none", f"--namespace={namespace}")
    found = [request for request in requests if (request.namespace, request.resource) == (namespace, "secrets")]
    assert [(one.verb, one.namespace, one.name, one.status) for one in found] == [
        ("list", namespace, "", 200),
        ("get", namespace, "none", 404),
    ]
    assert {request.user for request in found} == {"kubernetes-admin"}


def test_audit_log_leaves_out_what_was_before_and_who_else_asks(node, cluster):
    cluster.kubectl("get", "namespaces")
    with node.audit_log.recording(agent="nobody") as requests:
        cluster.kubectl("get", "namespaces")
    assert requests == []
    with node.audit_log.recording() as requests:
        pass
    assert requests == []


def test_pod_pulls_from_the_edge_with_its_secret_only(node, cluster, namespace, edge_registry):
    image = f"{edge_registry.endpoint}/{BUSYBOX}"
    record = edge_registry.record_dict
    login = {edge_registry.endpoint: {"username": record["username"], "password": record["password"]}}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "edge", "namespace": namespace},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json.dumps({"auths": login})},
    }
    cluster.apply(secret)
    for name, further in (("without", {}), ("with", {"imagePullSecrets": [{"name": "edge"}]})):
        cluster.kubectl(
            "create", f"--namespace={namespace}", "--filename=-", stdin=json.dumps(pod(name, image, **further))
        )
    waiting = "jsonpath={.status.containerStatuses[0].state.waiting.reason}=ErrImagePull"
    cluster.kubectl("wait", f"--for={waiting}", "pod/without", f"--namespace={namespace}", "--timeout=180s")
    cluster.kubectl("wait", "--for=condition=Ready", "pod/with", f"--namespace={namespace}", "--timeout=180s")
    assert cluster.kubectl("exec", "with", f"--namespace={namespace}", "--", "echo", "runs") == "runs\n"


@pytest.mark.parametrize(
    ("containerd", "kubernetes", "version"), [("1", False, "1.6."), ("2", True, "v2.")], ids=["runtime", "cluster"]
)
def test_node_leaves_nothing(containerd, kubernetes, version):
    node = Node(f"edgeops-kubernetes-{secrets.token_hex(3)}", containerd=containerd, kubernetes=kubernetes)
    assert node.shell("containerd --version").split()[2].startswith(version)
    [identity] = docker("inspect", "--format={{.Id}}", node.name)
    volumes = docker("inspect", "--format={{range .Mounts}}{{.Name}} {{end}}", node.name)
    assert len(volumes) == 2
    assert control_groups(identity)
    node.remove()
    assert docker("ps", "--all", "--quiet", f"--filter=name={node.name}") == []
    assert docker("network", "ls", "--quiet", f"--filter=name={node.name}") == []
    assert set(volumes).isdisjoint(docker("volume", "ls", "--quiet"))
    wait_until(lambda: control_groups(identity) == [], "a control group stays")


def test_a_cluster_of_the_users_runs_what_needs_no_node_of_ours(node, cluster, tmp_path):
    (tmp_path / "conftest.py").write_text((HERE / "conftest.py").read_text())
    (tmp_path / "test_some.py").write_text(
        "def test_theirs(cluster, namespace):\n"
        "    assert cluster.object('namespace', namespace)\n"
        "def test_ours(node):\n"
        "    raise AssertionError\n"
    )
    without_docker = {"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"}
    environment = {**os.environ, **without_docker, "KUBECONFIG_UNDER_TEST": str(cluster.kubeconfig)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", tmp_path]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert "1 passed, 1 deselected" in done.stdout
    assert str(cluster.kubeconfig) in done.stdout
