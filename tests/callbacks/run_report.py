# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback that counts what every run did."""

from __future__ import annotations

import collections
import contextlib
import functools
import json
import pathlib
import time

from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: run_report
type: aggregate
short_description: Counts what a run did, as data
description:
  - Adds one line of JSON per run to a file.
  - Its keys are V(playbook), V(check), V(started) and V(ended) in seconds since the epoch, and V(hosts).
  - Per host are listed the names of the tasks that V(changed), V(failed), and that module executions in V(executions) belong to.
author: edgeops.registry contributors
options:
  path:
    description: The file.
    type: path
    required: true
    env:
      - name: RUN_REPORT
"""


def _count_executions(count):
    """Have every execution of a module on a host told to `count`, with the names of host and task.

    One task may be any number of executions (none for C(assert), two for C(copy)), and no result says how many.
    """
    execute = ActionBase._execute_module

    @functools.wraps(execute)
    def counted(action, *arguments, **options):
        task_vars = options.get("task_vars") or action._task_vars
        count(action._task.delegate_to or task_vars["inventory_hostname"], action._task.get_name())
        return execute(action, *arguments, **options)

    ActionBase._execute_module = counted


class CallbackModule(CallbackBase):
    """Collects in memory what the parent process learns, and in a file what its workers execute."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "run_report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self._hosts = collections.defaultdict(lambda: {"changed": [], "failed": [], "executions": []})
        self._run = {"started": time.time()}
        _count_executions(self._executed)

    def _executed(self, host, task):
        with self._executions.open("a", encoding="utf-8") as file:
            file.write(json.dumps([host, task]) + "\n")

    @functools.cached_property
    def _report(self):
        return pathlib.Path(self.get_option("path"))

    @functools.cached_property
    def _executions(self):
        return self._report.with_name(f"{self._report.name}.executions")

    def v2_playbook_on_start(self, playbook):
        self._run["playbook"] = pathlib.Path(playbook._file_name).name
        self._executions.write_text("", encoding="utf-8")

    def v2_playbook_on_play_start(self, play):
        self._run["check"] = bool(play.check_mode)

    def v2_runner_on_ok(self, result):
        if result.is_changed():
            self._hosts[result.host.name]["changed"].append(result.task_name)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors:
            self._hosts[result.host.name]["failed"].append(result.task_name)

    def v2_runner_on_unreachable(self, result):
        self._hosts[result.host.name]["failed"].append(result.task_name)

    def v2_playbook_on_stats(self, stats):
        for line in self._executions.read_text(encoding="utf-8").splitlines():
            host, task = json.loads(line)
            self._hosts[host]["executions"].append(task)
        for host in stats.processed:
            self._hosts[host]  # a host without a result of note has an entry too
        with self._report.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**self._run, "ended": time.time(), "hosts": self._hosts}) + "\n")
        with contextlib.suppress(FileNotFoundError):
            self._executions.unlink()
