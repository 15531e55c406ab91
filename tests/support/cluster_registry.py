# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry that module `kubernetes_registry` runs in the cluster of the tests."""

from __future__ import annotations

import json
import secrets
import typing as t

import bcrypt
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.edge_images import REGISTRY
from ansible_collections.edgeops.registry.tests.support.play import play
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until
from ansible_collections.edgeops.registry.tests.support.record_client import RecordClient

if t.TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.edgeops.registry.tests.support.kubernetes_cluster import Cluster
    from ansible_collections.edgeops.registry.tests.support.kubernetes_node import Node
    from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry

CANARY = "Zq7-canary-of-the-configuration"
CONFIGURATION = {
    "version": "0.1",
    "storage": {
        "filesystem": {"rootdirectory": "/var/lib/docker-registry"},
        "delete": {"enabled": True},
        "cache": {"blobdescriptor": "inmemory"},
    },
    "http": {
        "addr": ":5000",
        "tls": {"certificate": "/etc/edgeops-registry/server.pem", "key": "/etc/edgeops-registry/server.key"},
        "secret": CANARY,
    },
    "auth": {"htpasswd": {"realm": "edge", "path": "/etc/edgeops-registry/htpasswd"}},
}


class ClusterRegistry:
    """A registry that clients name by the address of the node.

    :param source: the registry that its image comes from, which the node trusts.
    """

    def __init__(self, folder: Path, cluster: Cluster, node: Node, source: RealRegistry, port: int) -> None:
        self.name = "reg"
        [self.namespace] = cluster.unused_names(1)
        self.endpoint = f"{node.address}:{port}"
        self._folder = folder
        self._node = node
        self._issues = 0
        self.new_identity()
        self.options: dict[str, t.Any] = {
            "kubeconfig": str(cluster.kubeconfig),
            "name": self.name,
            "namespace": self.namespace,
            "image": f"{source.endpoint}/{REGISTRY}",
            "image_login": {key: source.record_dict[key] for key in ("endpoint", "username", "password")},
            "configuration": json.dumps(CONFIGURATION),
            "node_port": port,
            "storage": {"kind": "host_path", "path": f"/srv/{self.namespace}"},
            "wait_timeout": 300,
        }

    def new_identity(self) -> None:
        """Another CA, certificate and password."""
        self._issues += 1
        authority = Authority(self._folder / f"pki-{self._issues}")
        leaf = authority.issue(self._node.address)
        self.password = secrets.token_urlsafe(12)
        digest = bcrypt.hashpw(self.password.encode(), bcrypt.gensalt(4)).decode()
        self.identity = {
            "certificate": leaf.certificate.read_text(),
            "private_key": leaf.key.read_text(),
            "htpasswd": f"edge:{digest}\n",
        }
        self.ca_pem = authority.pem

    @property
    def record(self) -> dict[str, t.Any]:
        return {
            "endpoint": self.endpoint,
            "addresses": [],
            "ca_certificates": [self.ca_pem],
            "username": "edge",
            "password": self.password,
        }

    @property
    def directory(self) -> str:
        """Of its images, on the node."""
        return str(self.options["storage"]["path"])

    def run(self, *, check: bool = False, **different: t.Any) -> dict[str, t.Any]:
        """What a run of the module comes to; it tells no secret."""
        options = {**self.options, **self.identity, **different}
        played = play(self._folder, {"kubernetes_registry": options}, check=check)
        lines = [self.identity["private_key"].splitlines()[1], options["htpasswd"].strip()]
        for secret in (self.password, CANARY, *lines):
            assert secret not in played.output
        return {**played.results[0], "output": played.output}

    def serves(self, **different: t.Any) -> bool:
        """Run the module, and wait until the nodes' ports lead to it, too."""
        found = self.run(**different)
        assert found.get("ready"), found
        wait_until(RecordClient(self.record).answers, "nothing answers at its port")
        return True

    def absent(self, *, check: bool = False, **different: t.Any) -> dict[str, t.Any]:
        options = {key: self.options[key] for key in ("kubeconfig", "name", "namespace")}
        task = {**options, "state": "absent", **different}
        played = play(self._folder, {"kubernetes_registry": task}, check=check)
        return {**played.results[0], "output": played.output}

    def trust(self) -> None:
        """Have the node trust it."""
        folder = f"/etc/containerd/certs.d/{self.endpoint}"
        hosts = f'[host."https://{self.endpoint}"]\n  ca = "{folder}/ca.crt"\n'
        self._node.shell(f"mkdir -p {folder} && cat >{folder}/ca.crt", stdin=self.ca_pem)
        self._node.shell(f"cat >{folder}/hosts.toml", stdin=hosts)
