# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that take registry records. This plugin util is private to the collection."""

from __future__ import annotations

import typing as t

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record, parse_records


class RecordAction(NormalAction):
    """Runs a module with records in canonical form: a wrong one costs no connection, and keys named `x_*` stay here.

    Ansible imports it once, before it forks for a host, and with it what the filters of the records need.
    """

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Check the records, then run the module on the host."""
        try:
            self._task.args = {**self._task.args, **canonical_records(self._task.args)}
        except ProvisioningError as error:
            return {"failed": True, "msg": str(error), "reason": error.reason, "remedy": error.remedy}
        run_module: t.Callable[..., dict[str, t.Any]] = super().run
        return run_module(tmp, task_vars)


def canonical_records(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Those of a module's options that hold records, with the records as the module expects them.

    What is to be removed needs to be no whole record, and what is no record at all is left to the module's own check.

    :raises ProvisioningError: a record is wrong.
    """
    if options.get("state") == "absent":
        return {}
    checked: dict[str, t.Any] = {}
    for key in ("registries", "sources"):
        if isinstance(options.get(key), (list, tuple)):
            checked[key] = [record.as_dict() for record in parse_records(options[key], key)]
    if isinstance(options.get("registry"), t.Mapping):
        checked["registry"] = Record.parse(options["registry"], "registry").as_dict()
    return checked


__all__ = ("RecordAction", "canonical_records")
