# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real container runtimes of nodes, made clients of a real registry."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.containerd_settings import (
    PLUGINS,
    read_settings,
)
from ansible_collections.edgeops.registry.tests.support import kubernetes_programs
from ansible_collections.edgeops.registry.tests.support.container import OPTIONS, Container
from ansible_collections.edgeops.registry.tests.support.cri import pull
from ansible_collections.edgeops.registry.tests.support.edge_images import BUSYBOX, push_images
from ansible_collections.edgeops.registry.tests.support.play import PLAYBOOK
from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry, wait_until

pytestmark = pytest.mark.minutes(5)

HUB = {"upstream": "docker.io"}
BELOW = {"upstream": "registry.upstream.test", "prefix": "edge"}
UPSTREAM_IMAGES = (f"docker.io/{BUSYBOX}", "registry.upstream.test/busybox:1")
CONFIG = "/etc/containerd/config.toml"
DENIED = ("401 Unauthorized", "no basic auth credentials")


@pytest.fixture(params=["1", "2"])
def containerd_node(request, start_node):
    """A node without Kubernetes."""
    return start_node(containerd=request.param, kubernetes=False)


@pytest.fixture
def start_registry(tmp_path):
    started = []

    def start(address, **identity):
        registry = RealRegistry(tmp_path / f"registry-{len(started)}", address=address, **identity)
        started.append(registry)
        registry.start()
        push_images(registry)
        return registry

    yield start
    for registry in started:
        registry.stop()


def done(result):
    assert not result.values.get("failed"), result.values
    return result


def wait_for(node, image, login=None):
    """Go's resolver rereads the hosts file every five seconds."""
    wait_until(lambda: pull(node, image, login) == "", f"{image} cannot be pulled")


def gone(registry):
    return {"registries": [{"endpoint": registry.endpoint}], "state": "absent"}


def pod(name, registry):
    container = {"name": "main", "image": f"{registry.endpoint}/{BUSYBOX}", "imagePullPolicy": "Always"}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def restart_containerd(node):
    node.shell("systemctl restart containerd")


def test_containerd_check_do_again_and_back(containerd_node, start_registry):
    node = containerd_node
    registry = start_registry(node.gateway)
    image, record = f"{registry.endpoint}/{BUSYBOX}", registry.record_dict
    options = {"registries": [record]}
    virgin = node.listing()
    predicted = done(node.module("client", check=True, diff=True, **options))
    assert node.listing() == virgin
    assert pull(node, image, record)

    result = done(node.module("client", diff=True, **options))
    assert result["runtimes"] == ["containerd"]
    assert result["diff"] == predicted["diff"]
    assert set(result["registries"][0]["in_place"].values()) == {True}
    assert not any(result["restart"].values())
    assert ["pull secrets" in item["msg"] for item in result["left_out"]] == [True]
    wait_for(node, image, record)
    assert any(word in pull(node, image) for word in DENIED)

    registry.clear_access_log()
    assert not node.module("client", **options)["changed"]
    assert [request.status for request in registry.access_log()] == [200]
    assert not node.module("client", check=True, **options)["changed"]
    assert done(node.module("client", parts=["verify"], **options))["registries"][0]["verify"]["ok"]

    assert node.module("client", check=True, **gone(registry))["changed"]
    assert done(node.module("client", **gone(registry)))["changed"]
    assert not node.module("client", **gone(registry))["changed"]
    assert node.listing() == virgin
    assert pull(node, image, record)


def test_containerd_asks_the_mirror_first_and_logs_in_there(containerd_node, start_registry):
    node = containerd_node
    registry = start_registry(node.gateway)
    record = {**registry.record_dict, "mirrors": [HUB, BELOW]}
    virgin = node.listing()
    assert all(pull(node, image) for image in UPSTREAM_IMAGES)
    result = done(node.module("client", diff=True, registries=[record]))
    assert registry.password not in json.dumps({**result.values, "invocation": None})
    for image in UPSTREAM_IMAGES:
        wait_for(node, image)
    assert not node.module("client", registries=[record])["changed"]

    registry.change_password()
    record["password"] = registry.password
    done(node.module("client", registries=[record]))
    node.shell(
        "for image in $(ctr -n k8s.io images ls -q | grep -v pause); do ctr -n k8s.io images rm --sync $image; done"
    )
    assert [pull(node, image) for image in UPSTREAM_IMAGES] == ["", ""]

    done(node.module("client", registries=[{**record, "mirrors": []}]))
    assert "docker.io" not in node.shell("ls /etc/containerd/certs.d")
    done(node.module("client", **gone(registry)))
    assert node.listing() == virgin


def test_two_mirrors_of_an_upstream_are_asked_in_the_order_of_the_records(containerd_node, start_registry):
    node = containerd_node
    first, second = (start_registry(node.gateway) for dummy in range(2))
    second.collect_garbage()
    records = [{**registry.record_dict, "mirrors": [HUB]} for registry in (first, second)]
    done(node.module("client", registries=records))
    wait_for(node, UPSTREAM_IMAGES[0])
    for registry in (first, second):
        registry.clear_access_log()
    assert pull(node, UPSTREAM_IMAGES[0]) == ""
    assert first.access_log()
    assert not second.access_log()
    first.stop()
    assert pull(node, UPSTREAM_IMAGES[0]) == ""
    assert second.access_log()


def test_p18_containerd_reads_its_directory_only_after_a_restart_which_is_told_until_then(start_node, start_registry):
    node = start_node(containerd="1", kubernetes=False)
    node.shell(f"rm {CONFIG}")
    restart_containerd(node)
    registry = start_registry(node.gateway)
    image, record = f"{registry.endpoint}/{BUSYBOX}", registry.record_dict
    options = {"registries": [record], "system_trust": False}
    virgin = node.listing()
    assert node.module("client", check=True, **options)["restart"]["containerd"]
    assert done(node.module("client", **options))["restart"]["containerd"]
    again = node.module("client", **options)
    assert (again["changed"], again["restart"]["containerd"]) == (False, True)
    assert "x509" in pull(node, image, record)
    restart_containerd(node)
    assert pull(node, image, record) == ""
    assert not node.module("client", **options)["restart"]["containerd"]
    assert done(node.module("client", **gone(registry)))["restart"]["containerd"]
    assert node.listing() == virgin


def test_the_role_restarts_containerd_unless_it_must_not(start_node, start_registry, tmp_path):
    node = start_node(containerd="1", kubernetes=False)
    node.shell(f"rm {CONFIG}")
    restart_containerd(node)
    registry = start_registry(node.gateway)
    image, record = f"{registry.endpoint}/{BUSYBOX}", registry.record_dict
    connection = {"ansible_connection": "community.docker.docker", "ansible_python_interpreter": "/usr/bin/python3"}
    (tmp_path / "inventory.yml").write_text(json.dumps({"all": {"hosts": {node.name: connection}}}))
    values = {"client_registries": [record], "client_system_trust": False}
    play = {"hosts": "all", "gather_facts": False, "roles": ["edgeops.registry.client"], "vars": values}
    (tmp_path / "play.yml").write_text(json.dumps([play]))

    def run(*options):
        command = [PLAYBOOK, "-i", "inventory.yml", "play.yml", *options]
        played = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert played.returncode == 0, played.stdout + played.stderr
        return int(re.search(r"changed=(\d+)", played.stdout)[1])

    assert run("-e", "client_restart=never") == 1
    assert run("-e", "client_restart=never") == 0
    assert "x509" in pull(node, image, record)
    assert run() == 2
    wait_for(node, image, record)
    assert run() == 0


@pytest.mark.parametrize(
    ("version", "own", "others"),
    [("1", 2, "[debug]"), ("2", 3, "[plugins.'io.containerd.cri.v1.images']\nmax_concurrent_downloads = 7")],
)
def test_a_file_beside_the_settings_of_others_is_read(start_node, start_registry, version, own, others):
    node = start_node(containerd=version, kubernetes=False)
    settings = f'version = {own}\nimports = ["/etc/containerd/conf.d/*.toml"]\n{others}\n'
    node.shell(f"cat >{CONFIG}", stdin=settings)
    restart_containerd(node)
    registry = start_registry(node.gateway)
    record = registry.record_dict
    result = done(node.module("client", registries=[record], system_trust=False))
    assert result["restart"]["containerd"]
    restart_containerd(node)
    assert not node.module("client", registries=[record], system_trust=False)["restart"]["containerd"]
    assert pull(node, f"{registry.endpoint}/{BUSYBOX}", record) == ""
    assert node.shell(f"cat {CONFIG}") == settings
    dump = tomllib.loads(node.shell("containerd config dump"))["plugins"][PLUGINS[own]]
    assert dump["registry"]["config_path"] == "/etc/containerd/certs.d"
    assert own == 2 or dump["max_concurrent_downloads"] == 7


def test_an_import_would_replace_the_settings_of_containerd_1_so_that_they_are_reported(start_node):
    node = start_node(containerd="1", kubernetes=False)
    table = 'plugins."io.containerd.grpc.v1.cri"'
    settings = f'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n[{table}]\nsandbox_image = "here/pause:1"\n'
    node.shell(f"cat >{CONFIG}", stdin=settings)
    record = {"endpoint": "registry.example.com:5000", "mirrors": [HUB]}
    result = node.module("client", registries=[record], parts=["mirrors"])
    assert result.reasons == ["unsupported"]
    assert 'config_path = "/etc/containerd/certs.d"' in result["msg"]
    assert "here/pause:1" in node.shell("containerd config dump")
    ours = f'version = 2\n[{table}.registry]\nconfig_path = "/etc/containerd/certs.d"\n'
    node.shell("mkdir /etc/containerd/conf.d && cat >/etc/containerd/conf.d/site.toml", stdin=ours)
    assert "here/pause:1" not in node.shell("containerd config dump")


def test_what_containerd_writes_itself_is_read(containerd_node):
    text = containerd_node.shell("containerd config default")
    expected = tomllib.loads(text)
    found = read_settings(text, CONFIG)
    registry = expected["plugins"][PLUGINS[found.version]]["registry"]
    assert (found.version, found.config_path) == (expected["version"], registry["config_path"])
    assert found.imports == tuple(expected["imports"])
    assert (found.has_plugin, found.has_mirrors) == (True, False)


def test_the_kubelet_logs_in_for_all_pods_of_the_node(start_node, start_registry):
    node = start_node()
    registry = start_registry(node.gateway)
    options = {"registries": [registry.record_dict]}
    assert done(node.module("client", **options))["runtimes"] == ["containerd"]
    node.shell("kubectl apply -f -", stdin=json.dumps(pod("without", registry)))
    reason = "kubectl get pod without -o jsonpath='{.status.containerStatuses[0].state.waiting.reason}'"
    wait_until(lambda: "ImagePull" in node.run("sh", "-c", reason).stdout, "the pod does not fail")

    result = done(node.module("client", runtimes=["auto", "kubelet"], **options))
    assert result["registries"][0]["changed"]["credentials"]
    assert result["left_out"] == []
    node.shell("systemctl restart kubelet")  # it would notice by itself within five minutes
    node.shell("kubectl apply -f -", stdin=json.dumps(pod("with", registry)))
    node.shell("kubectl wait --for=condition=Ready pod/with --timeout=180s")
    assert not node.module("client", runtimes=["auto", "kubelet"], **options)["changed"]
    done(node.module("client", runtimes=["auto", "kubelet"], **gone(registry)))
    assert node.run("test", "-e", "/var/lib/kubelet/config.json").returncode


@pytest.mark.parametrize("runtime", ["k3s", "rke2"])
def test_p19_registries_yaml_as_k3s_and_rke2_read_it(start_registry, runtime):
    """By the library with which they do: mirror, CA and password."""
    program = kubernetes_programs.registries_check()
    registry = start_registry("127.0.0.1")
    record = {**registry.record_dict, "mirrors": [HUB, BELOW]}
    images = (f"{registry.endpoint}/{BUSYBOX}", *UPSTREAM_IMAGES)
    host = Container(
        "edgeops-test-systemd:bookworm", options=(*OPTIONS, f"--volume={program}:/opt/registries-check:ro")
    )

    def check(*image):
        return host.run("/opt/registries-check", f"/etc/rancher/{runtime}/registries.yaml", *image)

    try:
        options = {"registries": [record], "runtimes": [runtime], "system_trust": False}
        virgin = host.listing()
        predicted = done(host.module("client", check=True, diff=True, **options))
        assert host.listing() == virgin
        assert all(check(image).returncode for image in images)
        result = done(host.module("client", diff=True, **options))
        assert result["diff"] == predicted["diff"]
        assert registry.password not in json.dumps({**result.values, "invocation": None})
        read = json.loads(check().stdout)
        assert set(read["mirrors"]) == {registry.endpoint, "docker.io", BELOW["upstream"]}
        assert [check(image).stderr for image in images if check(image).returncode] == []
        assert not host.module("client", **options)["changed"]
        assert done(host.module("client", runtimes=[runtime], **gone(registry)))["changed"]
        assert host.listing() == virgin
        assert all(check(image).returncode for image in images)
    finally:
        host.remove()
