# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that was measured, and what it comes to."""

from __future__ import annotations

import collections
import dataclasses
import statistics
import typing as t

from benchmarks.seeding.measure import Sample
from benchmarks.seeding.network import Link
from benchmarks.seeding.tools import OURS, Tool

if t.TYPE_CHECKING:
    from benchmarks.seeding.worksets import WorkSet

FAST = Link()
SLOW = Link(round_trip=0.05, rate=20e6)
LINKS = (FAST, SLOW)


@dataclasses.dataclass(frozen=True)
class Median:
    """The median of every figure, for the first copy and for the next run."""

    first: Sample
    again: Sample

    @property
    def memory(self) -> int:
        """Bytes, the larger of both."""
        return max(self.first.memory, self.again.memory)


class Results:
    """All samples of a benchmark."""

    def __init__(self, sets: t.Sequence[WorkSet], peers: t.Sequence[Tool]) -> None:
        self.tools = (OURS, *peers)
        self._peers = peers
        self.sets = {work.name: work for work in sets}
        self._samples: dict[tuple[Link, str, Tool], list[tuple[Sample, Sample]]] = collections.defaultdict(list)
        self._floors: dict[tuple[Link, str], list[Sample]] = collections.defaultdict(list)

    def add(self, link: Link, work: WorkSet, tool: Tool, samples: tuple[Sample, Sample]) -> None:
        """Keep what a tool took."""
        self._samples[link, work.name, tool].append(samples)

    def add_floor(self, link: Link, work: WorkSet, sample: Sample) -> None:
        """Keep the least that a look took."""
        self._floors[link, work.name].append(sample)

    @property
    def rounds(self) -> int:
        """How often everything was run, at least."""
        return min(len(samples) for samples in self._samples.values())

    def works(self, link: Link) -> list[WorkSet]:
        """The sets that were copied over a link."""
        return [work for work in self.sets.values() if (link, work.name, OURS) in self._samples]

    def of(self, link: Link, work: WorkSet, tool: Tool) -> Median:
        """What a tool took."""
        pairs = self._samples[link, work.name, tool]
        return Median(_median([first for first, dummy in pairs]), _median([again for dummy, again in pairs]))

    def floor(self, link: Link, work: WorkSet) -> Sample:
        """The least that a look took."""
        return _median(self._floors[link, work.name])

    def best_peer(self, link: Link, work: WorkSet, figure: t.Callable[[Median], float]) -> float:
        """The smallest figure of all peers."""
        return min(figure(self.of(link, work, peer)) for peer in self._peers)


def _median(samples: t.Sequence[Sample]) -> Sample:
    def of(figure: t.Callable[[Sample], float]) -> float:
        return statistics.median(figure(sample) for sample in samples)

    def ends(figure: t.Callable[[Sample], tuple[int, int]]) -> tuple[int, int]:
        source, destination = (statistics.median_high(figure(sample)[end] for sample in samples) for end in (0, 1))
        return source, destination

    return Sample(
        wall=of(lambda one: one.wall),
        cpu=of(lambda one: one.cpu),
        memory=max(sample.memory for sample in samples),
        requests=ends(lambda one: one.requests),
        connections=ends(lambda one: one.connections),
        bytes=ends(lambda one: one.bytes),
        start=of(lambda one: one.start),
    )
