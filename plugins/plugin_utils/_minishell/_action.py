# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions on a device have in common. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible.utils.display import Display
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._action import ControllerAction
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import Device
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._session import Session
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._sessions import Sessions
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._target import Target

HIDDEN: t.Final = {"_ansible_no_log": True}
"""Return values that keep Ansible from showing a result that holds a secret; a failure stays readable."""

_INTERVAL: t.Final = 5.0
_display = Display()


class DeviceAction(ControllerAction):
    """An action on the device that is the task's host, which needs no connection by Ansible."""

    _requires_connection = False

    def target(self, options: dict[str, t.Any]) -> Target:
        """The device.

        :raises ProvisioningError: an option is wrong.
        """
        target = Target.parse(options, self._variable)
        if not target.ca_cert:
            return target
        path = self._loader.path_dwim(target.ca_cert)
        if not self._loader.is_file(path):
            raise ProvisioningError(
                f"there is no file {path} on the controller",
                part="ca_cert",
                remedy="Download the certificate of the device's node in its web page, or pin it with fingerprint",
            )
        return dataclasses.replace(target, ca_cert=path)

    def sessions(self, target: Target, interval: float = _INTERVAL) -> Sessions:
        """Sessions with the device, which begin now.

        :param interval: seconds between two of them.
        """

        @contextlib.contextmanager
        def connect() -> t.Iterator[Device]:
            with Session(target, _display.vvv) as session:
                yield Device(session)

        return Sessions(connect, timeout=target.timeout, interval=interval, tell=self.tell)

    def tell(self, line: str) -> None:
        """Show what is done or waited for while it happens, since that may take minutes."""
        host = self._host_vars.get("inventory_hostname", "")
        _display.display(f"{host}: {self._task.action}: {line}", stderr=True)

    def _variable(self, name: str) -> object:
        return self._templar.template(self._host_vars.get(name))


__all__ = ("HIDDEN", "DeviceAction")
