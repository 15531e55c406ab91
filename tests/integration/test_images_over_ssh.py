# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A long transfer on a host behind SSH and sudo: check mode, a difference, a connection that breaks."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.tests.support.container import Container
from ansible_collections.edgeops.registry.tests.support.fault_proxy import DOWN, FaultProxy
from ansible_collections.edgeops.registry.tests.support.oci_layout import OciLayout, random_layer
from ansible_collections.edgeops.registry.tests.support.play import PLAYBOOK
from ansible_collections.edgeops.registry.tests.support.real_registry import free_port
from ansible_collections.edgeops.registry.tests.support.syncing import sync

pytestmark = pytest.mark.minutes(1)

IMAGE = "edgeops-test-systemd:bookworm"
LAYER = random_layer(6_000_000, 1)
SET_UP = """
useradd --create-home --shell /bin/sh ops
echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops
install -d -m 0700 -o ops /home/ops/.ssh
cat >/home/ops/.ssh/authorized_keys
mkdir -p /run/sshd
"""
UNREACHABLE = 4


@pytest.fixture
def host(tmp_path):
    """A container with an SSH server on the loopback, and the variables that lead to it."""
    port, key = free_port(), tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    container = Container(IMAGE, options=("--init", "--network=host"))
    try:
        for argv, stdin in (
            (("sh", "-euc", SET_UP), key.with_suffix(".pub").read_text()),
            (("/usr/sbin/sshd", "-p", str(port), "-o", "ListenAddress=127.0.0.1"), ""),
        ):
            done = container.run(*argv, stdin=stdin)
            assert done.returncode == 0, done.stderr
        yield (
            container,
            {
                "ansible_host": "127.0.0.1",
                "ansible_port": port,
                "ansible_user": "ops",
                "ansible_ssh_private_key_file": str(key),
                "ansible_ssh_args": "-o ControlMaster=no -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
                "ansible_python_interpreter": "/usr/bin/python3",
            },
        )
    finally:
        container.remove()


@pytest.fixture
def origin(start_registry, tmp_path):
    """A registry with one large image."""
    started = start_registry()
    layout = OciLayout(tmp_path / "layout")
    layout.image(LAYER)
    assert not sync(started, (f"oci:{layout.folder}", "big:1")).failed
    started.clear_access_log()
    return started


@pytest.fixture
def network(origin):
    """What leads to it, and can be watched."""
    proxy = FaultProxy(origin)
    yield proxy
    proxy.stop()


@pytest.fixture
def run(tmp_path, registry, host, network):
    variables = {
        **host[1],
        "images_registry": registry.record_dict,
        "images_files": [],
        "images_directory": "/srv/images",
        "images_list": [{"source": f"{network.endpoint}/big:1"}],
        "images_sources": [network.record_dict],
        "images_bandwidth_limit": "1M",
        "images_spool": "/srv/spool",
        "images_progress_interval": 0.5,
        "registry_hosts": "edge1",
    }

    def run_playbook(*options, code=0):
        (tmp_path / "vars.json").write_text(json.dumps(variables))
        command = [PLAYBOOK, "edgeops.registry.images", "-i", "edge1,", "-e", f"@{tmp_path / 'vars.json'}", *options]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return run_playbook


def changed(output):
    return int(re.search(r"changed=(\d+)", output)[1])


def test_a_connection_that_breaks_between_the_slices_of_a_transfer(run, registry, host, origin, network):
    assert changed(run("--check", "--diff")) == 1

    def hang_up(direction, total):
        if direction == DOWN and total > 1_000_000:
            network.watch = lambda direction, total: None
            host[0].run("pkill", "-KILL", "-f", "^sshd: ops")

    network.watch = hang_up
    assert "unreachable=1" in run(code=UNREACHABLE)
    output = run("--diff")
    assert re.search(r"^edge1: 0 of 1 images, .+ slowest: big:1$", output, re.MULTILINE)
    assert changed(output) == 1
    statuses = [one.status for one in origin.access_log() if one.path.endswith(sha256(LAYER))]
    assert set(statuses) == {200, 206}
    assert statuses == sorted(statuses)  # what has come is never asked for again
    assert changed(run()) == 0
    assert not sync(registry, (f"{network.endpoint}/big:1", None), sources=[network.record_dict]).changed
