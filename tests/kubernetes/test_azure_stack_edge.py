# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated Azure Stack Edge whose Kubernetes is a real one: its kubeconfigs lead there, and pods pull its registry's images."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.edge_device import EdgeDevice
from ansible_collections.edgeops.registry.tests.support.edge_images import HELLO
from ansible_collections.edgeops.registry.tests.support.kubernetes_cluster import Cluster
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until

pytestmark = pytest.mark.minutes(2)

USER = "ann"


class Site:
    """A device as the one host of an inventory, and two names for its namespaces."""

    def __init__(self, device, registry, cluster, folder, variables):
        self.device = device
        self.registry = registry
        self.names = cluster.unused_names(2)
        self.user = Cluster(folder / "users" / f"{USER}.kubeconfig")
        self.folder = folder
        self.variables = variables

    def run(self, **different):
        """Exit code, number of changed tasks, and output, in which there is no secret, of registry and namespaces."""
        variables = {**self.variables, "namespaces_list": [{"name": self.names[0], "users": [USER]}], **different}
        inventory = {"edge_registries": {"hosts": {"edge-1": variables}}}
        (self.folder / "inventory.json").write_text(json.dumps(inventory))
        playbooks = [f"edgeops.registry.{name}" for name in ("registry", "namespaces")]
        command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "inventory.json", "--diff", *playbooks]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(command, check=False, cwd=self.folder, env=environment, capture_output=True, text=True)
        output = done.stdout + done.stderr
        for secret in (self.device.password, self.registry.password, "client-key-data:"):
            assert secret not in output
        changed = re.findall(r"^edge-1 +: ok=\d+ +changed=(\d+)", output, re.MULTILINE)
        return done.returncode, sum(map(int, changed)), output


@pytest.fixture
def site(node, cluster, edge_registry, tmp_path):
    authority = Authority(tmp_path / "device")
    record = edge_registry.record_dict
    device = EdgeDevice(
        authority.issue("serial.edge.test"),
        kubeconfig=cluster.kubeconfig,
        address=record["addresses"][0],
        **{key: record[key] for key in ("endpoint", "username", "password")},
    )
    variables = {
        "ansible_host": "127.0.0.1",
        "ansible_port": device.port,
        "ansible_password": device.password,
        "ansible_psrp_ca_cert": str(authority.path),
        "edge_device_tls_server_name": "serial.edge.test",
        "registry_backend": "azure_stack_edge",
        "registry_become": False,
        "registry_certificate_file": str(edge_registry.authority.path),
        "namespaces_kubernetes_address": node.address,
        "namespaces_kubeconfig_directory": str(tmp_path / "users"),
        "namespaces_verify_image": HELLO,
    }
    yield Site(device, edge_registry, cluster, tmp_path, variables)
    device.stop()


def test_the_kubeconfig_of_a_device_lists_pods_and_its_pull_secret_pulls(site, cluster, edge_registry):
    edge_registry.clear_access_log()
    code, changed, output = site.run()
    assert code == 0, output
    assert changed
    pulled = [request for request in edge_registry.access_log() if "/edge/hello/manifests/" in request.path]
    assert 200 in [request.status for request in pulled]

    [namespace, other] = site.names
    assert site.user.objects("pods", namespace) == []
    cluster.kubectl("create", "namespace", other)
    refused = site.user.try_kubectl("get", "pods", f"--namespace={other}")
    assert "Forbidden" in refused.stderr

    container = {"name": "main", "image": f"{edge_registry.endpoint}/{HELLO}", "imagePullPolicy": "Always"}
    spec = {"containers": [container], "restartPolicy": "Never", "imagePullSecrets": [{"name": "ase-ecr-credentials"}]}
    metadata = {"name": "hers", "namespace": namespace}
    site.user.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    finished = "--for=jsonpath={.status.phase}=Succeeded"
    site.user.kubectl("wait", finished, "pod/hers", f"--namespace={namespace}", "--timeout=180s")

    code, changed, output = site.run()
    assert (code, changed) == (0, 0), output
    assert [name for name in site.device.cmdlets if name.startswith("New-")] == [
        "New-HcsKubernetesUser",
        "New-HcsKubernetesNamespace",
    ]


def test_what_keeps_a_pod_of_a_device_from_pulling_is_told(site):
    code, dummy, output = site.run(namespaces_verify_image="edge/missing:1")
    assert code != 0
    assert "the registry does not have the image" in output
    wait_until(lambda: site.user.objects("pods", site.names[0]) == [], "a pod is left")


def test_a_namespace_of_a_device_goes_with_what_is_in_it(site, cluster):
    site.run(namespaces_verify_image="")
    assert cluster.object("secret", "ase-ecr-credentials", site.names[0])
    code, changed, output = site.run(namespaces_state="absent")
    assert (code, changed) == (0, 1), output
    assert cluster.object("namespace", site.names[0]) is None
