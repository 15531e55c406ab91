# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback reports what a real run of Ansible did."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

CALLBACKS = pathlib.Path(__file__).resolve().parents[2] / "callbacks"
PLAYBOOK = """
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - name: Say
      ansible.builtin.debug: {msg: nothing is executed}
    - name: Look
      ansible.builtin.stat: {path: /}
    - name: Write
      ansible.builtin.tempfile: {path: "{{ playbook_dir }}"}
      when: inventory_hostname == "writes"
    - name: Look elsewhere
      ansible.builtin.stat: {path: /}
      delegate_to: writes
      when: inventory_hostname == "fails"
    - name: Fail
      ansible.builtin.fail: {msg: on purpose}
      when: inventory_hostname == "fails"
    - name: Fail and be forgiven
      ansible.builtin.command: "false"
      failed_when: false
      changed_when: false
"""


def run(folder, *options):
    program = pathlib.Path(sys.executable).with_name("ansible-playbook")
    environment = {
        **os.environ,
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "run_report",
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "RUN_REPORT": str(folder / "reports"),
    }
    command = [program, "-i", "writes,fails,idles", *options, str(folder / "playbook.yml")]
    subprocess.run(command, env=environment, check=False, capture_output=True)
    return [json.loads(line) for line in (folder / "reports").read_text(encoding="utf-8").splitlines()]


def test_two_runs_are_two_reports(tmp_path):
    (tmp_path / "playbook.yml").write_text(PLAYBOOK, encoding="utf-8")
    (checked,) = run(tmp_path, "--check")
    done = run(tmp_path)[-1]
    assert (checked["check"], done["check"]) == (True, False)
    assert done["playbook"] == "playbook.yml"
    assert checked["started"] < checked["ended"] < done["started"] < done["ended"]
    assert done["hosts"] == {
        "writes": {
            "changed": ["Write"],
            "failed": [],
            "executions": ["Look", "Write", "Look elsewhere", "Fail and be forgiven"],
        },
        "fails": {"changed": [], "failed": ["Fail"], "executions": ["Look"]},
        "idles": {"changed": [], "failed": [], "executions": ["Look", "Fail and be forgiven"]},
    }
    assert sorted(path.name for path in tmp_path.iterdir() if "reports" in path.name) == ["reports"]
