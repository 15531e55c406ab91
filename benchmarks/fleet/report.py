# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, as Markdown."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import itertools
import os
import platform
import statistics
import typing as t

from benchmarks.fleet.measure import FLOOR, OURS, PEERS, Play, Sample
from benchmarks.markdown import of_rounds, table

AIM_HOSTS = 10
AIM_OVER_FLOOR = 1.3
AIM_FASTER = 10.0
AIM_GROWTH = 1.1


@dataclasses.dataclass(frozen=True)
class Results:
    """All samples of a benchmark.

    Attributes:
        samples: by number of hosts and play, one per round.
        modules: module executions per host, by play.
    """

    samples: t.Mapping[tuple[int, Play], t.Sequence[Sample]]
    modules: t.Mapping[Play, int]

    @property
    def sizes(self) -> list[int]:
        """The numbers of hosts, ascending."""
        return sorted({hosts for hosts, dummy in self.samples})

    @property
    def rounds(self) -> int:
        """How often everything was run."""
        return min(len(samples) for samples in self.samples.values())

    def median(self, hosts: int, play: Play) -> Sample:
        """The median of wall time and the median of CPU time."""
        samples = self.samples[hosts, play]
        return Sample(
            statistics.median(sample.wall for sample in samples), statistics.median(sample.cpu for sample in samples)
        )


def render(results: Results) -> str:
    """All tables and the aims."""
    return "\n".join([_setting(results), "", *_times(results), "", *_ratios(results), "", *_aims(results)])


def _setting(results: Results) -> str:
    return (
        f"{of_rounds(results.rounds)}; {os.cpu_count()} cores for the controller and all hosts together; "
        f"ansible-core {importlib.metadata.version('ansible-core')}, Python {platform.python_version()}."
    )


def _times(results: Results) -> t.Iterator[str]:
    rows = [["hosts", "play", "seconds", "seconds per host", "CPU seconds", "module executions per host"]]
    for hosts, play in itertools.product(results.sizes, results.modules):
        median = results.median(hosts, play)
        cells = (f"{median.wall:.1f}", f"{median.wall / hosts:.2f}", f"{median.cpu:.1f}", str(results.modules[play]))
        rows.append([str(hosts), play.title, *cells])
    return table(*rows, texts=("play",))


def _ratios(results: Results) -> t.Iterator[str]:
    rows = [["hosts", "ours / floor", "ours / floor, CPU", "peers / ours", "peers / ours, CPU"]]
    for hosts in results.sizes:
        floor, ours, peers = (results.median(hosts, play) for play in (FLOOR, OURS, PEERS))
        ratios = (ours.wall / floor.wall, ours.cpu / floor.cpu, peers.wall / ours.wall, peers.cpu / ours.cpu)
        rows.append([str(hosts), *(f"{ratio:.2f}" for ratio in ratios)])
    return table(*rows)


def _aims(results: Results) -> t.Iterator[str]:
    hosts = AIM_HOSTS if AIM_HOSTS in results.sizes else results.sizes[-1]
    floor, ours, peers = (results.median(hosts, play).wall for play in (FLOOR, OURS, PEERS))
    per_host = [results.median(size, OURS).wall / size for size in results.sizes]
    growth = max((larger / smaller for smaller, larger in itertools.pairwise(per_host)), default=1.0)
    aims = (
        (f"{hosts} hosts: ours at most {AIM_OVER_FLOOR} times the floor", ours / floor, ours / floor <= AIM_OVER_FLOOR),
        (f"{hosts} hosts: peers at least {AIM_FASTER:g} times ours", peers / ours, peers / ours >= AIM_FASTER),
        (f"a host among more of them: at most {AIM_GROWTH} times the cost", growth, growth <= AIM_GROWTH),
    )
    for aim, value, met in aims:
        yield f"- {aim}: {value:.2f}, {'met' if met else 'missed'}"
