# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module kubernetes_registry on a real cluster: what it promises, seen by clients, by kubectl and in the audit log."""

from __future__ import annotations

import http.client
import itertools
import json
import threading

import pytest
from ansible_collections.edgeops.registry.tests.support.cluster_registry import ClusterRegistry
from ansible_collections.edgeops.registry.tests.support.edge_images import BUSYBOX
from ansible_collections.edgeops.registry.tests.support.oci_layout import random_layer
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until
from ansible_collections.edgeops.registry.tests.support.record_client import RecordClient
from ansible_collections.edgeops.registry.tests.support.registry_content import RepositoryContent

pytestmark = pytest.mark.minutes(4)

SEEDS = itertools.count()
READING = {"get", "list", "watch"}
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
JOB = "reg-garbage-collect"


def layer():
    """Another one each time."""
    return random_layer(10_000, next(SEEDS))


@pytest.fixture(scope="module")
def site(cluster, node, edge_registry, tmp_path_factory):
    """One registry for the tests of its life, each of which states all that it wants of it."""
    made = ClusterRegistry(tmp_path_factory.mktemp("site"), cluster, node, edge_registry, 31500)
    made.options.update(garbage_collection="0 3 * * *", network_policy=True)
    return made


@pytest.fixture(scope="module")
def runs(site, cluster, node):
    """An audit before there is anything, the real thing, that again, and an audit of it."""
    audit = site.run(check=True)
    assert cluster.object("namespace", site.namespace) is None
    first = site.run()
    with node.audit_log.recording() as requests:
        again = site.run()
    return {"audit": audit, "first": first, "again": again, "requests": requests, "check": site.run(check=True)}


def test_an_audit_predicts_what_is_made(runs):
    assert runs["audit"]["changed"]
    assert runs["audit"]["changes"] == runs["first"]["changes"]
    assert "Namespace" in runs["first"]["changes"][0]
    assert runs["first"]["ready"]


def test_a_second_run_reads_a_dozen_objects_and_changes_nothing(runs, site):
    assert not runs["again"]["changed"]
    assert not runs["check"]["changed"]
    ours = [request for request in runs["requests"] if site.namespace in (request.namespace, request.name)]
    assert {request.verb for request in ours} <= READING
    assert len(ours) == runs["again"]["requests"] <= 12


def test_it_is_found_where_it_says(runs, site):
    found = runs["first"]
    assert [f"{address}:{found['port']}" for address in found["addresses"]] == [site.endpoint]
    client = RecordClient(site.record)
    pushed = client.push("edge/first")
    assert client.pull("edge/first") == pushed
    assert RecordClient(site.record, password="wrong").ask("GET", "/v2/").status == 401


def test_it_meets_what_it_is_held_to(runs, site, cluster):
    [pod] = cluster.objects("pods", site.namespace)
    assert pod["status"]["phase"] == "Running"
    [server] = pod["spec"]["containers"]
    assert server["securityContext"]["readOnlyRootFilesystem"]
    assert server["resources"] == {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}}
    for kind in ("startup", "readiness", "liveness"):
        assert server[f"{kind}Probe"]["httpGet"] == {"path": "/", "port": "https", "scheme": "HTTPS"}
    assert cluster.object("networkpolicy", site.name, site.namespace)
    assert cluster.object("poddisruptionbudget", site.name, site.namespace)


def test_a_pod_pulls_from_it(runs, site, cluster, namespace, edge_registry):
    site.trust()
    content = RepositoryContent(site.record, "edge/busybox")
    copy_image(edge_registry, BUSYBOX, content)
    login = {"auths": {site.endpoint: {"username": "edge", "password": site.password}}}
    secret = {"name": "site", "namespace": namespace}
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": secret,
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": json.dumps(login)},
        },
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "puller", "namespace": namespace},
            "spec": {
                "imagePullSecrets": [{"name": "site"}],
                "terminationGracePeriodSeconds": 1,
                "containers": [{"name": "c", "image": f"{site.endpoint}/edge/busybox:1", "imagePullPolicy": "Always"}],
            },
        },
    )
    cluster.kubectl("wait", "--for=condition=Ready", "pod/puller", f"--namespace={namespace}", "--timeout=180s")


def copy_image(source, image, content):
    """An image of one platform, from a registry into a repository of another."""
    name, tag = image.split(":")
    client = RecordClient(source.record_dict_for("localhost"))
    manifest = json.loads(client.ask("GET", f"/v2/{name}/manifests/{tag}", accept=DOCKER_MANIFEST).body)
    for part in (manifest["config"], *manifest["layers"]):
        content.blob(client.ask("GET", f"/v2/{name}/blobs/{part['digest']}").body)
    content.manifest(manifest, tag)


def test_a_new_certificate_and_password_are_served(runs, site):
    digest = RepositoryContent(site.record, "edge/kept").image(layer(), tag="1")
    former = site.record
    site.new_identity()
    assert site.run(check=True)["changes"] == ["Secret reg", "Deployment reg"]
    changed = site.run()
    assert changed["changes"] == ["Secret reg", "Deployment reg"]
    assert RepositoryContent(site.record, "edge/kept").pull_whole("1") == digest
    assert RecordClient({**former, "ca_certificates": site.record["ca_certificates"]}).ask("GET", "/v2/").status == 401
    assert not site.run()["changed"]


def test_garbage_goes_while_images_are_pushed_and_no_image_is_lost(runs, site, cluster, node):
    """Who pushes repeats what is refused, as every client does; what was accepted is whole, before, meanwhile and after."""
    garbage = RepositoryContent(site.record, "edge/garbage").blob(layer())
    kept = RepositoryContent(site.record, "edge/kept").image(layer(), tag="2")
    pusher = Pushing(site.record)
    with pusher:
        wait_until(lambda: len(pusher.accepted) > 2, "nothing is pushed before")
        cluster.kubectl("create", "job", "now", f"--from=cronjob/{JOB}", f"--namespace={site.namespace}")
        cluster.kubectl(
            "wait", "--for=condition=Complete", "job/now", f"--namespace={site.namespace}", "--timeout=180s"
        )
        before = len(pusher.accepted)
        wait_until(lambda: len(pusher.accepted) > before + 2, "nothing is pushed afterwards")
    assert pusher.refused
    for repository, digest in (*pusher.accepted, ("edge/kept", kept)):
        assert RepositoryContent(site.record, repository).pull_whole(digest) == digest
    path = f"{site.directory}/docker/registry/v2/blobs/sha256/{garbage[7:9]}/{garbage[7:]}"
    assert node.run("test", "-e", path).returncode == 1


class Pushing:
    """Images pushed one after the other, each again until the registry takes it."""

    def __init__(self, record):
        self.accepted, self.refused = [], []
        self._record = record
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._push)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *dummy):
        self._ending.set()
        self._thread.join()

    def _push(self):
        while not self._ending.is_set():
            name = f"edge/pushed-{len(self.accepted)}"
            try:
                digest = RepositoryContent(self._record, name).image(layer(), layer(), tag="1")
                self.accepted.append((name, digest))
            except (AssertionError, OSError, http.client.HTTPException) as error:
                self.refused.append(error)


def test_while_garbage_is_collected_pulls_go_on_and_pushes_do_not(runs, site, node):
    digest = RepositoryContent(site.record, "edge/window").image(layer(), tag="1")
    client = RecordClient(site.record)

    def answers(status):
        return lambda: try_push(client) == status

    pulled = f"/run/{site.namespace}-pulled"
    until_then = ("timeout", "300", "sh", "-c", f"until [ -e {pulled} ]; do sleep 0.1; done")
    node.run("flock", f"{site.directory}/.wish", *until_then, detach=True)
    wait_until(answers(405), "pushes are not refused")
    assert RepositoryContent(site.record, "edge/window").pull_whole("1") == digest
    node.run("touch", pulled)
    wait_until(answers(202), "pushes are refused for ever")


def try_push(client):
    try:
        return client.ask("POST", "/v2/edge/try/blobs/uploads/").status
    except (OSError, http.client.HTTPException):
        return 0


def test_absent_keeps_the_images_for_the_next_time(runs, site, cluster, node):
    digest = RepositoryContent(site.record, "edge/kept").image(layer(), tag="3")
    predicted = site.absent(check=True)
    removed = site.absent()
    assert removed["changes"] == predicted["changes"]
    assert removed["changes"][-1] == f"Namespace {site.namespace}"
    cluster.kubectl("wait", "--for=delete", f"namespace/{site.namespace}", "--timeout=180s")
    for data in ("keep", "remove"):  # where its images are is not known any more
        assert not site.absent(data=data)["changed"]
    assert site.serves()
    assert RepositoryContent(site.record, "edge/kept").pull_whole("3") == digest
    site.absent(data="remove")
    cluster.kubectl("wait", "--for=delete", f"namespace/{site.namespace}", "--timeout=180s")
    assert not node.shell(f"ls -A {site.directory}")
