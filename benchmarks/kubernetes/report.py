# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, as Markdown."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
import statistics
import typing as t

from benchmarks.kubernetes.measure import LIST, LOOP, OURS, PLAYS, Pair, Play
from benchmarks.markdown import of_rounds, table

AIM_NAMESPACES = 100
AIM_FASTER = 20.0
AIM_LISTS = 5

Figure = t.Callable[[Pair], float]


@dataclasses.dataclass(frozen=True)
class Results:
    """All samples of a benchmark.

    Attributes:
        pairs: by number of namespaces and play, one per round.
    """

    pairs: t.Mapping[tuple[int, Play], t.Sequence[Pair]]

    @property
    def sizes(self) -> list[int]:
        """The numbers of namespaces, ascending."""
        return sorted({size for size, dummy in self.pairs})

    @property
    def rounds(self) -> int:
        """How often everything was run."""
        return min(len(pairs) for pairs in self.pairs.values())

    def median(self, size: int, play: Play, figure: Figure) -> float:
        """The median of a figure."""
        return statistics.median(figure(pair) for pair in self.pairs[size, play])


def _first(pair: Pair) -> float:
    return pair.first.wall


def _again(pair: Pair) -> float:
    return pair.again.wall


def _first_requests(pair: Pair) -> float:
    return pair.first.total


def _again_requests(pair: Pair) -> float:
    return pair.again.total


FIGURES: t.Mapping[str, Figure] = {
    "first": _first,
    "again": _again,
    "requests, first": _first_requests,
    "requests, again": _again_requests,
}


def render(results: Results) -> str:
    """All tables and the aims."""
    return "\n".join([_setting(results), "", *_figures(results), "", *_ratios(results), "", *_aims(results)])


def _setting(results: Results) -> str:
    return (
        f"{of_rounds(results.rounds)}; {os.cpu_count()} cores for the cluster and the plays together; "
        f"ansible-core {importlib.metadata.version('ansible-core')}, Python {platform.python_version()}."
    )


def _figures(results: Results) -> t.Iterator[str]:
    rows = [["namespaces", "play", "seconds, first", "seconds, again", "requests, first", "requests, again", "runs"]]
    for size in results.sizes:
        for play in PLAYS:
            if (size, play) in results.pairs:
                first, again, *requests = (results.median(size, play, figure) for figure in FIGURES.values())
                runs = max(pair.runs for pair in results.pairs[size, play])
                cells = (f"{first:.1f}", f"{again:.1f}", *(f"{number:.0f}" for number in requests), str(runs))
                rows.append([str(size), play.title, *cells])
    return table(*rows, texts=("play",))


def _ratios(results: Results) -> t.Iterator[str]:
    rows = [["namespaces", "peer", *FIGURES]]
    for size in results.sizes:
        for play, name in ((LOOP, "loop"), (LIST, "list")):
            if (size, play) in results.pairs:
                rows.append([str(size), name, *(f"{_ratio(results, size, play, one):.1f}" for one in FIGURES.values())])
    return table(*rows, texts=("peer",))


def _ratio(results: Results, size: int, play: Play, figure: Figure) -> float:
    return results.median(size, play, figure) / results.median(size, OURS, figure)


def _aims(results: Results) -> t.Iterator[str]:
    lists = max(
        pair.again.requests["list"] for (dummy, play), pairs in results.pairs.items() if play == OURS for pair in pairs
    )
    aims = [(f"a run that changes nothing: at most {AIM_LISTS} lists", f"{lists}", lists <= AIM_LISTS)]
    if (AIM_NAMESPACES, LOOP) in results.pairs:
        for title, figure in (("first run", _first), ("next run", _again)):
            ratio = _ratio(results, AIM_NAMESPACES, LOOP, figure)
            aim = f"{AIM_NAMESPACES} namespaces, {title}: the loop takes at least {AIM_FASTER:g} times as long"
            aims.append((aim, f"{ratio:.1f}", ratio >= AIM_FASTER))
    for aim, value, met in aims:
        yield f"- {aim}: {value}, {'met' if met else 'missed'}"
