# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each slice of time is given; the real module, in slices, runs in tests/kubernetes."""

from __future__ import annotations

import types

import pytest
from ansible_collections.edgeops.registry.plugins.action.kubernetes_registry import ActionModule

ARGUMENTS = {"wait_timeout": 60, "image": "registry.example.com:5000/registry:3"}
GOES_ON = {"changed": False, "remaining": 1, "progress": "the registry starts"}
READY = {"changed": False, "ready": True}


class Sliced(ActionModule):
    """The action, with the answers of the module."""

    def __init__(self, *answers):
        task = types.SimpleNamespace(args=ARGUMENTS, check_mode=False, async_val=0)
        super().__init__(task, None, None, None, None, None)
        self.answers, self.given = list(answers), []

    def _module(self, task_vars):
        self.given.append(self._task.args)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_an_attempt_of_until_is_given_what_the_task_says():
    action = Sliced(GOES_ON, READY, GOES_ON, READY)
    for attempt in range(2):
        assert action.run()["ready"]
        first, second = action.given[2 * attempt :]
        assert first == {**ARGUMENTS, "progress_interval": 5.0}
        assert not second["restart_failed"]
        assert second["wait_timeout"] <= 60


def test_so_is_one_after_a_lost_connection():
    action = Sliced(GOES_ON, ConnectionError())
    with pytest.raises(ConnectionError):
        action.run()
    assert action._task.args == ARGUMENTS
