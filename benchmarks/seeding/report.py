# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, as Markdown."""

from __future__ import annotations

import os
import platform
import typing as t

from benchmarks.markdown import of_rounds, table
from benchmarks.seeding.aims import aims
from benchmarks.seeding.programs import version
from benchmarks.seeding.results import LINKS, Median, Results
from benchmarks.seeding.tools import FLOOR, JOBS, OURS, Tool
from benchmarks.seeding.worksets import MIB

if t.TYPE_CHECKING:
    from benchmarks.seeding.measure import Ends
    from benchmarks.seeding.network import Link
    from benchmarks.seeding.worksets import WorkSet

TITLES = (
    *("tool", "seconds", "CPU seconds", "requests, first", "requests, again"),
    *("connections, first", "connections, again", "MB", "MiB of memory"),
)
RATIOS = ("images", "link", "first", "again", "CPU, first", "CPU, again", "requests", "bytes", "memory")


def render(results: Results) -> str:
    """All tables and the aims."""
    names = {tool: _name(tool) for tool in results.tools}
    lines = [_setting(results), "", *_ratios(results), "", *aims(results)]
    for link in LINKS:
        for work in results.works(link):
            lines += ["", f"{_capital(work.title)}, {_title(link)}:", "", *_figures(results, link, work, names)]
    return "\n".join(lines)


def _setting(results: Results) -> str:
    return (
        f"{of_rounds(results.rounds)}; {os.cpu_count()} cores for tools and registries together; "
        f"up to {JOBS} jobs; Python {platform.python_version()}."
    )


def _ratios(results: Results) -> t.Iterator[str]:
    rows: list[t.Sequence[str]] = [RATIOS]
    for link in LINKS:
        rows += [(work.name, _title(link), *_ratios_of(results, link, work)) for work in results.works(link)]
    return table(*rows, texts=RATIOS[:2])


def _ratios_of(results: Results, link: Link, work: WorkSet) -> t.Iterator[str]:
    figures: tuple[t.Callable[[Median], float], ...] = (
        lambda one: one.first.wall,
        lambda one: one.again.wall,
        lambda one: one.first.cpu,
        lambda one: one.again.cpu,
        lambda one: sum(one.first.requests),
        lambda one: sum(one.first.bytes),
        lambda one: one.memory,
    )
    for figure in figures:
        yield f"{results.best_peer(link, work, figure) / figure(results.of(link, work, OURS)):.2f}"


def _figures(results: Results, link: Link, work: WorkSet, names: t.Mapping[Tool, str]) -> t.Iterator[str]:
    rows: list[t.Sequence[str]] = [TITLES]
    for tool in results.tools:
        one = results.of(link, work, tool)
        first, again = one.first, one.again
        rows.append(
            (
                names[tool],
                f"{first.wall:.2f} / {again.wall:.2f}",
                f"{first.cpu:.2f} / {again.cpu:.2f}",
                *map(_ends, (first.requests, again.requests, first.connections, again.connections)),
                f"{first.bytes[0] / 1e6:.1f} + {first.bytes[1] / 1e6:.1f}",
                f"{one.memory / MIB:.0f}",
            )
        )
    ours, floor = results.of(link, work, OURS), results.floor(link, work)
    started = f"{ours.first.wall - ours.first.start:.2f} / {ours.again.wall - ours.again.start:.2f}"
    rows.append(("ours, without the start of Python", started, *[""] * (len(TITLES) - 2)))
    rows.append((FLOOR.title, f"- / {floor.wall:.2f}", f"- / {floor.cpu:.2f}", *[""] * (len(TITLES) - 3)))
    return table(*rows, texts=TITLES[:1])


def _name(tool: Tool) -> str:
    return f"{tool.title} ({version(tool.version())})" if tool.version else tool.title


def _ends(ends: Ends) -> str:
    return f"{ends[0]} + {ends[1]}"


def _title(link: Link) -> str:
    return f"{link.round_trip * 1000:.0f} ms, {link.rate / 1e6:.0f} Mbit/s" if link.rate else "same machine"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
