# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json
import subprocess

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes import registry_pod
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_objects import (
    DIGEST,
    namespace_of,
    places,
    pod_digest,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_wanted import Wanted

VOLUME = {"kind": "volume_claim", "size": "10Gi", "storage_class": None, "path": None}
PARAMS = {
    "name": "reg",
    "namespace": "site",
    "engine": "distribution",
    "image": "registry.test/registry:2",
    "shell_image": None,
    "image_login": None,
    "configuration": "version: 0.1\n",
    "certificate": "CERT",
    "private_key": "KEY",
    "htpasswd": "edge:$2b$",
    "storage": VOLUME,
    "service_type": "NodePort",
    "port": 5000,
    "node_port": 31000,
    "resources": {"limits": {"memory": "512Mi"}},
    "node_selector": {},
    "tolerations": [],
    "evictable": True,
    "network_policy": False,
    "garbage_collection": None,
}
HOST_PATH = {**VOLUME, "kind": "host_path", "path": "/srv/registry"}
ZOT = {"engine": "zot", "configuration": "storage: {rootDirectory: /var/lib/docker-registry/zot}"}
LOGIN = {"endpoint": "registry.test:5000", "username": "u", "password": "geheim"}


def objects(**options):
    """What is wanted, by kind and name."""
    wanted = Wanted.parse({**PARAMS, **options})
    return {(one.resource.kind, one.name): one.wanted for one in places("reg", wanted) if one.wanted}


def pod(**options):
    return objects(**options)["Deployment", "reg"]["spec"]["template"]["spec"]


def container(**options):
    return pod(**options)["containers"][0]


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ({}, {"PersistentVolumeClaim"}),
        ({"storage": {**VOLUME, "kind": "empty_dir"}}, set()),
        ({"storage": {**VOLUME, "kind": "host_path", "path": "/srv"}}, set()),
        (
            {"network_policy": True, "garbage_collection": "0 3 * * *"},
            {"PersistentVolumeClaim", "NetworkPolicy", "CronJob"},
        ),
    ],
)
def test_only_what_is_asked_for_is_made(options, kinds):
    always = {"Secret", "Service", "PodDisruptionBudget", "Deployment"}
    found = objects(**options)
    assert {kind for kind, dummy in found} == always | kinds
    for item in found.values():
        assert item["metadata"]["namespace"] == "site"
        assert item["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "edgeops.registry"


def test_the_pod_is_restricted_and_has_no_rights():
    spec = pod()
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["securityContext"]["fsGroup"] == spec["securityContext"]["runAsUser"] != 0
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert (
        namespace_of(Wanted.parse(PARAMS))["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    )


def test_the_limits_that_are_asked_for_hold_for_both_pods():
    limits = {"requests": {"cpu": "50m"}, "limits": {"memory": "1Gi"}}
    found = objects(resources=limits, garbage_collection="@daily")
    job = found["CronJob", "reg-garbage-collect"]["spec"]["jobTemplate"]["spec"]
    for template in (found["Deployment", "reg"]["spec"]["template"], job["template"]):
        assert [one["resources"] for one in template["spec"]["containers"]] == [limits]


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, {"httpGet": {"path": "/", "port": "https", "scheme": "HTTPS"}}),
        (ZOT, {"tcpSocket": {"port": "https"}}),
    ],
)
def test_it_is_asked_whether_it_started_whether_it_serves_and_whether_it_lives(options, asked):
    [port] = container(**options)["ports"]
    assert port["name"] == "https"
    probes = [container(**options)[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")]
    for probe in probes:
        assert probe.items() >= asked.items()
    start, ready, alive = (probe["periodSeconds"] * probe["failureThreshold"] for probe in probes)
    assert ready < alive <= start  # it gets no requests before it is restarted


def test_what_ends_with_the_pod_has_the_size_that_is_asked_for():
    [images] = [volume for volume in pod(storage={**VOLUME, "kind": "empty_dir"})["volumes"] if "emptyDir" in volume]
    assert images["emptyDir"] == {"sizeLimit": "10Gi"}


def test_a_directory_of_the_node_becomes_the_registrys_own():
    [initial] = pod(storage=HOST_PATH)["initContainers"]
    assert initial["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN", "DAC_OVERRIDE"]}
    assert [mount["name"] for mount in initial["volumeMounts"]] == ["images"]
    wanted = Wanted.parse({**PARAMS, "storage": HOST_PATH})
    assert namespace_of(wanted)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    assert "initContainers" not in pod()


def test_who_makes_and_empties_the_directory_has_a_shell():
    for options, image in (({}, PARAMS["image"]), ({**ZOT, "shell_image": "registry.test/busybox:1"}, None)):
        deployment = objects(storage=HOST_PATH, **options)["Deployment", "reg"]
        [initial] = deployment["spec"]["template"]["spec"]["initContainers"]
        job = registry_pod.emptying_job(deployment, "node-1")["template"]["spec"]
        assert initial["image"] == job["containers"][0]["image"] == (image or "registry.test/busybox:1")
        assert job["nodeName"] == "node-1"


def test_a_shell_is_needed_for_garbage_collection_alone():
    for options in ({}, ZOT):
        assert container(**options)["args"] == ["serve", "/etc/edgeops-registry/config.yml"]
        assert "command" not in container(**options)
    assert container(garbage_collection="0 3 * * *")["command"][:2] == ["/bin/sh", "-c"]


@pytest.mark.parametrize("script", [registry_pod.SERVE, registry_pod.COLLECT])
def test_the_scripts_are_for_any_shell(script):
    for shell in ("dash", "bash"):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)
    assert "delete-untagged" not in script


def test_who_collects_sees_no_secret_and_runs_beside_the_registry():
    job = objects(garbage_collection="@daily")["CronJob", "reg-garbage-collect"]["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    template = job["jobTemplate"]["spec"]["template"]
    assert "component" not in json.dumps(template["metadata"]["labels"])  # no traffic of the service
    [files, dummy] = template["spec"]["volumes"]
    assert [item["key"] for item in files["secret"]["items"]] == ["config.yml"]
    assert "secretKeyRef" not in json.dumps(template)
    [beside] = template["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert beside["labelSelector"]["matchLabels"] == objects()["Service", "reg"]["spec"]["selector"]


def test_what_is_secret_is_in_secrets_alone():
    found = objects(image_login=LOGIN)
    data = {key: base64.b64decode(value).decode() for key, value in found["Secret", "reg"]["data"].items()}
    assert data.pop("http-secret") not in ("", "KEY")
    configuration = PARAMS["configuration"]
    assert data == {"tls.crt": "CERT", "tls.key": "KEY", "htpasswd": "edge:$2b$", "config.yml": configuration}
    login = json.loads(base64.b64decode(found["Secret", "reg-image"]["data"][".dockerconfigjson"]))
    assert login == {"auths": {"registry.test:5000": {"auth": base64.b64encode(b"u:geheim").decode()}}}
    others = json.dumps([item for (kind, dummy), item in found.items() if kind != "Secret"])
    assert not any(secret in others for secret in ("KEY", "geheim", "$2b$", configuration.strip()))


@pytest.mark.parametrize(
    "options",
    [
        {"configuration": "x"},
        {"certificate": "x"},
        {"private_key": "x"},
        {"htpasswd": "x"},
        {"image": "registry.test/x"},
    ],
)
def test_whatever_a_pod_starts_with_replaces_it(options):
    before, after = (Wanted.parse({**PARAMS, **one}) for one in ({}, options))
    assert pod_digest(before) != pod_digest(after)
    assert pod_digest(before) == pod_digest(Wanted.parse(PARAMS))


def test_a_new_port_replaces_no_pod_and_changes_the_digest_of_the_service():
    before, after = objects(), objects(node_port=31001)
    assert before["Deployment", "reg"] == after["Deployment", "reg"]
    assert [one["Service", "reg"]["metadata"]["annotations"][DIGEST] for one in (before, after)] != [
        before["Service", "reg"]["metadata"]["annotations"][DIGEST]
    ] * 2


@pytest.mark.parametrize(("evictable", "unavailable"), [(True, 1), (False, 0)])
def test_a_drain_waits_only_where_asked(evictable, unavailable):
    assert objects(evictable=evictable)["PodDisruptionBudget", "reg"]["spec"]["maxUnavailable"] == unavailable


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"name": "Reg"}, "name"),
        ({"name": "r" * 33}, "name"),
        ({"namespace": "a_b"}, "namespace"),
        ({"node_port": 70000}, "node_port"),
        ({"node_port": 0}, "node_port"),
        ({"port": 0}, "port"),
        ({"storage": {**VOLUME, "kind": "host_path", "path": "srv"}}, "storage.path"),
        ({"storage": {**VOLUME, "size": "ten"}}, "storage.size"),
        ({"garbage_collection": "nightly"}, "garbage_collection"),
        ({"garbage_collection": "@daily", **ZOT}, "garbage_collection"),
        ({"engine": "zot", "configuration": "{storage: {rootDirectory: /tmp}}"}, "configuration"),
        ({**ZOT, "storage": HOST_PATH}, "shell_image"),
        ({"garbage_collection": "@daily", "storage": {**VOLUME, "kind": "empty_dir"}}, "garbage_collection"),
        ({"image_login": {**LOGIN, "endpoint": "http://x"}}, "image_login"),
    ],
)
def test_what_the_cluster_would_refuse_is_refused_here(options, part):
    with pytest.raises(ProvisioningError) as caught:
        Wanted.parse({**PARAMS, **options})
    assert part in caught.value.part
    assert "geheim" not in str(caught.value)
