# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on a device that outlasts a lost connection. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import Device
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._faults import ConnectionLostError

_PASSING = ("unreachable", "busy")

Connect = t.Callable[[], contextlib.AbstractContextManager[Device]]
T = t.TypeVar("T")


class Sessions:
    """Sessions with one device, one after the other, within one time.

    :param connect: opens a session.
    :param timeout: seconds for all of them.
    :param interval: seconds to wait between two, or two looks at the device.
    :param tell: takes what is done and waited for, one line at a time.
    """

    def __init__(self, connect: Connect, *, timeout: float, interval: float, tell: t.Callable[[str], object]) -> None:
        self._connect = connect
        self._deadline = time.monotonic() + timeout
        self._interval = interval
        self.tell = tell

    def run(self, work: t.Callable[[Device], T]) -> T:
        """Do work in a session; where that is lost, do it in another, in which the work reads the state anew.

        :raises ProvisioningError: the work fails, the first session cannot be opened, or the time is over.
        """
        connect = self._connect
        while True:
            try:
                with connect() as device:
                    return work(device)
            except ConnectionLostError as lost:
                self.wait(lost, f"{lost.message}; reading the state again")
                connect = self._reconnect

    def wait(self, error: ProvisioningError, news: str) -> None:
        """Wait for a moment, or give up with an error where there is no time left."""
        if time.monotonic() + self._interval > self._deadline:
            raise error
        self.tell(news)
        time.sleep(self._interval)

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
                    self.wait(error, f"{error.message}; trying again")
            yield device


__all__ = ("Connect", "Sessions")
