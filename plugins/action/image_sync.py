# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images onto a registry, with a line now and then that says how far it is."""

from __future__ import annotations

import time
import typing as t

from ansible.utils.display import Display
from ansible_collections.edgeops.registry.plugins.plugin_utils._record_action import RecordAction
from ansible_collections.edgeops.registry.plugins.plugin_utils._slices import (
    NOTHING_DONE,
    describe,
    is_stuck,
    join,
    next_slice,
    own_arguments,
)

_UNLIMITED = 0.0
_FIRST = 5.0


class ActionModule(RecordAction):
    """Module edgeops.registry.image_sync, run again and again for a slice of time each, until nothing remains.

    What a slice has brought stays, so that nothing has to run in the background, and a broken connection loses nothing.
    Slices grow, since each begins with a look at all images.
    """

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the module on the host."""
        del tmp
        with own_arguments(self._task) as given:
            if self._task.check_mode or self._task.async_val:
                return self._slice(_UNLIMITED, task_vars)
            return self._run_in_slices(given.get("progress_interval", _FIRST), task_vars)

    def _run_in_slices(self, seconds: float | str, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        start = time.monotonic()
        before, part = NOTHING_DONE, self._slice(seconds, task_vars)
        whole = part
        while part.get("remaining"):
            line = describe(part["progress"], whole["progress"]["bytes_total"], time.monotonic() - start)
            Display().display(f"{(task_vars or {}).get('inventory_hostname')}: {line}")
            time.sleep(part["progress"]["pause"])
            seconds = _UNLIMITED if is_stuck(before, part) else next_slice(float(seconds), part["progress"])
            before, part = part, self._slice(seconds, task_vars)
            if "images" not in part:
                return {**part, "changed": whole["changed"]}
            whole = {**join(whole, part), "progress": whole["progress"]}
        return {key: value for key, value in whole.items() if key not in ("remaining", "progress")}

    def _slice(self, seconds: float | str, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        self._task.args = {**self._task.args, "progress_interval": seconds}
        return super().run(None, task_vars)
