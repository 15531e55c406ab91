# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How role client restarts k3s and RKE2: real systemd and the units' real names, but the programs only sleep. Neither k3s nor RKE2 is run."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.tests.support.play import PLAYBOOK
from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry
from ansible_collections.edgeops.registry.tests.support.registry_host import CONNECTION, RegistryHost

pytestmark = pytest.mark.minutes(1)

STARTS = "/var/log/starts"
START = f"""#!/bin/sh
# Ready only after a while, as a node is, and then of the name that the real program's process has
begun=$(date +%s.%N)
sleep 2
echo "$begun $(date +%s.%N)" >>{STARTS}
systemd-notify --ready
exec "$1" infinity
"""
UNIT = """[Service]
Type=notify
NotifyAccess=all
ExecStart=/usr/local/sbin/start {program}
"""


class Node(t.NamedTuple):
    """A unit that runs, one that does not, and the program behind both."""

    unit: str
    stopped: str
    program: str


RUNTIMES = {
    "k3s": [Node("k3s", "k3s-agent", "k3s-server"), Node("k3s-agent", "k3s", "k3s-agent")],
    "rke2": [Node("rke2-server", "rke2-agent", "rke2"), Node("rke2-agent", "rke2-server", "rke2")],
}


@dataclasses.dataclass
class Fleet:
    """Two nodes of one runtime, and a registry."""

    folder: Path
    runtime: str
    hosts: list[RegistryHost]
    registry: RealRegistry

    def run(self, **variables):
        """Run playbook clients on both nodes at once; how many tasks changed on each."""
        inventory = {"edge_clients": {"hosts": {host.name: CONNECTION for host in self.hosts}}}
        (self.folder / "inventory.json").write_text(json.dumps(inventory))
        given = {
            "edge_registry_records": [self.registry.record_dict],
            "client_become": False,
            "client_serial": len(self.hosts),
            **variables,
        }
        (self.folder / "variables.json").write_text(json.dumps(given))
        command = [PLAYBOOK, "-i", "inventory.json", "-e", "@variables.json", "edgeops.registry.clients"]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1"}
        done = subprocess.run(command, check=False, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return [int(count) for count in re.findall(r" changed=(\d+) ", done.stdout)]

    def starts(self):
        """By node: when each start began and when the node was ready."""
        return [[[*map(float, line.split())] for line in host.sh(f"cat {STARTS}").splitlines()] for host in self.hosts]


@pytest.fixture(params=RUNTIMES)
def fleet(request, tmp_path):
    hosts = []
    try:
        for node in RUNTIMES[request.param]:
            host = RegistryHost(tmp_path)
            hosts.append(host)
            install(host, request.param, node)
        gateway = hosts[0].sh("ip route show default").split()[2]
        registry = RealRegistry(tmp_path / "registry", address=gateway)
        registry.start()
        yield Fleet(tmp_path, request.param, hosts, registry)
        registry.stop()
    finally:
        for host in hosts:
            host.remove()


def install(host, runtime, node):
    for program in sorted({runtime, node.program}):
        host.sh(f"cp /bin/sleep /usr/local/bin/{program}")
    files = {f"/etc/systemd/system/{unit}.service": UNIT.format(program=node.program) for unit in node[:2]}
    for path, content in {**files, "/usr/local/sbin/start": START}.items():
        host.sh(f"cat >{path} <<'END'\n{content}END")
    host.sh(f"chmod +x /usr/local/sbin/start; systemctl daemon-reload; systemctl start {node.unit}")


def test_nodes_restart_one_after_another_and_only_for_a_new_registries_yaml(fleet):
    assert [len(starts) for starts in fleet.starts()] == [1, 1]
    assert fleet.run() == [2, 2]
    first, second = sorted(starts[-1] for starts in fleet.starts())
    assert [len(starts) for starts in fleet.starts()] == [2, 2]
    assert first[1] <= second[0]

    assert fleet.run() == [0, 0]
    for host in fleet.hosts:
        host.sh("grep -v registry.edge.test /etc/hosts >/run/hosts; cat /run/hosts >/etc/hosts")
    assert fleet.run() == [1, 1]
    assert [len(starts) for starts in fleet.starts()] == [2, 2]

    fleet.registry.change_password()
    assert fleet.run(client_restart="never") == [1, 1]
    assert [len(starts) for starts in fleet.starts()] == [2, 2]
    assert fleet.run() == [2, 2]
    assert [len(starts) for starts in fleet.starts()] == [3, 3]

    for host, node in zip(fleet.hosts, RUNTIMES[fleet.runtime], strict=True):
        assert host.sh(f"systemctl is-active {node.unit}; systemctl is-active {node.stopped} || true").split() == [
            "active",
            "inactive",
        ]
