# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switching the registry of a device on and off, by its state. This plugin util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import (
    DISABLE,
    ENABLE,
    Device,
    RegistryInfo,
    RegistryState,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._output import Output
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._sessions import Sessions


@dataclasses.dataclass(frozen=True)
class Switched:
    """What became of the registry: `info` is None where it is off, and in check mode where it would be enabled."""

    changed: bool
    info: RegistryInfo | None = None


class Switch:
    """Brings the registry of one device to a state; with as many sessions as it takes, nothing is asked for twice."""

    def __init__(self, sessions: Sessions, *, check_mode: bool) -> None:
        self._sessions = sessions
        self._check_mode = check_mode
        self._asked = False

    def present(self) -> Switched:
        """Enable the registry if it is off.

        :raises ProvisioningError: it cannot be enabled, or was not within the time.
        """
        return self._sessions.run(self._present_once)

    def absent(self) -> Switched:
        """Disable the registry if it is on.

        :raises ProvisioningError: the device has no cmdlet for that, or it was not done within the time.
        """
        return self._sessions.run(self._absent_once)

    def _present_once(self, device: Device) -> Switched:
        state = self._look(device)
        if not state.is_on and not self._asked:
            check_prerequisites(device)
            if self._check_mode:
                self._sessions.tell(f"would run {ENABLE}")
                return Switched(changed=True)
            self._ask(ENABLE, device.enable)
            state = self._look(device)
        while state.info is None:
            self._sessions.wait(_unfinished("on", state), "the registry is not on yet")
            state = self._look(device)
        return Switched(self._asked, state.info)

    def _absent_once(self, device: Device) -> Switched:
        if not self._look(device).is_on:
            return Switched(self._asked)
        if not self._asked:
            if not device.has(DISABLE):
                raise _no_way_off()
            if self._check_mode:
                self._sessions.tell(f"would run {DISABLE}")
                return Switched(changed=True)
            self._ask(DISABLE, device.disable)
        while (state := self._look(device)).is_on:
            self._sessions.wait(_unfinished("off", state), "the registry is not off yet")
        return Switched(changed=True)

    def _look(self, device: Device) -> RegistryState:
        state = device.registry()
        if state.said:
            self._sessions.tell(f"the device says: {state.said}")
        return state

    def _ask(self, cmdlet: str, run: t.Callable[[], Output]) -> None:
        self._sessions.tell(f"running {cmdlet}, which may take minutes")
        self._asked = True
        output = run()
        if output.errors:
            self._sessions.tell(f"the device says: {output.complaint()}")
        output.check()


def check_prerequisites(device: Device) -> None:
    """Check what enabling needs.

    :raises ProvisioningError: something is missing; each has its own remedy.
    """
    if device.appliance().get("IsRegistered") is False:
        raise ProvisioningError(
            "the device is not activated",
            reason="unsupported",
            part="activation",
            remedy="Activate it in its web page, under Get started, with a key of its resource in the portal",
        )
    if not device.compute_role():
        raise ProvisioningError(
            "compute is not configured, so there is no Kubernetes for the registry to run on",
            reason="unsupported",
            part="compute",
            remedy="Enable compute on a network in the device's web page, and configure the compute role in the portal",
        )
    complaint = device.kubernetes_complaint()
    if complaint:
        raise ProvisioningError(
            f"Kubernetes is not healthy: {complaint}",
            reason="unsupported",
            part="kubernetes",
            remedy="Look at the device's alerts, and run this again when it is",
        )


def _unfinished(wanted: str, state: RegistryState) -> ProvisioningError:
    said = f": {state.said}" if state.said else ""
    return ProvisioningError(
        f"the registry is not {wanted} within the time given{said}",
        reason="unreachable",
        remedy="Look at the device's alerts, then run this again: it goes on from what it finds",
    )


def _no_way_off() -> ProvisioningError:
    return ProvisioningError(
        f"not supported by this device: it has no cmdlet {DISABLE}",
        reason="unsupported",
        remedy="Ask the vendor's support, or leave the registry on: state: present changes nothing there",
    )


__all__ = ("Switch", "Switched", "check_prerequisites")
