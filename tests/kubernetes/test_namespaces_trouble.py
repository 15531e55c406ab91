# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module kubernetes_namespaces where the cluster is in its way: rights, quotas, load, and a server that leaves."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import functools
import http.client
import json
import os
import subprocess
import threading
import time

import pytest
from ansible_collections.edgeops.registry.tests.support import namespaces
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.limited_user import LimitedUser, rule
from ansible_collections.edgeops.registry.tests.support.namespaces import RECORD, SECRET
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until

pytestmark = pytest.mark.minutes(4)


@pytest.fixture
def provision(cluster):
    """Run the module on the cluster."""
    return functools.partial(namespaces.provision, kubeconfig=str(cluster.kubeconfig))


@pytest.fixture
def limited(cluster, namespace):
    """The kubeconfig of somebody with these rules in the whole cluster, and further ones in the namespace."""
    user = LimitedUser(cluster, namespace)
    yield user.kubeconfig
    user.remove()


def pull_secrets(cluster, name):
    found = cluster.object("serviceaccount", "default", name)
    return [item["name"] for item in found.get("imagePullSecrets", [])] if found else None


LOOK = rule("namespaces serviceaccounts pods", "list")
LOOK_AT_OURS = rule("secrets", "list", "get", "patch", resourceNames=[SECRET])


def test_every_missing_right_is_named_where_not_even_looking_is_allowed(cluster, namespace, provision, limited):
    result = provision(namespace, kubeconfig=None, kubeconfig_content=limited(rule("namespaces", "list")))
    assert result["failed"]
    assert result["reason"] == "forbidden"
    for words in (
        "list secrets in all namespaces",
        "list serviceaccounts in all namespaces",
        "list pods in all namespaces",
        "create namespaces in all namespaces",
        "create secrets",
        "patch secrets",
        "patch serviceaccounts",
    ):
        assert words in result["msg"]
    assert "list namespaces" not in result["msg"]
    assert '{apiGroups: [""], resources: [pods], verbs: [list]}' in result["remedy"]


def test_every_missing_right_is_named_before_anything_is_done(cluster, namespace, provision, limited):
    [new] = cluster.unused_names(1)
    content = limited(LOOK, LOOK_AT_OURS, rule("namespaces", "create", "patch"))
    for check in (True, False):
        result = provision(new, namespace, kubeconfig=None, kubeconfig_content=content, check=check)
        assert result["failed"]
        assert "Nothing was changed" in result["msg"]
        for words in (f"create secrets in {new}, {namespace}", f"patch serviceaccounts in {new}, {namespace}"):
            assert words in result["msg"]
        assert "namespaces in" not in result["msg"].replace("serviceaccounts in", "").replace("all namespaces", "")
    assert cluster.object("namespace", new) is None


def test_few_rights_are_enough(cluster, namespace, provision, limited):
    content = limited(
        LOOK,
        LOOK_AT_OURS,
        rule("secrets", "create"),
        rule("serviceaccounts", "get", "patch"),
        rule("namespaces", "get"),
    )
    result = provision(namespace, kubeconfig=None, kubeconfig_content=content)
    assert not result.get("failed"), result
    assert pull_secrets(cluster, namespace) == [SECRET]
    assert not provision(namespace, kubeconfig=None, kubeconfig_content=content)["changed"]


def test_rights_in_the_namespace_alone_are_enough_to_change_what_is_in_it(cluster, namespace, provision, limited):
    changes = (rule("secrets", "create", "patch", "get"), rule("serviceaccounts", "get", "patch"))
    content = limited(LOOK, LOOK_AT_OURS, within=changes)
    result = provision(namespace, kubeconfig=None, kubeconfig_content=content)
    assert not result.get("failed"), result
    assert pull_secrets(cluster, namespace) == [SECRET]
    [other] = cluster.unused_names(1)
    cluster.kubectl("create", "namespace", other)
    refused = provision(namespace, other, kubeconfig=None, kubeconfig_content=content)
    assert f"create secrets in {other}" in refused["msg"]


def test_who_may_take_nothing_back_is_told_all_that_is_missing(cluster, namespace, provision, limited):
    [ours] = cluster.unused_names(1)
    provision(ours, namespace)
    workloads = rule("deployments statefulsets daemonsets", "list", group="apps")
    jobs = rule("jobs cronjobs", "list", group="batch")
    few = (LOOK, LOOK_AT_OURS, rule("rolebindings", "list", group="rbac.authorization.k8s.io"))
    looking = (*few, rule("persistentvolumeclaims", "list"), workloads, jobs)
    for rules, words in (
        (few, ("list deployments in all namespaces", "list cronjobs in all namespaces")),
        (looking, ("delete namespaces", f"delete secrets in {namespace}", "watch namespaces", "patch serviceaccounts")),
    ):
        options = {"kubeconfig": None, "kubeconfig_content": limited(*rules), "state": "absent"}
        result = provision(ours, namespace, **options)
        assert result["failed"]
        assert "Nothing was changed" in result["msg"]
        for word in words:
            assert word in result["msg"]
    assert cluster.object("namespace", ours)
    assert pull_secrets(cluster, namespace) == [SECRET]


def test_the_rights_to_prove_it_are_asked_for_first(cluster, namespace, provision, limited):
    changes = (rule("secrets", "create", "patch", "get"), rule("serviceaccounts", "get", "patch"))
    content = limited(LOOK, LOOK_AT_OURS, within=changes)
    refused = provision(namespace, kubeconfig=None, kubeconfig_content=content, verify_image="registry.test/a:1")
    for words in ("create pods", "watch pods", "delete pods", "get pods/log", "list events"):
        assert f"{words} in {namespace}" in refused["msg"]
    assert "list pods" not in refused["msg"]
    assert pull_secrets(cluster, namespace) == []


def test_a_missing_package_is_told_before_anything_is_done(cluster, provision, tmp_path, monkeypatch):
    [name] = cluster.unused_names(1)
    (tmp_path / "cryptography.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    result = provision({"name": name, "users": ["ann"]}, kubeconfig_directory=str(tmp_path / "users"))
    assert result["failed"]
    assert "cryptography" in result["msg"]
    assert cluster.object("namespace", name) is None


def test_a_quota_that_forbids_the_secret_holds_up_no_other_namespace(cluster, namespace, provision):
    cluster.kubectl("create", "quota", "none", "--hard=secrets=0", f"--namespace={namespace}")
    wait_until(
        lambda: "hard" in cluster.object("resourcequota", "none", namespace).get("status", {}),
        "the quota is not observed",
    )
    [other] = cluster.unused_names(1)
    foreseen, result = provision(namespace, other, check=True), provision(namespace, other)
    for found in (foreseen, result):
        assert found["failed"]
        [failure] = found["failures"]
        assert (failure["namespace"], failure["reason"]) == (namespace, "forbidden")
        assert "exceeded quota" in failure["msg"]
        assert "ResourceQuota" in failure["remedy"]
    assert pull_secrets(cluster, other) == [SECRET]
    assert pull_secrets(cluster, namespace) == []
    cluster.kubectl("delete", "quota", "none", f"--namespace={namespace}")
    assert not provision(namespace, other).get("failed")
    assert pull_secrets(cluster, namespace) == [SECRET]


@pytest.fixture
def stuck(cluster, namespace):
    """A namespace that is being deleted and cannot go."""
    held = {"name": "held", "namespace": namespace, "finalizers": ["example.com/hold"]}
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    told = "jsonpath={.status.conditions[?(@.type=='NamespaceFinalizersRemaining')].status}=True"
    cluster.kubectl("wait", f"--for={told}", f"namespace/{namespace}", "--timeout=180s")
    yield namespace
    cluster.try_kubectl(
        "patch",
        "configmap",
        "held",
        f"--namespace={namespace}",
        "--type=merge",
        '--patch={"metadata":{"finalizers":null}}',
    )


def test_a_namespace_stuck_in_terminating_is_explained_and_holds_up_no_other(cluster, stuck, provision):
    [other] = cluster.unused_names(1)
    start = time.monotonic()
    result = provision(stuck, other, wait_timeout=2)
    assert time.monotonic() - start < 90  # by default it waits for 120
    [failure] = result["failures"]
    assert (failure["namespace"], failure["reason"]) == (stuck, "timeout")
    assert "example.com/hold" in failure["msg"]
    assert failure["remedy"]
    assert pull_secrets(cluster, other) == [SECRET]


def test_a_namespace_that_goes_in_time_is_made_anew(cluster, stuck, provision):
    release = threading.Timer(
        4,
        cluster.try_kubectl,
        (
            "patch",
            "configmap",
            "held",
            f"--namespace={stuck}",
            "--type=merge",
            '--patch={"metadata":{"finalizers":null}}',
        ),
    )
    release.start()
    result = provision(stuck, wait_timeout=60)
    release.join()
    assert not result.get("failed"), result
    assert pull_secrets(cluster, stuck) == [SECRET]


def test_deleting_what_cannot_go_is_no_success(cluster, provision):
    [name] = cluster.unused_names(1)
    provision(name)
    held = {"name": "held", "namespace": name, "finalizers": ["example.com/hold"]}
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
    result = provision(name, state="absent", wait_timeout=20)
    cluster.kubectl(
        "patch", "configmap", "held", f"--namespace={name}", "--type=merge", '--patch={"metadata":{"finalizers":null}}'
    )
    assert result["failed"]
    [failure] = result["failures"]
    assert failure["reason"] == "timeout"
    assert "example.com/hold" in failure["msg"]


def test_two_runs_at_once_both_end_well(cluster, provision):
    names = cluster.unused_names(15)
    cluster.kubectl("create", "namespace", names[0])
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = [pool.submit(provision, *names, pull_secret=secret) for secret in ("one", "two", "three")]
    assert [run.result()["failures"] for run in runs] == [[], [], []]
    for name in names:
        assert sorted(pull_secrets(cluster, name)) == ["one", "three", "two"]


@pytest.fixture
def busy_server(cluster, serve):
    """A kubeconfig for the cluster by way of a proxy that refuses every change twice: with 409, then with 429."""
    program = subprocess.Popen(
        [cluster._program, f"--kubeconfig={cluster.kubeconfig}", "proxy", "--port=0", "--reject-methods=^$"],
        stdout=subprocess.PIPE,
    )
    port = int(program.stdout.readline().rsplit(b":", 1)[1])
    lock, tries = threading.Lock(), collections.Counter()
    conflict = {
        "kind": "Status",
        "status": "Failure",
        "reason": "Conflict",
        "message": "the object has been modified",
        "code": 409,
    }

    def answer(asked):
        with lock:
            tries[asked.method, asked.path] += 1
            number = tries[asked.method, asked.path]
        if asked.method == "PATCH" and number <= 2:
            return Reply(409, body=json.dumps(conflict).encode()) if number == 1 else Reply(429, {"Retry-After": "0"})
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            kind = {"Content-Type": asked.headers.get("Content-Type", "application/json")}
            connection.request(asked.method, asked.path, asked.body or None, kind)
            reply = connection.getresponse()
            return Reply(reply.status, body=reply.read())

    server = serve(answer)
    cluster_entry = {"name": "busy", "cluster": {"server": f"http://127.0.0.1:{server.port}"}}
    context = {"name": "busy", "context": {"cluster": "busy", "user": "busy"}}
    users = [{"name": "busy", "user": {}}]
    config = {"apiVersion": "v1", "kind": "Config", "clusters": [cluster_entry], "contexts": [context], "users": users}
    yield json.dumps({**config, "current-context": "busy"})
    program.terminate()
    program.communicate()


def test_a_server_that_is_busy_and_others_that_change_the_same_are_waited_for(cluster, provision, busy_server):
    names = cluster.unused_names(10)
    result = provision(*names, kubeconfig=None, kubeconfig_content=busy_server)
    assert result["failures"] == []
    for name in names:
        assert pull_secrets(cluster, name) == [SECRET]
    assert not provision(*names)["changed"]


def test_an_api_server_that_leaves_is_one_clear_error_and_the_next_run_goes_on(start_node, provision, tmp_path):
    node = start_node()
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(node.kubeconfig)
    names = [f"shop-{number}" for number in range(300)]
    options = {"kubeconfig": str(kubeconfig), "timeout": 10}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(provision, *names, **options)
        wait_until(lambda: "shop-20" in node.shell("kubectl get namespaces --output=name"), "it makes nothing")
        node.shell("systemctl stop kube-apiserver")
        result = running.result()
    assert result["failed"]
    assert result["changed"]
    # One for all namespaces, beside what the server may have answered on its way out
    [lost] = [failure for failure in result["failures"] if not failure["namespace"]]
    assert lost["reason"] == "unreachable"
    assert "the API server" in lost["msg"]
    assert "more" in lost["msg"]
    made = [item["name"] for item in result["namespaces"] if item["changed"]]
    assert 20 <= len(made) < 300
    absent = provision(*names, **options)
    assert absent["failed"]
    assert absent["reason"] == "unreachable"

    node.shell("systemctl start kube-apiserver; until kubectl get --raw /readyz; do sleep 0.2; done")
    again = provision(*names, kubeconfig=str(kubeconfig))
    assert not again.get("failed"), again["msg"]
    assert 300 - len(made) <= sum(item["changed"] for item in again["namespaces"]) < 300
    assert not provision(*names, kubeconfig=str(kubeconfig))["changed"]


def test_500_namespaces(node, cluster, provision):
    names = cluster.unused_names(500)
    foreseen, result = provision(*names, check=True), provision(*names)
    assert foreseen["namespaces"] == result["namespaces"]
    accounts = [item for item in cluster.objects("serviceaccounts") if item["metadata"]["namespace"] in names]
    assert [item["imagePullSecrets"] for item in accounts] == [[{"name": SECRET}]] * 500
    with node.audit_log.recording() as requests:
        again = provision(*names)
    assert not again["changed"]
    assert len([one for one in requests if one.user == "kubernetes-admin"]) == again["requests"] == 4
    changed = {**RECORD, "password": "another-password"}
    assert sum(item["changed"] for item in provision(*names, registries=[changed])["namespaces"]) == 500
