# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module kubernetes_namespaces on a real cluster: what it makes, merges and takes back."""

from __future__ import annotations

import base64
import functools
import json

import pytest
from ansible_collections.edgeops.registry.tests.support import namespaces
from ansible_collections.edgeops.registry.tests.support.edge_images import BUSYBOX
from ansible_collections.edgeops.registry.tests.support.namespaces import PASSWORD, RECORD, SECRET
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until

pytestmark = pytest.mark.minutes(2)

ENDPOINT = RECORD["endpoint"]
LOGIN = {"auth": base64.b64encode(f"edge:{PASSWORD}".encode()).decode()}
OTHER = {"auth": base64.b64encode(b"other:0ther").decode()}


@pytest.fixture
def provision(cluster):
    """Run the module on the cluster."""
    return functools.partial(namespaces.provision, kubeconfig=str(cluster.kubeconfig))


def docker_config(cluster, namespace, name=SECRET):
    found = cluster.object("secret", name, namespace)
    return json.loads(base64.b64decode(found["data"][".dockerconfigjson"])) if found else None


def pull_secrets(cluster, namespace, account="default"):
    found = cluster.object("serviceaccount", account, namespace)
    return [item["name"] for item in found.get("imagePullSecrets", [])] if found else None


def actions(result, number=0):
    return [(item["action"], item["kind"], item["name"]) for item in result["namespaces"][number]["actions"]]


def test_check_run_again_check_and_back_in_all_steps(cluster, provision):
    [name] = cluster.unused_names(1)
    wanted = {"name": name, "labels": {"team": "retail"}, "annotations": {"note": "x"}}
    expected = [("create", "Namespace", name), ("create", "Secret", SECRET), ("create", "ServiceAccount", "default")]

    foreseen = provision(wanted, check=True)
    assert foreseen["changed"]
    assert actions(foreseen) == expected
    assert cluster.object("namespace", name) is None

    done = provision(wanted)
    assert done["changed"]
    assert actions(done) == expected
    assert done["failures"] == foreseen["failures"] == []
    namespace = cluster.object("namespace", name)
    assert (
        namespace["metadata"]["labels"].items()
        >= {"team": "retail", "app.kubernetes.io/managed-by": "edgeops.registry"}.items()
    )
    assert namespace["metadata"]["annotations"]["note"] == "x"
    assert cluster.object("secret", SECRET, name)["type"] == "kubernetes.io/dockerconfigjson"
    assert docker_config(cluster, name) == {"auths": {ENDPOINT: LOGIN}}
    assert pull_secrets(cluster, name) == [SECRET]

    for check in (False, True):
        again = provision(wanted, check=check)
        assert not again["changed"]
        assert again["namespaces"] == [{"name": name, "changed": False, "actions": []}]
        assert again["diff"] == []

    foreseen = provision(name, state="absent", check=True)
    assert actions(foreseen) == [("delete", "Namespace", name)]
    assert cluster.object("namespace", name)
    done = provision(name, state="absent")
    assert actions(done) == actions(foreseen)
    assert cluster.object("namespace", name) is None
    for check in (False, True):
        assert not provision(name, state="absent", check=check)["changed"]


def test_steady_state_is_a_few_lists_however_many_namespaces(node, cluster, provision):
    names = cluster.unused_names(30)
    provision(*names)
    with node.audit_log.recording() as requests:
        result = provision(*names)
    assert not result["changed"]
    own = [(one.verb, one.resource) for one in requests if one.user == "kubernetes-admin"]
    assert sorted(own) == [("list", kind) for kind in ("namespaces", "pods", "secrets", "serviceaccounts")]
    assert result["requests"] == len(own)


def test_a_pod_without_a_secret_of_its_own_pulls_from_the_edge(node, cluster, provision, edge_registry):
    [name] = cluster.unused_names(1)
    provision(name, registries=[edge_registry.record_dict])
    image = f"{edge_registry.endpoint}/{BUSYBOX}"
    cluster.kubectl("run", "it", f"--image={image}", "--image-pull-policy=Always", f"--namespace={name}")
    cluster.kubectl("wait", "--for=condition=Ready", "pod/it", f"--namespace={name}", "--timeout=180s")


def test_a_pod_that_came_before_its_secret_is_named_until_it_is_made_anew(
    node, cluster, namespace, provision, edge_registry
):
    image = f"{edge_registry.endpoint}/{BUSYBOX}"
    cluster.kubectl("create", "deployment", "web", f"--image={image}", f"--namespace={namespace}")
    wait_until(lambda: bool(cluster.objects("pod", namespace, "app=web")), "the deployment makes no pod")
    waiting = "jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff"
    cluster.kubectl(
        "wait", f"--for={waiting}", "pod", "--selector=app=web", f"--namespace={namespace}", "--timeout=180s"
    )
    for check in (True, False, False):
        result = provision(namespace, registries=[edge_registry.record_dict], check=check)
        [found] = result["restart_needed"]
        assert (found["namespace"], found["image"]) == (namespace, image)
        assert found["owner"].startswith("ReplicaSet/web-")
    cluster.kubectl("delete", "pod", found["pod"], f"--namespace={namespace}")
    cluster.kubectl("wait", "--for=condition=Available", "deployment/web", f"--namespace={namespace}", "--timeout=180s")
    assert provision(namespace, registries=[edge_registry.record_dict])["restart_needed"] == []


def test_what_others_made_in_a_namespace_stays(cluster, namespace, provision):
    config = json.dumps({"auths": {"ghcr.io": OTHER}})
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET, "namespace": namespace, "labels": {"theirs": "x"}},
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": config},
        }
    )
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "ci", "namespace": namespace}}
    cluster.apply({**account, "imagePullSecrets": [{"name": "a"}, {"name": "b"}]})
    cluster.kubectl("label", "namespace", namespace, "theirs=x")
    wanted = {"name": namespace, "labels": {"team": "retail"}, "service_accounts": ["default", "ci", "new"]}

    foreseen, done = provision(wanted, check=True), provision(wanted)
    assert foreseen["namespaces"] == done["namespaces"]
    assert foreseen["diff"] == done["diff"]
    assert docker_config(cluster, namespace) == {"auths": {"ghcr.io": OTHER, ENDPOINT: LOGIN}}
    assert pull_secrets(cluster, namespace, "ci") == ["a", "b", SECRET]
    assert pull_secrets(cluster, namespace, "new") == [SECRET]
    labels = cluster.object("namespace", namespace)["metadata"]["labels"]
    assert labels.items() >= {"theirs": "x", "team": "retail"}.items()
    assert "app.kubernetes.io/managed-by" not in labels
    assert not provision(wanted)["changed"]

    cluster.kubectl("annotate", "namespace", namespace, "note=theirs")
    foreseen, done = provision(wanted, state="absent", check=True), provision(wanted, state="absent")
    assert foreseen["namespaces"] == done["namespaces"]
    assert ("update", "Namespace", namespace) in actions(done)
    found = cluster.object("namespace", namespace)["metadata"]
    assert (found["labels"].get("team"), found["labels"]["theirs"], found["annotations"]["note"]) == (
        None,
        "x",
        "theirs",
    )
    assert docker_config(cluster, namespace) == {"auths": {"ghcr.io": OTHER}}
    assert cluster.object("serviceaccount", "new", namespace) is None
    assert cluster.object("serviceaccount", "ci", namespace)
    assert not provision(wanted, state="absent")["changed"]


def test_a_service_account_that_is_not_told_any_more_loses_the_secret(cluster, namespace, provision):
    account = {"apiVersion": "v1", "kind": "ServiceAccount"}
    for name, secrets in (("ci", ["a"]), ("theirs", [SECRET])):
        given = [{"name": secret} for secret in secrets]
        cluster.apply({**account, "metadata": {"name": name, "namespace": namespace}, "imagePullSecrets": given})
    provision({"name": namespace, "service_accounts": ["default", "ci", "new"]})
    wanted = {"name": namespace, "service_accounts": ["default"]}
    assert provision(wanted, check=True)["namespaces"] == provision(wanted)["namespaces"]
    assert pull_secrets(cluster, namespace) == [SECRET]
    assert pull_secrets(cluster, namespace, "ci") == ["a"]
    assert pull_secrets(cluster, namespace, "new") == []
    assert pull_secrets(cluster, namespace, "theirs") == [SECRET]
    assert not provision(wanted)["changed"]
    provision(wanted, state="absent")
    assert cluster.object("serviceaccount", "new", namespace) is None


def test_a_namespace_of_others_loses_what_was_made_in_it(cluster, namespace, provision):
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": namespace}}
    cluster.apply({**account, "imagePullSecrets": [{"name": "a"}]})
    provision(namespace)
    assert pull_secrets(cluster, namespace) == ["a", SECRET]
    gone = {"state": "absent", "registries": [{"endpoint": ENDPOINT}]}
    assert provision(namespace, check=True, **gone)["namespaces"] == provision(namespace, **gone)["namespaces"]
    assert pull_secrets(cluster, namespace) == ["a"]
    assert docker_config(cluster, namespace) is None
    assert not provision(namespace, **gone)["changed"]


def test_a_label_that_is_not_wanted_any_more_goes_and_others_stay(cluster, namespace, provision):
    provision({"name": namespace, "labels": {"a": "1", "b": "2"}})
    cluster.kubectl("label", "namespace", namespace, "theirs=x")
    provision(namespace)
    wanted = {"name": namespace, "labels": {"b": "3"}}
    assert provision(wanted, check=True)["diff"] == provision(wanted)["diff"]
    labels = cluster.object("namespace", namespace)["metadata"]["labels"]
    assert (labels.get("a"), labels["b"], labels["theirs"]) == (None, "3", "x")
    assert not provision(wanted)["changed"]


def test_a_new_password_a_registry_less_and_none_at_all(cluster, namespace, provision):
    second = {"name": "site-b", "endpoint": "docker.io:443", "username": "edge", "password": PASSWORD}
    provision(namespace, registries=[RECORD, second])
    hub = "https://index.docker.io/v1/"
    assert docker_config(cluster, namespace) == {"auths": {ENDPOINT: LOGIN, hub: LOGIN}}

    changed = {**RECORD, "password": "0ther-password"}
    result = provision(namespace, registries=[changed, second])
    shown = json.loads(result["diff"][0]["after"])["data"][".dockerconfigjson"]
    assert shown == {ENDPOINT: "<hidden, changed>", hub: "<hidden>"}

    provision({"name": namespace, "registries": ["site-b"]}, registries=[RECORD, second])
    assert docker_config(cluster, namespace) == {"auths": {hub: LOGIN}}

    for registries in ([{"endpoint": ENDPOINT}], []):
        provision(namespace, registries=registries)
        assert docker_config(cluster, namespace) is None
        assert pull_secrets(cluster, namespace) == []


def test_a_secret_of_another_type_is_explained_and_holds_up_no_other_namespace(cluster, namespace, provision):
    cluster.kubectl("create", "secret", "generic", SECRET, f"--namespace={namespace}")
    [other] = cluster.unused_names(1)
    foreseen = provision(namespace, other, check=True)
    assert cluster.object("namespace", other) is None
    result = provision(namespace, other)
    assert result["failed"]
    assert foreseen["failures"] == result["failures"]
    [failure] = result["failures"]
    assert (failure["namespace"], failure["reason"]) == (namespace, "conflict")
    assert "type Opaque" in failure["msg"]
    assert f"kubectl delete secret {SECRET} --namespace={namespace}" in failure["remedy"]
    assert pull_secrets(cluster, namespace) == []
    assert pull_secrets(cluster, other) == [SECRET]
    assert provision(namespace, on_failure="report")["failures"] == result["failures"]


def test_all_namespaces_but_some(node, cluster, provision):
    first, second, third = (cluster.new_namespace() for dummy in range(3))
    cluster.kubectl("label", "namespace", second, "team=lab")
    options = {"all_namespaces": True, "exclude": ["kube-*", third], "exclude_labels": ["team=lab"]}
    result = provision(**options)
    assert pull_secrets(cluster, first) == [SECRET]
    assert pull_secrets(cluster, "default") == [SECRET]
    for name in (second, third, "kube-system"):
        assert docker_config(cluster, name) is None
        assert name not in [item["name"] for item in result["namespaces"]]
    new = cluster.new_namespace()
    assert [item["name"] for item in provision(**options)["namespaces"] if item["changed"]] == [new]
    provision(**options, state="absent")
    for name in (first, new, "default"):
        assert cluster.object("namespace", name)
        assert docker_config(cluster, name) is None
        assert pull_secrets(cluster, name) == []


POD = {"containers": [{"name": "c", "image": "registry.example.com/a"}]}
APP = {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": POD}}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
TASK = {"template": {"spec": {**POD, "restartPolicy": "Never"}}}


WORKLOADS = {
    "StatefulSet": ("apps/v1", {**APP, "replicas": 0, "serviceName": "web"}),
    "DaemonSet": ("apps/v1", {**APP, "template": {**APP["template"], "spec": {**POD, "nodeSelector": {"no": "x"}}}}),
    "CronJob": ("batch/v1", {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": TASK}}),
    "Job": ("batch/v1", {**TASK, "parallelism": 0}),
    "PersistentVolumeClaim": ("v1", CLAIM),
}


def test_what_else_keeps_a_namespace(cluster, provision):
    [name] = cluster.unused_names(1)
    provision(name)
    about = {"metadata": {"name": "web", "namespace": name}}
    cluster.apply(
        *({"apiVersion": api, "kind": kind, "spec": spec, **about} for kind, (api, spec) in WORKLOADS.items())
    )
    [failure] = provision(name, state="absent", check=True)["failures"]
    assert f"it has {', '.join(f'{kind.lower()} web' for kind in WORKLOADS)}" in failure["msg"]


def test_a_namespace_with_workloads_is_not_deleted_unless_asked(cluster, provision):
    busy, idle = cluster.unused_names(2)
    provision(busy, idle)
    cluster.kubectl(
        "create", "deployment", "web", "--image=registry.example.com/a", "--replicas=0", f"--namespace={busy}"
    )
    foreseen = provision(busy, idle, state="absent", check=True)
    result = provision(busy, idle, state="absent")
    assert result["failed"]
    assert result["failures"] == foreseen["failures"]
    [failure] = result["failures"]
    assert (failure["namespace"], failure["reason"]) == (busy, "conflict")
    assert "deployment web" in failure["msg"]
    assert "delete_workloads" in failure["remedy"]
    assert docker_config(cluster, busy)
    assert cluster.object("namespace", idle) is None
    assert not provision(busy, state="absent", delete_workloads=True).get("failed")
    assert cluster.object("namespace", busy) is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pull_secret": "A"}, "pull_secret"),
        ({"wait_timeout": -1}, "wait_timeout"),
        ({"concurrency": 0}, "concurrency"),
        ({"registries": [{"endpoint": "nope"}]}, "endpoint has no port"),
        ({"kubeconfig": "/nowhere/kubeconfig"}, "/nowhere/kubeconfig is not there"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_done(node, provision, options, words):
    with node.audit_log.recording() as requests:
        result = provision("shop", **options)
    assert result["failed"]
    assert words in result["msg"]
    assert requests == []
