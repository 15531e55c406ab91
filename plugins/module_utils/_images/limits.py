# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long and how fast something may be read. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import threading
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Reader

MOST_THREADS = 64
SPEED_SECONDS = 20.0  # over which a minimum speed is measured
_SHARES = 4  # parts of a second's bytes that are read at once where the bandwidth is limited


def thread_count(params: t.Mapping[str, t.Any]) -> int:
    """How many threads are to be used at most, by the option `concurrency`.

    :raises ProvisioningError: it is none that can be.
    """
    count: int = params["concurrency"]
    if not 1 <= count <= MOST_THREADS:
        raise ProvisioningError(f"must be from 1 to {MOST_THREADS}", part="concurrency")
    return count


class OutOfTimeError(Exception):
    """The time that this run has is up; what it began is left as it is, for the next one."""


class Budget:
    """The time that a run has for its transfers, so that each run brings at least something.

    :param seconds: 0 or None for as long as it takes.
    :raises ProvisioningError: it is no time.
    """

    def __init__(self, seconds: float | None = None) -> None:
        if seconds is not None and not 0 <= seconds < float("inf"):
            raise ProvisioningError("must be a number of seconds, 0 for none", part="progress_interval")
        self._seconds = seconds or None
        self._end: float | None = None

    def begin(self) -> None:
        """Let the time run from now on."""
        if self._seconds is not None:
            self._end = time.monotonic() + self._seconds

    def stop(self) -> None:
        """Let what is left to do take as long as it takes."""
        self._end = None

    @property
    def is_limited(self) -> bool:
        """Whether it ends at all."""
        return self._seconds is not None

    @property
    def is_spent(self) -> bool:
        """Whether nothing may be begun any more."""
        return self._end is not None and time.monotonic() >= self._end

    def check(self) -> None:
        """:raises OutOfTimeError: the time is up."""
        if self.is_spent:
            raise OutOfTimeError


class Bandwidth:
    """What all streams of a run may read together.

    :param limit: bytes per second.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._free_at = 0.0

    def spend(self, count: int) -> None:
        """Wait as long as these bytes take."""
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + count / self.limit
            pause = self._free_at - now
        time.sleep(pause)


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a stream of a source has to keep to; 0 or None for no limit.

    :param seconds: for a whole blob.
    :param speed: bytes per second that must arrive at least, while something is waited for.
    """

    seconds: float = 0.0
    speed: int = 0
    bandwidth: Bandwidth | None = None
    speed_seconds: float = SPEED_SECONDS


class LimitedReader:
    """A stream within limits.

    :param received: called with the number of bytes that came in.
    """

    def __init__(self, reader: Reader, limits: Limits, received: t.Callable[[int], None]) -> None:
        self._reader = reader
        self._limits = limits
        self._received = received
        self._start = time.monotonic()
        self._waited = 0.0
        self._arrived = 0

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer; 0 at the end.

        :raises ProvisioningError: it takes too long.
        """
        bandwidth = self._limits.bandwidth
        if bandwidth:
            buffer = buffer[: max(1, bandwidth.limit // _SHARES)]
        before = time.monotonic()
        count = self._reader.readinto(buffer)
        now = time.monotonic()
        self._received(count)
        if count:
            self._check_speed(count, now - before)
        if self._limits.seconds and now - self._start > self._limits.seconds:
            raise _too_slow(f"takes longer than {self._limits.seconds:g} seconds", "blob_timeout")
        if bandwidth:
            bandwidth.spend(count)
        return count

    def _check_speed(self, count: int, waited: float) -> None:
        self._waited += waited
        self._arrived += count
        if not self._limits.speed or self._waited < self._limits.speed_seconds:
            return
        if self._arrived < self._limits.speed * self._waited:
            raise _too_slow(f"comes with less than {self._limits.speed} bytes per second", "minimum_speed")
        self._waited, self._arrived = 0.0, 0


def _too_slow(what: str, option: str) -> ProvisioningError:
    return ProvisioningError(
        f"a blob {what}",
        reason="unreachable",
        remedy=f"Look at the source and the network between, or change {option}; with a spool the next run goes on",
    )


__all__ = ("Bandwidth", "Budget", "LimitedReader", "Limits", "OutOfTimeError", "thread_count")
