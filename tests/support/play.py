# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks run by the real ansible-playbook against this machine."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

from ansible_collections.edgeops.registry import tests

CALLBACKS = Path(tests.__path__[0]) / "callbacks"
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")


@dataclasses.dataclass(frozen=True)
class Played:
    """What a run of tasks came to.

    :param results: one per task, in their order.
    :param executions: how many modules were executed on the host.
    :param output: all that was printed, at -vvvv.
    """

    results: list[dict[str, t.Any]]
    executions: int
    output: str

    @property
    def changed(self) -> list[bool]:
        return [result["changed"] for result in self.results]

    @property
    def diff(self) -> list[dict[str, str]]:
        return [diff for result in self.results for diff in result.get("diff", [])]


def play(folder: Path, *tasks: dict[str, t.Any], check: bool = False, options: t.Sequence[str] = ()) -> Played:
    """Run tasks of modules of this collection, each `{name: options}`; failures do not stop them."""
    names = [{f"edgeops.registry.{name}": task[name] for name in task} for task in tasks]
    content = {"hosts": "localhost", "gather_facts": False, "ignore_errors": True, "tasks": names}
    (folder / "play.yml").write_text(json.dumps([content]))
    (folder / "inventory.yml").write_text(
        json.dumps(
            {
                "all": {
                    "hosts": {
                        "localhost": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
                    }
                }
            }
        )
    )
    report = folder / "report"
    report.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "run_report",
        "ANSIBLE_NOCOLOR": "1",
        "RUN_REPORT": str(report),
    }
    command = [PLAYBOOK, "-i", "inventory.yml", "--diff", "play.yml", *(["--check"] if check else []), *options]
    done = subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    printed = json.loads(done.stdout[done.stdout.index("{") :])  # after lines that tell progress
    results = [task["hosts"]["localhost"] for task in printed["plays"][0]["tasks"]]
    executions = json.loads(report.read_text())["hosts"]["localhost"]["executions"]
    return Played(results, len(executions), done.stdout + done.stderr)
