# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switching the registry of a device on and off, by its state. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import (
    DISABLE,
    ENABLE,
    Device,
    RegistryInfo,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._faults import ConnectionLostError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._output import Output

_PASSING = ("unreachable", "busy")

Connect = t.Callable[[], contextlib.AbstractContextManager[Device]]


@dataclasses.dataclass(frozen=True)
class Switched:
    """What became of the registry: `info` is None where it is off, and in check mode where it would be enabled."""

    changed: bool
    info: RegistryInfo | None = None


class Switch:
    """Brings the registry of one device to a state.

    :param connect: opens a session; a lost one is followed by another.
    :param timeout: seconds for all of it.
    :param interval: seconds between two looks at the state.
    :param tell: takes what is done and waited for, one line at a time.
    """

    def __init__(
        self, connect: Connect, *, check_mode: bool, timeout: float, interval: float, tell: t.Callable[[str], object]
    ) -> None:
        self._connect = connect
        self._check_mode = check_mode
        self._deadline = time.monotonic() + timeout
        self._interval = interval
        self._tell = tell
        self._asked = False

    def present(self) -> Switched:
        """Enable the registry if it is off.

        :raises ProvisioningError: it cannot be enabled, or was not within the time.
        """
        return self._until_done(self._present_once)

    def absent(self) -> Switched:
        """Disable the registry if it is on.

        :raises ProvisioningError: the device has no cmdlet for that, or it was not done within the time.
        """
        return self._until_done(self._absent_once)

    def _until_done(self, attempt: t.Callable[[Device], Switched]) -> Switched:
        """Do it with as many sessions as it takes; state is read anew with each, and nothing is asked for twice."""
        connect = self._connect
        while True:
            try:
                with connect() as device:
                    return attempt(device)
            except ConnectionLostError as lost:
                self._wait(lost, f"{lost.message}; reading the state again")
                connect = self._reconnect

    @contextlib.contextmanager
    def _reconnect(self) -> t.Iterator[Device]:
        """A session after a lost one: the device may be away for a while, or count the lost one still."""
        with contextlib.ExitStack() as stack:
            device = None
            while device is None:
                try:
                    device = stack.enter_context(self._connect())
                except ProvisioningError as error:
                    if error.reason not in _PASSING:
                        raise
                    self._wait(error, f"{error.message}; trying again")
            yield device

    def _present_once(self, device: Device) -> Switched:
        info = self._look(device)
        if info is not None:
            return Switched(self._asked, info)
        if not self._asked:
            check_prerequisites(device)
            if self._check_mode:
                self._tell(f"would run {ENABLE}")
                return Switched(changed=True)
            self._ask(ENABLE, device.enable)
        while (info := self._look(device)) is None:
            self._wait(self._unfinished("enabled", "on"), "the registry is not on yet")
        return Switched(changed=True, info=info)

    def _absent_once(self, device: Device) -> Switched:
        if self._look(device) is None:
            return Switched(self._asked)
        if not self._asked:
            if not device.has(DISABLE):
                raise _no_way_off()
            if self._check_mode:
                self._tell(f"would run {DISABLE}")
                return Switched(changed=True)
            self._ask(DISABLE, device.disable)
        while self._look(device) is not None:
            self._wait(self._unfinished("disabled", "off"), "the registry is not off yet")
        return Switched(changed=True)

    def _look(self, device: Device) -> RegistryInfo | None:
        """The registry's state; a complaint may be a passing one, so it is read twice before anything follows from it."""
        state = device.registry()
        if state.info is None and state.said:
            self._tell(f"the device says: {state.said}; reading the state again")
            state = device.registry()
        return state.info

    def _ask(self, cmdlet: str, run: t.Callable[[], Output]) -> None:
        self._tell(f"running {cmdlet}, which may take minutes")
        self._asked = True
        output = run()
        if output.errors:
            self._tell(f"the device says: {output.complaint()}")
        output.check()

    def _unfinished(self, done: str, state: str) -> ProvisioningError:
        return ProvisioningError(
            f"the registry was {done} and is not {state} within the time given",
            reason="unreachable",
            remedy="Look at the device's alerts, then run this again: it goes on from what it finds",
        )

    def _wait(self, error: ProvisioningError, news: str) -> None:
        """Wait for a moment, or give up with an error where there is no time left."""
        if time.monotonic() + self._interval > self._deadline:
            raise error
        self._tell(news)
        time.sleep(self._interval)


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


def _no_way_off() -> ProvisioningError:
    return ProvisioningError(
        f"not supported by this device: it has no cmdlet {DISABLE}",
        reason="unsupported",
        remedy="Ask the vendor's support, or leave the registry on: state: present changes nothing there",
    )


__all__ = ("Connect", "Switch", "Switched", "check_prerequisites")
