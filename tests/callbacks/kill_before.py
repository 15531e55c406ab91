# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback that kills a run, as a power cut would."""

from __future__ import annotations

import os
import signal

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: kill_before
type: aggregate
short_description: Kills the run when a task is about to start
description:
  - Nothing of the run is left to tidy up after it, and the hosts are as the task before left them.
author: edgeops.registry contributors
options:
  task:
    description: The name of the task.
    type: str
    required: true
    env:
      - name: KILL_BEFORE
"""


class CallbackModule(CallbackBase):
    """Sends SIGKILL to the process that it is part of."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kill_before"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task, is_conditional):
        if task.name == self.get_option("task"):
            os.kill(os.getpid(), signal.SIGKILL)
