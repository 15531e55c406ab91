# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes node, control plane included, as one container.

`python -m ansible_collections.edgeops.registry.tests.support.kubernetes_node NAME --network NETWORK --kubeconfig FILE`
starts one that is removed as any other container is.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
from pathlib import Path

from ansible_collections.edgeops.registry.tests.support import kubernetes_programs
from ansible_collections.edgeops.registry.tests.support.audit_log import AuditLog
from ansible_collections.edgeops.registry.tests.support.container import Container, build_images
from ansible_collections.edgeops.registry.tests.support.real_registry import HOST, RealRegistry

IMAGE = "edgeops-test-kubernetes:bookworm"
START_SECONDS = 300
OPTIONS = (
    "--cap-add=SYS_ADMIN",
    "--cap-add=NET_ADMIN",
    "--cap-add=SYS_PTRACE",  # to join the namespaces of a pod that runs as another user
    "--device-cgroup-rule=a *:* rwm",  # for privileged pods, on cgroup v1
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--cgroupns=private",
    "--tmpfs=/run",
    "--tmpfs=/run/lock",
    "--tmpfs=/tmp",
    "--volume=/var/lib/containerd",
    "--volume=/var/lib/kubelet",
)
RUNTIME_ONLY = ("/usr/local/sbin/node-init", "--unit=containerd.service")
READY = """
until kubectl get --raw /readyz && kubectl wait --for=condition=Ready "node/$(hostname)" --timeout=1s \
    && kubectl --namespace default get serviceaccount default; do
  sleep 0.2
done >/dev/null 2>&1
"""
RUNTIME_READY = "until systemctl is-active --quiet containerd; do sleep 0.2; done"


class Node(Container):
    """A node with containerd, and a cluster of its own if `kubernetes`; it is known to Docker by its name.

    :param containerd: "2" is built from its module, "1" is Debian's 1.6.
    :param network: an existing network of Docker, where others reach it by name; by default it gets one that goes with it.
    """

    def __init__(self, name: str, *, containerd: str = "2", network: str = "", kubernetes: bool = True) -> None:
        build_images("kubernetes")
        volumes = [f"--volume={kubernetes_programs.kubernetes()}:/opt/kube:ro"] if kubernetes else []
        if containerd == "2":
            volumes.append(f"--volume={kubernetes_programs.containerd()}:/opt/containerd:ro")
        self.name = name
        self.audit_log = AuditLog(self)
        self._network = "" if network else name
        identity = (f"--name={name}", f"--hostname={name}", f"--network={network or name}")
        command = () if kubernetes else RUNTIME_ONLY
        with contextlib.ExitStack() as undo:
            if self._network:
                _docker("network", "create", self._network)
                undo.callback(self._remove_network)
            super().__init__(IMAGE, options=(*identity, *OPTIONS, *volumes), command=command)
            undo.pop_all()
        self._wait(READY if kubernetes else RUNTIME_READY)

    @property
    def address(self) -> str:
        """Its address in the network, where API server and NodePorts are."""
        return self.shell("hostname -i").split()[0]

    @property
    def gateway(self) -> str:
        """The address at which it reaches the machine that runs the tests."""
        return self.shell("ip route show default").split()[2]

    @property
    def kubeconfig(self) -> str:
        """The administrator's, for use from outside."""
        return self.shell("cat /etc/kubernetes/admin.conf")

    def shell(self, script: str, stdin: str = "") -> str:
        """What a script prints there; it has to succeed."""
        done = self.run("sh", "-euc", script, stdin=stdin)
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
        return done.stdout

    def trust(self, registry: RealRegistry) -> None:
        """Know a registry's name and CA, as a node that was provisioned by hand does."""
        record = registry.record_dict
        folder = f"/etc/containerd/certs.d/{registry.endpoint}"
        hosts = f'server = "https://{registry.endpoint}"\nca = "{folder}/ca.crt"\n'
        self.shell(f"mkdir -p {folder} && cat >{folder}/ca.crt", stdin=registry.ca_pem)
        self.shell(f"cat >{folder}/hosts.toml", stdin=hosts)
        self.shell("cat >>/etc/hosts", stdin=f"{record['addresses'][0]} {HOST}\n")

    def remove(self) -> None:
        super().remove()
        self._remove_network()

    def _remove_network(self) -> None:
        if self._network:
            _docker("network", "rm", self._network)

    def _wait(self, script: str) -> None:
        done = self.run("timeout", str(START_SECONDS), "sh", "-c", script)
        if done.returncode:
            journal = self.run("journalctl", "--boot", "--no-pager", "--lines=50").stdout
            self.remove()
            raise TimeoutError(f"{self.name} does not start:\n{journal}")


class RunningNode(Node):
    """A node that was started before, and stays."""

    def __init__(self, name: str) -> None:
        self.name = self._name = name
        self.audit_log = AuditLog(self)

    def remove(self) -> None:
        """Leave it to who started it."""


def _docker(*arguments: str) -> None:
    subprocess.run(["docker", *arguments], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Start a node."""
    parser = argparse.ArgumentParser(description="Start a Kubernetes node as a container.")
    parser.add_argument("name", help="of the container and of the node")
    parser.add_argument("--network", required=True, help="an existing network of Docker")
    parser.add_argument("--containerd", choices=("1", "2"), default="2", help="1 is Debian's 1.6 (2)")
    parser.add_argument(
        "--kubeconfig", type=Path, required=True, help="the file to write the administrator's kubeconfig to"
    )
    options = parser.parse_args()
    node = Node(options.name, network=options.network, containerd=options.containerd)
    options.kubeconfig.touch(mode=0o600)
    options.kubeconfig.write_text(node.kubeconfig, encoding="utf-8")


if __name__ == "__main__":
    main()
