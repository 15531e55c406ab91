# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of an Azure Stack Edge."""

from __future__ import annotations

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.plugin_utils._host_files import Result
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._action import HIDDEN, DeviceAction
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import DISABLE, Device, RegistryInfo
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._target import CONNECTION_OPTIONS


class ActionModule(DeviceAction):
    """Module edgeops.registry.azure_stack_edge_info."""

    ARGUMENTS: t.ClassVar = {**CONNECTION_OPTIONS, "credentials": {"type": "bool", "default": False}}

    def act(self, options: dict[str, t.Any]) -> Result:
        """Read everything, and change nothing."""
        facts = self.sessions(self.target(options)).run(
            lambda device: _facts(device, credentials=options["credentials"])
        )
        return Result(changed=False, facts={**facts, **(HIDDEN if options["credentials"] else {})})


def _facts(device: Device, *, credentials: bool) -> dict[str, t.Any]:
    namespaces = device.namespaces()
    state = device.registry()
    return {
        "appliance": device.appliance(),
        "compute_role": device.compute_role(),
        "kubernetes": _kubernetes(device),
        "registry": _registry(state.info, credentials=credentials),
        "registry_on": state.is_on,
        "registry_complaint": state.said,
        "registry_removable": device.has(DISABLE),
        "namespaces": None if namespaces is None else sorted(namespaces),
    }


def _kubernetes(device: Device) -> dict[str, t.Any]:
    complaint = device.kubernetes_complaint()
    return {"healthy": None if complaint is None else not complaint, "complaint": complaint or ""}


def _registry(info: RegistryInfo | None, *, credentials: bool) -> dict[str, t.Any] | None:
    if info is None:
        return None
    record = Record.parse(info.as_record(), "registry").as_dict()
    return {key: value for key, value in record.items() if credentials or key != "password"}
