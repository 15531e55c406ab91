# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A slow link between two TUN devices, as a process of its own.

Arguments: the file descriptors of the devices, seconds of delay in each direction, bits per second in each direction.
"""

from __future__ import annotations

import collections
import os
import select
import sys
import time

QUEUE_SECONDS = 0.1
"""How much waits before the link, at most; what is more gets lost."""
PACKET = 1 << 16


class Direction:
    """One direction of the link."""

    def __init__(self, source: int, sink: int, delay: float, rate: float) -> None:
        self.source = source
        self._sink = sink
        self._delay = delay
        self._rate = rate
        self._free_at = 0.0
        self._under_way: collections.deque[tuple[float, bytes]] = collections.deque()

    @property
    def due(self) -> float:
        """When the next packet arrives."""
        return self._under_way[0][0] if self._under_way else float("inf")

    def take(self, now: float) -> None:
        """Take all packets that wait in the device."""
        while True:
            try:
                packet = os.read(self.source, PACKET)
            except BlockingIOError:
                return
            start = max(now, self._free_at)
            if start - now <= QUEUE_SECONDS:
                self._free_at = start + len(packet) * 8 / self._rate
                self._under_way.append((self._free_at + self._delay, packet))

    def deliver(self, now: float) -> None:
        """Hand out the packets that have arrived."""
        while self.due <= now:
            os.write(self._sink, self._under_way.popleft()[1])


def main() -> None:
    """Entry point; runs until it is killed."""
    far, edge = (int(argument) for argument in sys.argv[1:3])
    delay, rate = (float(argument) for argument in sys.argv[3:5])
    directions = (Direction(far, edge, delay, rate), Direction(edge, far, delay, rate))
    while True:
        rest = min(one.due for one in directions) - time.monotonic()
        select.select([far, edge], [], [], None if rest == float("inf") else max(0.0, rest))
        now = time.monotonic()
        for one in directions:
            one.take(now)
            one.deliver(now)


if __name__ == "__main__":
    main()
