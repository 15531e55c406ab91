# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry in a cluster, with a line now and then that says what it waits for."""

from __future__ import annotations

import time
import typing as t

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from ansible_collections.edgeops.registry.plugins.plugin_utils._slices import own_arguments

_INTERVAL = 5.0
_TIMEOUT = 300.0


class ActionModule(NormalAction):
    """Module edgeops.registry.kubernetes_registry, run again and again for a slice of time each, until the registry serves.

    The objects are all there after the first slice; the others find nothing to change and go on waiting.
    """

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the module on the host."""
        del tmp
        if self._task.check_mode or self._task.async_val:
            return self._module(task_vars)
        with own_arguments(self._task) as given:
            return self._run_in_slices(given, task_vars)

    def _run_in_slices(self, given: dict[str, t.Any], task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        start = time.monotonic()
        interval, timeout = given.get("progress_interval", _INTERVAL), given.get("wait_timeout", _TIMEOUT)
        self._task.args = {**given, "progress_interval": interval}
        whole = part = self._module(task_vars)
        while part.get("remaining"):
            Display().display(f"{(task_vars or {}).get('inventory_hostname')}: {part['progress']}")
            left = max(1.0, float(timeout) - (time.monotonic() - start))
            self._task.args = {**given, "progress_interval": interval, "wait_timeout": left, "restart_failed": False}
            part = self._module(task_vars)
            whole = _join(whole, part)
        return {key: value for key, value in whole.items() if key not in ("remaining", "progress")}

    def _module(self, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        run_module: t.Callable[..., dict[str, t.Any]] = super().run
        return run_module(None, task_vars)


def _join(before: dict[str, t.Any], after: dict[str, t.Any]) -> dict[str, t.Any]:
    """One result out of two slices."""
    return {
        **after,
        "changed": bool(before.get("changed") or after.get("changed")),
        "changes": [*before.get("changes", ()), *after.get("changes", ())],
        "diff": [*before.get("diff", ()), *after.get("diff", ())],
        "requests": before.get("requests", 0) + after.get("requests", 0),
    }
