# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine is to reach, and whether it does."""

from __future__ import annotations

import dataclasses
import operator
import typing as t

from benchmarks.markdown import table
from benchmarks.seeding.results import FAST, LINKS, SLOW, Median, Results
from benchmarks.seeding.tools import JOBS, OURS
from benchmarks.seeding.worksets import MIB

if t.TYPE_CHECKING:
    from benchmarks.seeding.network import Link
    from benchmarks.seeding.worksets import WorkSet

Figure = t.Callable[[Results, "Link", "WorkSet"], float]


@dataclasses.dataclass(frozen=True)
class Aim:
    """A figure and its limit.

    Attributes:
        sets: the names of those that it is about, empty for all.
    """

    title: str
    limit: float
    figure: Figure
    holds: t.Callable[[float, float], bool] = operator.le
    links: t.Sequence[Link] = LINKS
    sets: t.Sequence[str] = ()

    def verdict(self, results: Results, link: Link, work: WorkSet) -> str:
        """The figure, and whether the aim is met; empty where it is not about that."""
        if link not in self.links or work.name not in (self.sets or results.sets):
            return ""
        figure = self.figure(results, link, work)
        return f"{figure:.2f} {'met' if self.holds(figure, self.limit) else '**missed**'}"


def aims(results: Results) -> t.Iterator[str]:
    """A table of all aims."""
    runs = [(link, work) for link in LINKS for work in results.works(link)]
    header = ["aim", *(f"{work.name}{', slow link' if link is SLOW else ''}" for link, work in runs)]
    rows = [[aim.title, *(aim.verdict(results, link, work) for link, work in runs)] for aim in AIMS]
    return table(header, *rows, texts=header)


def _of_ours(figure: t.Callable[[Median], float]) -> Figure:
    return lambda results, link, work: figure(results.of(link, work, OURS))


def _to_best_peer(figure: t.Callable[[Median], float]) -> Figure:
    """Ours divided by that of the best peer."""
    return lambda results, link, work: figure(results.of(link, work, OURS)) / results.best_peer(link, work, figure)


def _seconds(median: Median) -> float:
    return median.first.wall


def _peers_lead(results: Results, link: Link, work: WorkSet) -> float:
    return results.best_peer(link, work, _seconds) / _seconds(results.of(link, work, OURS))


def _requests_again(results: Results, link: Link, work: WorkSet) -> float:
    return max(results.of(link, work, OURS).again.requests) / len(work.images)


def _to_floor_of_look(results: Results, link: Link, work: WorkSet) -> float:
    return results.of(link, work, OURS).again.wall / results.floor(link, work).wall


def _to_link(results: Results, link: Link, work: WorkSet) -> float:
    """Seconds of ours, divided by those that the link needs to carry every blob once."""
    return _seconds(results.of(link, work, OURS)) / (work.size * 8 / link.rate)


AIMS = (
    Aim("again: requests per image and registry, at most 1", 1, _requests_again),
    Aim(
        f"connections to a registry, at most {JOBS}",
        JOBS,
        _of_ours(lambda one: max(*one.first.connections, *one.again.connections)),
    ),
    Aim(
        "first: requests, of those of the leanest peer, below 1",
        1,
        _to_best_peer(lambda one: sum(one.first.requests)),
        operator.lt,
    ),
    Aim(
        "again: requests, of those of the leanest peer, below 1",
        1,
        _to_best_peer(lambda one: sum(one.again.requests)),
        operator.lt,
    ),
    Aim(
        "first: bytes, of those of the leanest peer, at most 1.01",
        1.01,
        _to_best_peer(lambda one: sum(one.first.bytes)),
    ),
    Aim(
        "first: the fastest peer takes at least 1.2 times as long",
        1.2,
        _peers_lead,
        operator.ge,
        [FAST],
        ["shared", "tiny"],
    ),
    Aim("first: the fastest peer takes at least as long", 1, _peers_lead, operator.ge, [FAST], ["index", "big"]),
    # Blobs that no peer moves twice take everybody the same time there
    Aim(
        "first: seconds, of the fastest peer's, at most 0.65",
        0.65,
        _to_best_peer(_seconds),
        links=[SLOW],
        sets=["shared", "tiny"],
    ),
    Aim("first: seconds, of what the link needs, at most 1.1", 1.1, _to_link, links=[SLOW], sets=["shared", "index"]),
    Aim("again: seconds, of the floor of a look, at most 1.2", 1.2, _to_floor_of_look, links=[SLOW], sets=["shared"]),
    Aim("MiB of memory, at most 64", 64, _of_ours(lambda one: one.memory / MIB)),
)
