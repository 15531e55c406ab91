# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the plays and measure them."""

from __future__ import annotations

import base64
import collections
import contextlib
import dataclasses
import json
import os
import re
import secrets
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from ansible_collections.edgeops.registry.tests.support.kubernetes_cluster import Cluster
from ansible_collections.edgeops.registry.tests.support.kubernetes_node import Node

HERE = Path(__file__).resolve().parent
ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
RECAP = re.compile(r"^localhost +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0 ", re.MULTILINE)
CALM_SECONDS = 600.0
MOST_RUNS = 5
ENDPOINT, USERNAME = "registry.example.com:5000", "edge"


@dataclasses.dataclass(frozen=True)
class Play:
    """One contender: a playbook."""

    name: str
    title: str

    @property
    def playbook(self) -> Path:
        """Where it is."""
        return HERE / f"{self.name}.yml"


OURS = Play("ours", "`edgeops.registry.kubernetes_namespaces`")
LOOP = Play("peers_loop", "`kubernetes.core.k8s`, a loop per kind")
LIST = Play("peers_list", "`kubernetes.core.k8s`, once, with a list")
PLAYS = (OURS, LOOP, LIST)


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run: seconds on the clock, and the requests to the API server by their verbs."""

    wall: float
    requests: collections.Counter[str]

    @property
    def total(self) -> int:
        """All requests."""
        return sum(self.requests.values())


class Pair(t.NamedTuple):
    """The first run, and the one that finds everything made.

    Attributes:
        runs: how many runs it took until everything was made.
    """

    first: Sample
    again: Sample
    runs: int


class FailedError(Exception):
    """A play failed, or never came to an end with its changes."""


class Bench:
    """Runs plays against a cluster that has nothing but what they make.

    Args:
        folder: for its files, private.
    """

    def __init__(self, folder: Path, node: Node) -> None:
        self._folder = folder
        self._node = node
        kubeconfig = folder / "kubeconfig"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(node.kubeconfig, encoding="utf-8")
        self._cluster = Cluster(kubeconfig)
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_"))}
        self._environment = {
            **clean,
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_DEPRECATION_WARNINGS": "no",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "no",
            "ANSIBLE_LOCALHOST_WARNING": "no",
            "NO_COLOR": "1",
        }

    def measure(self, play: Play, size: int) -> Pair:
        """Run a play on so many new namespaces until it changes nothing, and remove them again.

        Raises:
            FailedError: it failed, or changed something in every run.
        """
        names = [f"{play.name.replace('_', '-')}-{number:03}" for number in range(size)]
        self._write_variables(names)
        first, dummy = self._run(play)
        for runs in range(1, MOST_RUNS):
            again, changed = self._run(play)
            if not changed:
                self._cluster.kubectl("delete", "namespace", *names, f"--timeout={CALM_SECONDS:.0f}s")
                return Pair(first, again, runs)
        message = f"{play.name} with {size} namespaces changes something in every run"
        raise FailedError(message)

    def _write_variables(self, names: list[str]) -> None:
        password = secrets.token_urlsafe(16)
        auth = base64.b64encode(f"{USERNAME}:{password}".encode()).decode()
        variables = {
            "kubeconfig": str(self._cluster.kubeconfig),
            "names": names,
            "namespaces": [{"name": name} for name in names],
            "record": {"endpoint": ENDPOINT, "username": USERNAME, "password": password},
            "docker_config": {"auths": {ENDPOINT: {"auth": auth}}},
        }
        (self._folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")

    def _run(self, play: Play) -> tuple[Sample, bool]:
        """Measure a run; whether it changed something comes out, too."""
        command: list[str | Path] = [
            ANSIBLE_PLAYBOOK,
            play.playbook,
            f"--extra-vars=@{self._folder / 'variables.json'}",
        ]
        with self._node.audit_log.recording() as requests:
            start = time.perf_counter()
            done = subprocess.run(command, env=self._environment, stdout=subprocess.PIPE, text=True, check=False)
            wall = time.perf_counter() - start
        recap = RECAP.search(done.stdout)
        if done.returncode or not recap:
            message = f"{play.name} failed:\n{done.stdout}"
            raise FailedError(message)
        return Sample(wall, collections.Counter(request.verb for request in requests)), recap[1] != "0"


@contextlib.contextmanager
def node() -> t.Iterator[Node]:
    """A cluster, gone again when the context ends."""
    started = Node(f"edgeops-benchmark-{os.getpid()}")
    try:
        yield started
    finally:
        started.remove()
