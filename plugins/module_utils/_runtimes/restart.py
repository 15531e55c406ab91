# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a container engine has to be restarted. This module util is private to the collection."""

from __future__ import annotations

import os
import time
import typing as t

_PROC = "/proc"
_CLOCK_READINGS = 3


def is_outdated(daemon: str, modified: float, uid: int | None = None) -> bool:
    """Whether a daemon runs that started before a moment: that of the last change of what it reads at start.

    :param daemon: the process's name as `/proc/PID/comm` has it.
    :param modified: seconds since the epoch.
    :param uid: of the user whose process it is; None for anyone's.
    """
    return any(started < modified for started in _starts(daemon, uid))


def last_change(path: str) -> float:
    """When a file, or a directory's list of files, got its present state; 0 where there is none."""
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:
        return 0.0


def _starts(daemon: str, uid: int | None) -> t.Iterator[float]:
    """When the processes of a name started, in seconds since the epoch; those of containers do not count."""
    namespace = os.stat(f"{_PROC}/self/ns/pid").st_ino
    for pid in filter(str.isdigit, os.listdir(_PROC)):
        try:
            with open(f"{_PROC}/{pid}/stat", encoding="ascii", errors="replace") as file:
                name, after = file.read().partition("(")[2].rsplit(")", 1)
            if name != daemon or os.stat(f"{_PROC}/{pid}/ns/pid").st_ino != namespace:
                continue
            if uid in (None, os.stat(f"{_PROC}/{pid}").st_uid):
                yield _since_epoch(int(after.split()[19]))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended meanwhile, or is not ours to look at


def _since_epoch(ticks: int) -> float:
    """The end of a clock tick, counted since boot (proc(5), `starttime`): no process reads its settings before."""
    # Between the two clocks the scheduler may take its time, which makes the difference too small
    boot = max(time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) for dummy in range(_CLOCK_READINGS))
    return boot + (ticks + 1) / os.sysconf("SC_CLK_TCK")


__all__ = ("is_outdated", "last_change")
