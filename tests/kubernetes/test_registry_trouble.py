# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module kubernetes_registry where something is in its way or comes in between, and what else can be chosen than usual."""

from __future__ import annotations

import concurrent.futures
import functools
import itertools
import json
import shutil
import subprocess
import threading

import pytest
from ansible_collections.edgeops.registry.tests.support import distribution3
from ansible_collections.edgeops.registry.tests.support.cluster_registry import CONFIGURATION, ClusterRegistry
from ansible_collections.edgeops.registry.tests.support.edge_images import REGISTRY, SOURCES
from ansible_collections.edgeops.registry.tests.support.limited_user import LimitedUser, rule
from ansible_collections.edgeops.registry.tests.support.oci_layout import random_layer
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until
from ansible_collections.edgeops.registry.tests.support.record_client import RecordClient
from ansible_collections.edgeops.registry.tests.support.registry_content import RepositoryContent
from ansible_collections.edgeops.registry.tests.support.skopeo import skopeo

pytestmark = pytest.mark.minutes(5)

PORTS = itertools.count(31510)
LAYER = random_layer(10_000, 1)


@pytest.fixture
def other(cluster, node, edge_registry, tmp_path):
    """A registry of a test's own."""
    made = ClusterRegistry(tmp_path, cluster, node, edge_registry, next(PORTS))
    yield made
    cluster.kubectl("delete", "namespace", "--ignore-not-found", "--wait=false", made.options["namespace"])


@pytest.mark.parametrize(
    ("different", "words"),
    [
        ({"image": "{registry}/edge/missing:1"}, ("ImagePullBackOff", "not found", "image")),
        (
            {"configuration": json.dumps({**CONFIGURATION, "auth": {"htpasswd": {"realm": "x"}}})},
            ("CrashLoopBackOff", "exit code", "It says last", "htpasswd"),
        ),
        (
            {"storage": {"kind": "volume_claim", "storage_class": "nowhere"}, "wait_timeout": 20},
            ("Unschedulable", "storageclass", "nowhere"),
        ),
    ],
)
def test_what_keeps_it_from_starting_is_in_the_error(other, cluster, edge_registry, different, words):
    if "image" in different:
        different = {"image": different["image"].format(registry=edge_registry.endpoint)}
    failed = other.run(**different)
    assert failed["failed"]
    for word in words:
        assert word in failed["msg"]
    storage = {"storage": {"kind": "empty_dir", "size": "1Gi"}} if "storage" in different else {}
    mended = other.run(**storage)
    assert mended["ready"], mended["msg"]
    [pod] = [one for one in cluster.objects("pods", other.namespace) if "deletionTimestamp" not in one["metadata"]]
    limits = [volume["emptyDir"] for volume in pod["spec"]["volumes"] if "emptyDir" in volume]
    assert limits == ([{"sizeLimit": "1Gi"}] if storage else [])


def pulls(cluster, namespace):
    """How often an image has been asked for."""
    return sum(event.get("count", 1) for event in cluster.objects("events", namespace) if event["reason"] == "Pulling")


def test_what_was_mended_elsewhere_is_tried_again_at_once(other, cluster, edge_registry):
    name = f"{edge_registry.endpoint}/edge/late:2"
    assert "not found" in other.run(image=name)["msg"]
    foretold = other.run(image=name, check=True)
    # Then the node itself does not try again for 40 seconds
    wait_until(lambda: pulls(cluster, other.namespace) >= 3, "the node does not try again")
    skopeo(edge_registry, "copy", SOURCES[REGISTRY], "docker://{}/edge/late:2")
    mended = other.run(image=name)
    assert mended["ready"], mended["msg"]
    assert mended["changed"]
    assert mended["changes"] == foretold["changes"]
    [restarted] = mended["changes"]
    assert restarted.startswith("Pod reg-")


def test_a_port_that_is_taken_is_told(other, cluster, namespace):
    spec = {"type": "NodePort", "ports": [{"port": 1, "nodePort": other.options["node_port"]}]}
    cluster.apply(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "namespace": namespace}, "spec": spec}
    )
    refused = other.run()
    assert refused["failed"]
    assert refused["reason"] == "conflict"
    assert str(other.options["node_port"]) in refused["msg"]
    assert "node_port" in refused["remedy"]


def forbid(cluster, namespace, what):
    """A quota that is in force."""
    cluster.kubectl("create", "quota", "none", f"--hard={what}=0", f"--namespace={namespace}")
    wait_until(
        lambda: "hard" in cluster.object("resourcequota", "none", namespace).get("status", {}),
        "the quota is not observed",
    )


def test_a_quota_that_forbids_the_pod_is_told(other, cluster, namespace):
    forbid(cluster, namespace, "pods")
    refused = other.run(namespace=namespace, wait_timeout=20)
    assert refused["failed"]
    assert "exceeded quota" in refused["msg"]
    assert "ResourceQuota" in refused["remedy"]
    cluster.kubectl("delete", "resourcequota", "none", f"--namespace={namespace}")
    mended = other.run(namespace=namespace)
    assert mended["ready"], mended["msg"]


def test_a_quota_that_passes_is_waited_for(other, cluster, namespace):
    forbid(cluster, namespace, "pods")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(other.run, namespace=namespace, progress_interval=2)
        wait_until(lambda: "exceeded quota" in conditions(cluster, other.name, namespace), "no pod is refused")
        cluster.kubectl("delete", "resourcequota", "none", f"--namespace={namespace}")
        found = running.result()
    assert found["ready"], found["msg"]


def conditions(cluster, name, namespace):
    """What a deployment says of itself."""
    return json.dumps((cluster.object("deployment", name, namespace) or {}).get("status", {}).get("conditions"))


def test_what_was_made_before_a_refusal_is_told(other, cluster, namespace):
    forbid(cluster, namespace, "count/deployments.apps")
    refused = other.run(namespace=namespace)
    assert refused["failed"]
    assert refused["changed"]
    assert refused["reason"] == "forbidden"
    assert "exceeded quota" in refused["msg"]
    assert refused["changes"][0] == "Secret reg"
    assert len(refused["diff"]) == len(refused["changes"])
    cluster.kubectl("delete", "resourcequota", "none", f"--namespace={namespace}")
    assert other.run(namespace=namespace)["changes"] == ["Deployment reg"]


@pytest.fixture
def leaving(cluster):
    """A namespace that is being deleted, and what lets it go."""
    name = cluster.new_namespace()
    held = {"name": "held", "namespace": name, "finalizers": ["example.com/hold"]}
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
    cluster.kubectl("delete", "namespace", name, "--wait=false")
    told = "jsonpath={.status.conditions[?(@.type=='NamespaceFinalizersRemaining')].status}=True"
    cluster.kubectl("wait", f"--for={told}", f"namespace/{name}", "--timeout=180s")
    patch = ("patch", "configmap", "held", f"--namespace={name}", "--type=merge")
    release = functools.partial(cluster.try_kubectl, *patch, '--patch={"metadata":{"finalizers":null}}')
    yield name, release
    release()


def test_a_namespace_on_its_way_out_is_waited_for_and_made_anew(other, leaving):
    namespace, release = leaving
    foretold = other.run(namespace=namespace, check=True)
    refused = other.run(namespace=namespace, wait_timeout=3, progress_interval=1)
    assert refused["reason"] == "timeout"
    assert "example.com/hold" in refused["msg"]
    assert not refused["changed"]
    assert f"localhost: a former namespace {namespace}" in refused["output"]
    timer = threading.Timer(3, release)
    timer.start()
    made = other.run(namespace=namespace)
    timer.join()
    assert made["ready"], made["msg"]
    assert made["changes"] == foretold["changes"]


@pytest.fixture
def user(cluster, namespace):
    """Somebody with few rights."""
    made = LimitedUser(cluster, namespace)
    yield made
    made.remove()


def test_every_missing_right_is_named_before_anything_is_made(other, cluster, user, namespace):
    reading = rule("namespaces secrets services persistentvolumeclaims pods", "get", "list")
    policies = rule("poddisruptionbudgets", "get", group="policy")
    content = user.kubeconfig(reading, policies, rule("deployments", "get", group="apps"))
    for check in (True, False):
        refused = other.run(kubeconfig=None, kubeconfig_content=content, check=check)
        assert refused["failed"]
        assert "Nothing was changed" in refused["msg"]
        for words in ("create namespaces", "patch secrets", "create deployments", "watch pods"):
            assert words in refused["msg"]
        assert "list pods" not in refused["msg"]
    assert cluster.object("namespace", other.namespace) is None
    refused = other.run(namespace=namespace, kubeconfig=None, kubeconfig_content=content)
    for words in ("get networkpolicies", "get cronjobs", "create secrets"):
        assert words in refused["msg"]


def test_who_may_not_wait_for_a_namespace_is_told_so_at_once(other, leaving, user):
    rights = rule("*", "get", "create", "patch", group="*"), rule("pods", "list", "watch")
    content = user.kubeconfig(*rights)
    refused = other.run(namespace=leaving[0], kubeconfig=None, kubeconfig_content=content)
    assert "may not list namespaces in all namespaces, watch namespaces in all namespaces" in refused["msg"]
    assert "create" not in refused["msg"]


def test_every_missing_right_is_named_where_not_even_looking_is_allowed(other, user):
    refused = other.run(kubeconfig=None, kubeconfig_content=user.kubeconfig(rule("pods", "list")))
    for words in ("get namespaces", "get secrets", "create services", "get networkpolicies", "watch pods"):
        assert words in refused["msg"]


def test_who_may_not_remove_removes_nothing(other, cluster, user):
    assert other.run(wait_timeout=0)["changed"]
    everything = rule("*", "get", "list", "watch", group="*")
    kept = user.kubeconfig(everything, rule("secrets services", "delete"), rule("deployments", "patch", group="apps"))
    refused = other.absent(kubeconfig=None, kubeconfig_content=kept, data="remove")
    assert refused["failed"]
    assert not refused["changed"]
    for words in ("delete deployments", "create jobs", "delete namespaces"):
        assert words in refused["msg"]
    assert "delete secrets" not in refused["msg"]
    assert cluster.object("secret", other.name, other.namespace)
    assert cluster.object("deployment", other.name, other.namespace)["spec"]["replicas"] == 1


def test_what_is_anothers_is_left_alone(other, cluster, namespace):
    cluster.kubectl("create", "secret", "generic", other.name, f"--namespace={namespace}", "--from-literal=a=b")
    refused = other.run(namespace=namespace)
    assert refused["reason"] == "conflict"
    other.options["namespace"] = namespace
    assert not other.absent(data="remove")["changed"]
    assert cluster.object("secret", other.name, namespace)["data"] == {"a": "Yg=="}
    assert cluster.object("namespace", namespace)


def test_a_volume_claim_outlives_the_registry(other, cluster, node):
    path = f"/srv/{other.namespace}"
    node.shell(f"mkdir -p {path}")
    here = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node.name]}]}
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": other.namespace,
        "local": {"path": path},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [here]}},
    }
    cluster.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": other.namespace}, "spec": spec})
    other.options["storage"] = {"kind": "volume_claim", "size": "1Gi", "storage_class": other.namespace}
    assert other.serves()
    level = cluster.object("namespace", other.namespace)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    assert level == "restricted"
    digest = RepositoryContent(other.record, "edge/kept").image(LAYER, tag="1")
    kept = other.absent()
    assert not any("Namespace" in change or "Claim" in change for change in kept["changes"])
    assert other.serves()
    assert RepositoryContent(other.record, "edge/kept").pull_whole("1") == digest
    assert not any("Claim" in change for change in other.absent()["changes"])
    removed = other.absent(data="remove")
    assert removed["changes"] == ["PersistentVolumeClaim reg", f"Namespace {other.namespace}"]
    cluster.kubectl("delete", "persistentvolume", other.namespace)


def test_images_whose_removal_was_interrupted_are_removed_by_the_next_run(other, cluster, node):
    assert other.serves()
    RepositoryContent(other.record, "edge/doomed").image(LAYER, tag="1")
    node.shell(f"touch {other.directory}/theirs")
    forbid(cluster, other.namespace, "pods")
    interrupted = other.absent(data="remove", wait_timeout=10)
    assert interrupted["failed"]
    assert interrupted["changes"] == ["Deployment reg"]
    assert interrupted["changed"]
    assert "the images were not deleted" in interrupted["msg"]
    assert cluster.object("deployment", other.name, other.namespace)["spec"]["replicas"] == 0
    assert "docker" in node.shell(f"ls {other.directory}")
    cluster.kubectl("delete", "resourcequota", "none", f"--namespace={other.namespace}")
    removed = other.absent(data="remove")
    assert not removed.get("failed"), removed["msg"]
    assert removed["changes"].count("Deployment reg") == 1
    assert node.shell(f"ls -A {other.directory}").split() == ["theirs"]


@pytest.mark.parametrize("selector", [{}, {"kubernetes.io/os": "linux"}], ids=["any node", "some nodes"])
def test_a_directory_on_a_node_that_nobody_knows_is_not_given_up(other, cluster, node, selector):
    assert other.serves(node_selector=selector)
    RepositoryContent(other.record, "edge/kept").image(LAYER, tag="1")
    cluster.kubectl("scale", "deployment", other.name, "--replicas=0", f"--namespace={other.namespace}")
    wait_until(lambda: not cluster.objects("pods", other.namespace), "the pod stays")
    for check in (True, False):
        refused = other.absent(data="remove", check=check)
        assert refused["reason"] == "conflict"
        assert "on which node" in refused["msg"]
        assert not refused["changed"]
    assert not other.absent(data="keep").get("failed")
    assert node.run("test", "-d", f"{other.directory}/docker").returncode == 0


@pytest.fixture(scope="module")
def distribution_3(edge_registry, tmp_path_factory):
    """Its image, as the one of version 2 but for the program."""
    folder = tmp_path_factory.mktemp("image")
    shutil.copy(distribution3.program(), folder)
    (folder / "Dockerfile").write_text("FROM edgeops-test-registry:bookworm\nCOPY registry /bin/registry\n")
    image = "edgeops-test-registry:3"
    subprocess.run(["docker", "build", "--quiet", "--tag", image, folder], check=True, capture_output=True)
    skopeo(edge_registry, "copy", f"docker-daemon:{image}", "docker://{}/edge/registry:3")
    yield f"{edge_registry.endpoint}/edge/registry:3"
    subprocess.run(["docker", "image", "rm", image], check=True, capture_output=True)


def test_version_3_of_the_engine_serves_and_collects_its_garbage(other, distribution_3, cluster, node):
    assert other.serves(image=distribution_3, garbage_collection="0 3 * * *")
    said = cluster.kubectl("exec", f"deployment/{other.name}", f"--namespace={other.namespace}", "--", "registry", "-v")
    assert "distribution/v3" in said
    digest = RepositoryContent(other.record, "edge/kept").image(LAYER, tag="1")
    garbage = RepositoryContent(other.record, "edge/garbage").blob(random_layer(10_000, 2))
    scope = f"--namespace={other.namespace}"
    cluster.kubectl("create", "job", "now", "--from=cronjob/reg-garbage-collect", scope)
    cluster.kubectl("wait", "--for=condition=Complete", "job/now", scope, "--timeout=180s")
    wait_until(RecordClient(other.record).answers, "it does not come back")
    assert RepositoryContent(other.record, "edge/kept").pull_whole("1") == digest
    path = f"{other.directory}/docker/registry/v2/blobs/sha256/{garbage[7:9]}/{garbage[7:]}"
    assert node.run("test", "-e", path).returncode == 1
    assert not other.run(image=distribution_3, garbage_collection="0 3 * * *")["changed"]


def test_a_load_balancer_is_waited_for_and_is_where_it_is_found(other, cluster, node):
    """The node's kube-proxy serves what a load balancer would forward; its controller's part is played by kubectl."""
    assert other.serves()
    options = {"service_type": "LoadBalancer", "port": 5443, "progress_interval": 1}
    waiting = other.run(**options, wait_timeout=4)
    assert waiting["reason"] == "timeout"
    assert waiting["changes"] == ["Service reg"]
    assert "the load balancer has no address yet" in waiting["msg"]
    assert "MetalLB" in waiting["remedy"]
    assert "localhost: the load balancer has no address yet" in waiting["output"]
    given = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": node.address}]}}})
    patch = ("patch", "service", other.name, "--subresource=status", "--type=merge", f"--patch={given}")
    cluster.kubectl(*patch, f"--namespace={other.namespace}")
    found = other.run(**options)
    assert (found["addresses"], found["port"], found["changed"]) == ([node.address], 5443, False)
    record = {**other.record, "endpoint": f"{node.address}:5443"}
    wait_until(RecordClient(record).answers, "nothing answers at the load balancer")
    client = RecordClient(record)
    assert client.push("edge/first") == client.pull("edge/first")
