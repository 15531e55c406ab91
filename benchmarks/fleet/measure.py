# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the plays and measure them; a play that changes anything in steady state is no measurement."""

from __future__ import annotations

import dataclasses
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
RECAP = re.compile(r"^\S+ +: ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Play:
    """One contender: a playbook and its extra arguments."""

    name: str
    title: str
    playbook: str
    arguments: tuple[str, ...] = ()


FLOOR = Play("floor", "floor: one `stat` task", str(HERE / "floor.yml"))
OURS = Play("ours", "`edgeops.registry.clients`", "edgeops.registry.clients", ("--extra-vars", "client_serial=100%"))
PEERS = Play("peers", "peers' playbook", str(HERE / "peers.yml"))
PLAYS = (FLOOR, OURS, PEERS)


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run: seconds on the clock, and seconds of CPU that the controller used."""

    wall: float
    cpu: float


class NotSteadyError(Exception):
    """A play failed, missed a host, or changed something where nothing was left to change."""


class Bench:
    """Runs plays against the first hosts of the inventory in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._inventory = folder / "inventory.json"
        clean = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        self._environment = {
            **clean,
            "ANSIBLE_CONFIG": str(HERE / "ansible.cfg"),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "NO_COLOR": "1",
        }

    def converge(self, play: Play, hosts: int) -> None:
        """Bring the hosts into the play's steady state.

        Raises:
            NotSteadyError: the play failed.
        """
        self._run(play, hosts)

    def module_executions(self, play: Play) -> int:
        """Return how many modules one steady run executes on one host.

        Raises:
            NotSteadyError: it failed or changed something.
        """
        output = self._run(play, 1, "-vvv")
        _require_steady(play, 1, output)
        return output.count("Using module file")

    def measure(self, play: Play, hosts: int) -> Sample:
        """Run the play once and measure it.

        Raises:
            NotSteadyError: it failed or changed something.
        """
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        output = self._run(play, hosts)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        _require_steady(play, hosts, output)
        return Sample(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def _run(self, play: Play, hosts: int, *arguments: str) -> str:
        limit = f"edge_clients[0:{hosts - 1}]"
        options = ("--inventory", str(self._inventory), "--limit", limit, *play.arguments, *arguments)
        command = (str(ANSIBLE_PLAYBOOK), play.playbook, *options)
        done = subprocess.run(command, env=self._environment, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            message = f"{play.name} failed on {hosts} hosts:\n{done.stdout}"
            raise NotSteadyError(message)
        return done.stdout


def _require_steady(play: Play, hosts: int, output: str) -> None:
    recap = RECAP.findall(output)
    if recap != [("0", "0", "0")] * hosts:
        message = f"{play.name} is not in steady state on {hosts} hosts:\n{output}"
        raise NotSteadyError(message)
