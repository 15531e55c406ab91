# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster to be tested with: a node of ours, or what a kubeconfig of the user leads to."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import typing as t
import urllib.parse

from ansible_collections.edgeops.registry.tests.support import kubernetes_programs

if t.TYPE_CHECKING:
    from pathlib import Path

UNDER_TEST = os.environ.get("KUBECONFIG_UNDER_TEST", "")
"""The kubeconfig of a cluster of the user's, if one is to be tested with."""

Manifest = dict[str, t.Any]


class Cluster:
    """A cluster as its administrator sees it.

    :param kubeconfig: whose current context leads to it.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self._program = _kubectl()
        self._unused: list[str] = []

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """What kubectl prints; it has to succeed."""
        done = self.try_kubectl(*arguments, stdin=stdin)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def try_kubectl(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """What comes of a command that may fail."""
        command = [self._program, f"--kubeconfig={self.kubeconfig}", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)

    def objects(self, kind: str, namespace: str = "", selector: str = "") -> list[Manifest]:
        """All objects of a kind, in all namespaces or in one."""
        scope = f"--namespace={namespace}" if namespace else "--all-namespaces"
        found = self.kubectl("get", kind, scope, f"--selector={selector}", "--output=json")
        return list(json.loads(found)["items"])

    def object(self, kind: str, name: str, namespace: str = "default") -> Manifest | None:
        """One object, if it is there."""
        options = (f"--namespace={namespace}", "--ignore-not-found", "--output=json")
        found = self.kubectl("get", kind, name, *options)
        return dict(json.loads(found)) if found else None

    def apply(self, *manifests: Manifest) -> None:
        """Make or change objects."""
        listed = {"apiVersion": "v1", "kind": "List", "items": manifests}
        self.kubectl("apply", "--filename=-", stdin=json.dumps(listed))

    def unused_names(self, count: int) -> list[str]:
        """Names for namespaces that nobody has."""
        names = [f"edgeops-test-{secrets.token_hex(4)}" for dummy in range(count)]
        self._unused += names
        return names

    def new_namespace(self) -> str:
        """A namespace that is empty but for its default service account."""
        [name] = self.unused_names(1)
        self.kubectl("create", "namespace", name)
        self.kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={name}", "--timeout=180s")
        return name

    def remove_namespaces(self) -> None:
        """Remove the namespaces of all names that were given out."""
        if self._unused:
            self.kubectl("delete", "namespace", "--ignore-not-found", "--wait=false", *self._unused)
            self._unused.clear()

    def address_of_this_machine(self) -> str:
        """The address at which the cluster's nodes most likely reach the machine that runs the tests."""
        server = json.loads(self.kubectl("config", "view", "--minify", "--output=json"))["clusters"][0]["cluster"][
            "server"
        ]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((urllib.parse.urlsplit(server).hostname, 6443))
            return str(probe.getsockname()[0])


def _kubectl() -> str:
    """The user's for a cluster of theirs, the one that came with our node otherwise."""
    found = shutil.which("kubectl") if UNDER_TEST else None
    return found or str(kubernetes_programs.kubernetes() / "kubectl")
