# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that prove a pull, and each cause of a pull that fails, as a real kubelet and a real containerd tell it."""

from __future__ import annotations

import base64
import concurrent.futures
import http.server
import json
import threading

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster as KubernetesClient
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.connection import Connection
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.verification import (
    Puller,
    Verification,
    verify_pulls,
)
from ansible_collections.edgeops.registry.tests.support.edge_images import BUSYBOX, HELLO, SOURCES, push_images
from ansible_collections.edgeops.registry.tests.support.kubernetes_cluster import Cluster
from ansible_collections.edgeops.registry.tests.support.oci_layout import CONFIG, LAYER, MANIFEST, OciLayout, tar_of
from ansible_collections.edgeops.registry.tests.support.play import play
from ansible_collections.edgeops.registry.tests.support.real_registry import HOST, free_port, wait_until
from ansible_collections.edgeops.registry.tests.support.skopeo import skopeo

pytestmark = pytest.mark.minutes(3)

SELECTOR = "app.kubernetes.io/component=verification"


class Site:
    """Runs the module against a cluster."""

    def __init__(self, cluster, folder):
        self.cluster = cluster
        self.folder = folder

    def run(self, registry, image, namespaces, *, check=False, **options):
        task = {
            "kubeconfig": str(self.cluster.kubeconfig),
            "registries": [registry.record_dict],
            "namespaces": [{"name": name} if isinstance(name, str) else name for name in namespaces],
            "verify_image": image
            if "/" in image and ":" in image.partition("/")[0]
            else f"{registry.endpoint}/{image}",
            "verify_timeout": 300,
            **options,
        }
        return play(self.folder, {"kubernetes_namespaces": task}, check=check).results[0]

    def refused(self, registry, image, namespace, **options):
        """The one failure of a run."""
        result = self.run(registry, image, [namespace], **options)
        assert result["failed"]
        [failure] = result["failures"]
        assert failure["namespace"] == (namespace if isinstance(namespace, str) else namespace["name"])
        assert failure["msg"] in result["msg"]
        self.see_no_pods()
        return failure

    def see_no_pods(self):
        wait_until(lambda: not self.cluster.objects("pods", selector=SELECTOR), "pods are left")


@pytest.fixture
def site(node, cluster, tmp_path):
    return Site(cluster, tmp_path)


@pytest.fixture
def names(cluster):
    return cluster.unused_names(2)


def test_every_namespace_pulls_anew_and_nothing_stays_or_changes(site, names, edge_registry):
    foretold = site.run(edge_registry, BUSYBOX, names, check=True)
    assert foretold["changed"]
    assert foretold["verification"] == []
    first = site.run(edge_registry, BUSYBOX, names)
    assert first["changed"], first
    site.see_no_pods()
    edge_registry.clear_access_log()
    second = site.run(edge_registry, BUSYBOX, names)
    assert not second["changed"], second
    assert [item["namespace"] for item in second["verification"]] == names
    assert all(item["node"] for item in second["verification"])
    assert second["requests"] <= 4 + 6 + 7 * len(names)
    assert [request.status for request in edge_registry.access_log() if "/manifests/1" in request.path].count(200) >= 2
    site.see_no_pods()


def test_one_namespace_can_stand_for_all(site, names, edge_registry):
    result = site.run(edge_registry, HELLO, names, verify_namespaces="first")
    assert [item["namespace"] for item in result["verification"]] == names[:1]


def test_it_pulls_as_who_has_the_secret(site, names, edge_registry):
    wanted = {"name": names[0], "service_accounts": ["builder"]}
    assert site.run(edge_registry, BUSYBOX, [wanted])["verification"]


def test_namespaces_of_others_are_proven_too(site, cluster, edge_registry):
    theirs, excluded = cluster.new_namespace(), cluster.new_namespace()
    there = [item["metadata"]["name"] for item in cluster.objects("namespaces") if item["metadata"]["name"] != theirs]
    result = site.run(edge_registry, BUSYBOX, [], all_namespaces=True, exclude=there)
    assert excluded in there
    assert [item["namespace"] for item in result["verification"]] == [theirs]
    site.see_no_pods()


def test_more_at_once_than_a_kubelet_pulls(site, cluster, edge_registry):
    many = cluster.unused_names(16)
    result = site.run(edge_registry, BUSYBOX, many, concurrency=16)
    assert len(result["verification"]) == 16, result
    site.see_no_pods()


def test_the_restricted_profile_and_a_quota_that_wants_limits(site, cluster, namespace, edge_registry):
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    hard = {"limits.cpu": "1", "limits.memory": "1Gi", "requests.cpu": "1", "requests.memory": "1Gi"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "all", "namespace": namespace}}
    cluster.apply({**quota, "spec": {"hard": hard}})
    assert site.run(edge_registry, BUSYBOX, [namespace])["verification"]


def empty_image(folder, architecture):
    """A layout of an image in which there is nothing, no program, no user, no command; and its descriptor."""
    layout = OciLayout(folder)
    content = tar_of([])
    layer = {"mediaType": LAYER, "digest": layout.blob(content), "size": len(content)}
    platform = {"architecture": architecture, "os": "linux"}
    config = layout.document({**platform, "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}, CONFIG)
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
    return layout, {**layout.document(body, MANIFEST), "platform": platform}


@pytest.fixture
def nothing(edge_registry, tmp_path):
    layout, manifest = empty_image(tmp_path / "nothing", "amd64")
    layout.name_it(manifest, "1")
    skopeo(edge_registry, "copy", f"oci:{layout.folder}:1", "docker://{}/edge/nothing:1")
    return "edge/nothing:1"


def test_an_image_that_nobody_can_start_was_pulled_all_the_same(site, names, edge_registry, nothing):
    assert site.run(edge_registry, nothing, names[:1])["verification"]


def test_what_a_killed_run_left_goes(site, cluster, namespace, edge_registry):
    left = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "edgeops-verify-x1y2z", "namespace": namespace, "labels": dict([SELECTOR.split("=")])},
        "spec": {"containers": [{"name": "verify", "image": f"{HOST}:1/none:1"}], "terminationGracePeriodSeconds": 0},
    }
    left["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "edgeops.registry"
    cluster.apply(left)
    result = site.run(edge_registry, BUSYBOX, [namespace])
    assert result["verification"], result
    site.see_no_pods()


def test_the_node_does_not_know_the_name(site, names, edge_registry):
    failure = site.refused(edge_registry, "unknown.edge.test:5000/edge/busybox:1", names[0])
    assert failure["reason"] == "unresolved"
    assert "the node does not know the registry's name" in failure["msg"]


def test_the_node_does_not_trust_the_ca(site, names, edge_registry, start_edge_registry):
    other = start_edge_registry()
    push_images(other)
    failure = site.refused(other, BUSYBOX, names[0])
    assert failure["reason"] == "untrusted"
    assert "Run the clients playbook on the nodes" in failure["remedy"]


def test_nothing_listens(site, names, edge_registry):
    failure = site.refused(edge_registry, f"{HOST}:{free_port()}/edge/busybox:1", names[0])
    assert failure["reason"] == "unreachable"


def test_no_tls_is_spoken(site, names, edge_registry, plain_server):
    failure = site.refused(edge_registry, f"{HOST}:{plain_server}/edge/busybox:1", names[0])
    assert failure["reason"] == "not_a_registry"


@pytest.fixture
def plain_server():
    """The port of a server without TLS that the node reaches."""
    with http.server.ThreadingHTTPServer(("", 0), http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_name_that_the_certificate_does_not_have(site, node, names, edge_registry):
    node.shell(f"echo '{edge_registry.address} other.edge.test' >>/etc/hosts")
    folder = f"/etc/containerd/certs.d/other.edge.test:{edge_registry.port}"
    node.shell(f"mkdir -p {folder} && cp /etc/containerd/certs.d/{edge_registry.endpoint}/ca.crt {folder}")
    failure = site.refused(edge_registry, f"other.edge.test:{edge_registry.port}/{BUSYBOX}", names[0])
    assert failure["reason"] == "name_mismatch"


def test_the_image_is_not_there(site, names, edge_registry):
    failure = site.refused(edge_registry, "edge/missing:1", names[0])
    assert failure["reason"] == "invalid", failure
    assert "the registry does not have the image" in failure["msg"]


def test_the_namespace_has_no_secret(site, names, edge_registry):
    failure = site.refused(edge_registry, BUSYBOX, {"name": names[0], "registries": []})
    assert failure["reason"] == "unauthorized"


def test_the_password_is_an_old_one(site, names, node, start_edge_registry):
    registry = start_edge_registry()
    push_images(registry)
    node.trust(registry)
    assert site.run(registry, BUSYBOX, names[:1])["verification"]
    password = registry.password
    registry.change_password()
    current, registry.password = registry.password, password
    failure = site.refused(registry, BUSYBOX, names[0])
    assert failure["reason"] == "unauthorized"
    assert "holds its present password" in failure["remedy"]
    registry.password = current
    repaired = site.run(registry, BUSYBOX, names[:1])
    assert repaired["changed"]
    assert repaired["verification"]


@pytest.fixture
def pulls_with_a_late_secret(node, cluster, namespace, edge_registry):
    """What a pod proves whose node pulls without the pull secret first, as a busy one does, and then with this password."""
    reference = {"imagePullSecrets": [{"name": "late"}]}
    cluster.kubectl(
        "patch", "serviceaccount", "default", f"--namespace={namespace}", f"--patch={json.dumps(reference)}"
    )
    connection = Connection(kubeconfig=str(cluster.kubeconfig), content="", context="", concurrency=1, timeout=60.0)
    verification = Verification(f"{edge_registry.endpoint}/{BUSYBOX}", first_only=False, timeout=300)

    def has_failed():
        return any("Failed to pull" in event["message"] for event in cluster.objects("events", namespace))

    def pulls(password):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pullers = {namespace: Puller("default", ("late",))}
            verified = pool.submit(verify_pulls, KubernetesClient(connection), pullers, verification)
            wait_until(has_failed, "nobody tried to pull")
            login = base64.b64encode(f"{edge_registry.username}:{password}".encode()).decode()
            config = json.dumps({"auths": {str(edge_registry.endpoint): {"auth": login}}})
            cluster.apply(
                {
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "metadata": {"name": "late", "namespace": namespace},
                    "type": "kubernetes.io/dockerconfigjson",
                    "stringData": {".dockerconfigjson": config},
                }
            )
            return verified.result()

    return pulls


def test_a_node_that_has_the_secret_late_pulls_at_its_second_attempt(pulls_with_a_late_secret, edge_registry):
    verified = pulls_with_a_late_secret(edge_registry.password)
    assert verified.failures == ()
    assert [item["image"] for item in verified.facts] == [f"{edge_registry.endpoint}/{BUSYBOX}"]


def test_a_second_attempt_that_is_refused_is_the_last(pulls_with_a_late_secret):
    [(_namespace, error)] = pulls_with_a_late_secret("wrong").failures
    assert error.reason == "unauthorized"


@pytest.fixture(params=["manifest", "index"])
def foreign(request, edge_registry, tmp_path):
    """An image for another processor than the node's."""
    name = f"edge/foreign-{request.param}:1"
    if request.param == "manifest":
        skopeo(edge_registry, "copy", "--override-arch=arm64", SOURCES[HELLO], f"docker://{{}}/{name}")
    else:
        layout, manifest = empty_image(tmp_path / "foreign", "arm64")
        layout.index_of(manifest, tag="1")
        skopeo(edge_registry, "copy", "--all", f"oci:{layout.folder}:1", f"docker://{{}}/{name}")
    return name


def test_the_image_is_for_another_platform(site, names, edge_registry, foreign):
    failure = site.refused(edge_registry, foreign, names[0])
    assert failure["reason"] == "unsupported", failure
    assert "not for the node's platform" in failure["msg"]


def test_a_pod_that_finds_no_place_says_so_in_time(site, cluster, namespace, node, edge_registry):
    cluster.kubectl("cordon", node.name)
    try:
        failure = site.refused(edge_registry, BUSYBOX, namespace, verify_timeout=15)
    finally:
        cluster.kubectl("uncordon", node.name)
    assert failure["reason"] == "timeout"
    assert "0/1 nodes are available" in failure["msg"]


def test_the_words_of_containerd_1(start_node, start_edge_registry, tmp_path):
    node = start_node(containerd="1")
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(node.kubeconfig)
    cluster = Cluster(kubeconfig)
    registry, other = (start_edge_registry(), start_edge_registry())
    push_images(registry)
    node.trust(registry)
    site = Site(cluster, tmp_path)
    for image, namespace, reason in (
        (BUSYBOX, {"name": "none", "registries": []}, "unauthorized"),
        ("unknown.edge.test:5000/edge/busybox:1", "shop", "unresolved"),
        (f"{other.endpoint}/{BUSYBOX}", "shop", "untrusted"),
        (f"{HOST}:{free_port()}/{BUSYBOX}", "shop", "unreachable"),
        ("edge/missing:1", "shop", "invalid"),
    ):
        assert site.refused(registry, image, namespace)["reason"] == reason
    assert site.run(registry, BUSYBOX, ["shop"])["verification"]
