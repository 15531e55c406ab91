# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container as the host of a registry that role `registry` provisions."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import typing as t
import uuid
from pathlib import Path

from ansible_collections.edgeops.registry.tests.support.play import CALLBACKS, PLAYBOOK

IMAGE = "edgeops-test-systemd:bookworm"
ROLE = "edgeops.registry.registry"
REFUSED = "Say what the role failed with"
TEMPORARY = ("--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp")
SYSTEMD = (
    *("--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--cgroupns", "private"),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
    *TEMPORARY,
)
CONNECTION = {
    "ansible_connection": "community.docker.docker",
    "ansible_python_interpreter": "/usr/bin/python3",
    "ansible_remote_tmp": "/run/ansible",
}
BOOTED = """
timeout 300 sh -c 'until systemctl is-system-running --wait; do sleep 0.2; done' ||
  { systemctl list-units --failed --no-legend; exit 1; }
"""
UNSTEADY = ("/run", "/tmp", "/var/log/*", "/var/lib/systemd/*", "/var/backups*")
_SKIPPED = " ".join(f"! -path '{path}'" for path in UNSTEADY)
LISTING = rf"find / -xdev {_SKIPPED} -printf '%p %y %m %u %s %T@ %l\n' | sort"


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run of the role came to.

    :param changed: for each step the names of the tasks that changed, or would.
    :param refusals: what each step that failed said, in their order.
    :param output: all that was printed.
    """

    changed: list[list[str]]
    refusals: list[str]
    output: str


class RegistryHost:
    """A Debian machine without a registry.

    :param folder: for the playbooks, on the machine that runs the tests.
    :param options: of its container.
    :param systemd: whether that runs it, or nothing but a process that sleeps.
    """

    def __init__(self, folder: Path, *options: str, systemd: bool = True) -> None:
        self._folder = folder
        self.name = f"edgeops-registry-{uuid.uuid4().hex[:8]}"
        kind = SYSTEMD if systemd else ("--init", *TEMPORARY)
        command = () if systemd else ("sleep", "infinity")
        _docker("run", "--detach", "--name", self.name, *kind, *options, IMAGE, *command)
        self.address = _docker("inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", self.name)
        if systemd:
            self.sh(BOOTED)

    def remove(self) -> None:
        _docker("rm", "--force", "--volumes", self.name)

    def sh(self, command: str) -> str:
        """Run a shell command as root, which must succeed; returns what it prints."""
        return _docker("exec", self.name, "sh", "-euc", command)

    def receive(self, source: Path, target: str) -> None:
        """Copy a file there."""
        _docker("cp", "--quiet", str(source), f"{self.name}:{target}")

    def listing(self) -> list[str]:
        """Kind, mode, owner, size and time of everything on the disk but logs."""
        return self.sh(LISTING).splitlines()

    def started(self) -> str:
        """Which process serves: the number and the start of it."""
        return self.sh("systemctl show docker-registry --property MainPID,ExecMainStartTimestampMonotonic")

    def run(self, *steps: dict[str, t.Any], check: bool = False, fails: bool = False) -> Run:
        """Run the role once for each step, with its variables; `tasks_from` names another entry than `main`.

        :param fails: whether each step has to fail; else none may.
        """
        done = self._play(steps, fails, ["--check"] if check else [])
        assert done.returncode == 0, done.stdout + done.stderr
        plays = [_results(play) for play in json.loads(done.stdout)["plays"]]
        refusals = [result["msg"] for play in plays for name, result in play if name == REFUSED]
        assert len(refusals) == (len(steps) if fails else 0), refusals
        changed = [[name for name, result in play if result.get("changed")] for play in plays]
        return Run(changed, refusals, done.stdout + done.stderr)

    def run_killed(self, step: dict[str, t.Any], before: str) -> None:
        """Run the role, until a SIGKILL when the task `before` is about to start."""
        callback = {"ANSIBLE_CALLBACKS_ENABLED": "kill_before", "KILL_BEFORE": before}
        assert self._play([step], False, [], callback).returncode < 0

    def playbook(self, name: str, variables: t.Mapping[str, t.Any]) -> int:
        """Run a playbook of the collection alone, as a registry and its own client; returns how many tasks changed."""
        groups = ("edge_registries", "edge_clients")
        host = {"hosts": {self.name: {**CONNECTION, **variables}}}
        inventory = self._folder / "inventory.yml"
        inventory.write_text(json.dumps(dict.fromkeys(groups, host)))
        command = [PLAYBOOK, f"edgeops.registry.{name}", "--inventory", inventory]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1"}
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return int(done.stdout.rpartition("changed=")[2].split()[0])

    def _play(
        self,
        steps: t.Sequence[dict[str, t.Any]],
        fails: bool,
        options: list[str],
        more: t.Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        playbook = self._folder / "play.yml"
        playbook.write_text(json.dumps([self._step(step, fails) for step in steps]))
        environment = {
            **os.environ,
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",
            **(more or {}),
        }
        command = [PLAYBOOK, "--inventory", f"{self.name},", "--diff", playbook, *options]
        return subprocess.run(command, check=False, env=environment, capture_output=True, text=True)

    def _step(self, variables: dict[str, t.Any], fails: bool) -> dict[str, t.Any]:
        entry = variables.get("tasks_from", "main")
        role = {"ansible.builtin.include_role": {"name": ROLE, "tasks_from": entry}}
        said = {"name": REFUSED, "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}
        return {
            "hosts": "all",
            "gather_facts": False,
            "vars": {**CONNECTION, **variables},
            "tasks": [{"block": [role], "rescue": [said]} if fails else role],
        }


def _results(play: dict[str, t.Any]) -> list[tuple[str, dict[str, t.Any]]]:
    """Name and result of each task, without the name of the role."""
    return [
        (task["task"]["name"].removeprefix(f"{ROLE} : "), result)
        for task in play["tasks"]
        for result in task["hosts"].values()
    ]


def _docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True
    )
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.returncode}\n{done.stdout}"
    return done.stdout.strip()
