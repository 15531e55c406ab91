# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os

import pytest
from ansible_collections.edgeops.registry.tests.support.container import Container, build_images
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until
from ansible_collections.edgeops.registry.tests.support.skopeo import skopeo

BRIDGE = f"edgeops{os.getpid()}"
"""A bridge of the test's own: without one, an engine removes the one of the machine whose network it shares."""
DOCKERD = ("dockerd", "--iptables=false", "--ip6tables=false", f"--bridge={BRIDGE}")
TRUSTED = "manifest unknown"
"""What a registry says of an image that it does not have, to who got through TLS and authentication."""


@pytest.fixture
def start():
    started = []

    def start_container(image):
        started.append(Container(f"edgeops-test-{image}:bookworm"))
        return started[-1]

    yield start_container
    for container in started:
        container.remove()


@pytest.fixture
def docker_host(start):
    container = start("client")
    container.run("ip", "link", "add", BRIDGE, "type", "bridge")
    start_docker(container)
    yield container
    container.run("ip", "link", "delete", BRIDGE)


def start_docker(container):
    container.run(*DOCKERD, detach=True)
    wait_until(lambda: container.run("docker", "info").returncode == 0, "the Docker engine does not start")


def restart_docker(container):
    container.run("sh", "-c", "kill $(cat /run/docker.pid)")
    wait_until(
        lambda: container.run("test", "-e", "/run/docker.pid").returncode != 0, "the Docker engine does not stop"
    )
    start_docker(container)


def test_docker_check_do_again_and_back(docker_host, registry):
    """P13, P14: neither trust nor login needs a restart of the engine."""
    image = f"{registry.endpoint}/none:1"
    options = {"registries": [registry.record_dict]}
    virgin = docker_host.listing()
    predicted = docker_host.module("client", check=True, diff=True, **options)
    assert docker_host.listing() == virgin
    assert TRUSTED not in docker_host.run("docker", "pull", image).stderr

    done = docker_host.module("client", diff=True, **options)
    assert not done.values.get("failed"), done.values
    assert done["runtimes"] == ["docker"]
    assert done["diff"] == predicted["diff"]
    assert done["registries"][0]["changed"] == predicted["registries"][0]["changed"]
    assert set(done["registries"][0]["in_place"].values()) == {True}
    assert not any(done["restart"].values())
    assert registry.password not in json.dumps({**done.values, "invocation": None})
    # Go's resolver rereads the hosts file every five seconds
    wait_until(
        lambda: TRUSTED in docker_host.run("docker", "pull", image).stderr,
        "the engine cannot use the registry",
    )
    curl = ["curl", "-sS", "--netrc-file", "/dev/stdin", f"https://{registry.endpoint}/v2/_catalog"]
    netrc = f"machine registry.edge.test login {registry.username} password {registry.password}"
    assert "repositories" in docker_host.run(*curl, stdin=netrc).stdout

    registry.clear_access_log()
    assert not docker_host.module("client", **options)["changed"]
    assert [request.status for request in registry.access_log()] == [200]
    assert not docker_host.module("client", check=True, **options)["changed"]

    gone = {"registries": [{"endpoint": registry.endpoint}], "state": "absent"}
    assert docker_host.module("client", check=True, **gone)["changed"]
    assert docker_host.module("client", **gone)["changed"]
    assert docker_host.listing() == virgin
    assert TRUSTED not in docker_host.run("docker", "pull", image).stderr


def test_p13_a_restart_is_told_until_it_happened(docker_host, registry):
    plain = {**registry.record_dict, "scheme": "http", "ca_certificates": []}
    options = {"registries": [plain], "allow_http": True, "parts": ["trust"]}
    assert docker_host.module("client", check=True, **options)["restart"]["docker"]
    assert docker_host.module("client", **options)["restart"]["docker"]
    again = docker_host.module("client", **options)
    assert (again["changed"], again["restart"]["docker"]) == (False, True)
    restart_docker(docker_host)
    assert registry.endpoint in docker_host.run("docker", "info").stdout
    assert not docker_host.module("client", **options)["restart"]["docker"]


def test_podman_trusts_and_logs_in(start, registry):
    """P9, P14: what podman itself reads, with a stale login of this boot in the way."""
    host = start("podman")
    pull = ("podman", "pull", f"{registry.endpoint}/none:1")
    stale = {"auths": {registry.endpoint: {"auth": "b2xkOm9sZA=="}}}
    host.run("mkdir", "-p", "/run/containers/0")
    host.run("tee", "/run/containers/0/auth.json", stdin=json.dumps(stale))
    done = host.module("client", registries=[registry.record_dict])
    assert not done.values.get("failed"), done.values
    assert done["runtimes"] == ["podman"]
    assert TRUSTED in host.run(*pull).stderr
    assert host.run("podman", "login", "--get-login", registry.endpoint).stdout.strip() == registry.username
    assert not host.module("client", registries=[registry.record_dict])["changed"]
    host.module("client", registries=[{"endpoint": registry.endpoint}], state="absent")
    assert TRUSTED not in host.run(*pull).stderr


def test_podman_asks_the_mirror_first(start, registry):
    below = "mirror/docker.io"
    build_images("busybox")
    skopeo(registry, "copy", "docker-daemon:edgeops-test-busybox:bookworm", f"docker://{{}}/{below}/edge/busybox:1")
    host = start("podman")
    pull = ("podman", "pull", "docker.io/edge/busybox:1")
    assert host.run(*pull).returncode
    virgin = host.listing()
    record = {**registry.record_dict, "mirrors": [{"upstream": "docker.io", "prefix": below}]}
    done = host.module("client", registries=[record])
    assert not done.values.get("failed"), done.values
    assert host.run(*pull).returncode == 0
    assert not host.module("client", registries=[record])["changed"]
    assert host.module("client", registries=[{"endpoint": registry.endpoint}], state="absent")["changed"]
    assert host.listing() == virgin
    assert host.run(*pull).returncode


def test_docker_knows_a_mirror_after_a_restart_which_is_told_until_then(docker_host, registry):
    anonymous = {"endpoint": registry.endpoint, "mirrors": [{"upstream": "docker.io"}]}
    options = {"registries": [anonymous], "parts": ["mirrors"]}
    assert docker_host.module("client", check=True, **options)["restart"]["docker"]
    assert docker_host.module("client", **options)["restart"]["docker"]
    again = docker_host.module("client", **options)
    assert (again["changed"], again["restart"]["docker"]) == (False, True)
    restart_docker(docker_host)
    assert f"https://{registry.endpoint}/" in docker_host.run("docker", "info").stdout
    assert not docker_host.module("client", **options)["restart"]["docker"]


def test_an_older_hosts_line_that_shadows_ours_is_a_failure(start, registry):
    host = start("systemd")
    host.run("sh", "-c", "printf '192.0.2.99 registry.edge.test\\n' >>/etc/hosts")
    result = host.module("client", registries=[registry.record_dict])
    assert result["failed"]
    assert "192.0.2.99" in result["msg"]
    assert not result["registries"][0]["in_place"]["hosts"]


def test_a_name_that_dns_would_have_to_know_is_a_failure(start, registry):
    host = start("systemd")
    result = host.module("client", registries=[registry.record_dict], parts=["trust", "credentials", "verify"])
    assert result.reasons == ["unresolved"]
    assert result["registries"][0]["verify"]["ok"] is False


def test_two_runs_at_the_same_moment_agree(start, registry):
    host = start("systemd")
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"registries": [registry.record_dict]}})
    module = "python3 -B -m ansible_collections.edgeops.registry.plugins.modules.client"
    both = host.run(
        "sh", "-c", f"cat >/tmp/options; {module} </tmp/options & {module} </tmp/options; wait", stdin=arguments
    )
    assert [json.loads(line).get("failed", False) for line in both.stdout.splitlines() if line.startswith("{")] == [
        False
    ] * 2
    assert not host.module("client", registries=[registry.record_dict])["changed"]
    assert host.run("sh", "-c", "grep -c registry.edge.test /etc/hosts").stdout.strip() == "1"
