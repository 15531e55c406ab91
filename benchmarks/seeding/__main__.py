# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how images are seeded: this collection's engine, started without Ansible, against its peers."""

from __future__ import annotations

import argparse
import collections
import shutil
import signal
import sys
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.edgeops.registry.tests.support.syncing import sync

from benchmarks.markdown import put_into
from benchmarks.seeding.measure import FailedError, copy_twice, look
from benchmarks.seeding.registries import Lab, lab
from benchmarks.seeding.report import render
from benchmarks.seeding.results import FAST, SLOW, Results
from benchmarks.seeding.tools import PEERS
from benchmarks.seeding.worksets import MAKERS, Workshop

if t.TYPE_CHECKING:
    from benchmarks.seeding.network import Link
    from benchmarks.seeding.worksets import WorkSet

OVER_SLOW_LINK = ("shared", "tiny", "index")


def main() -> None:
    """Entry point; exits with an error if a tool fails, but not for a missed aim."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seeding", description=__doc__)
    _add_sets(parser, "--sets", tuple(MAKERS), "what is copied on one machine")
    _add_sets(parser, "--slow-sets", OVER_SLOW_LINK, "what is copied over a slow link")
    names = [peer.name for peer in PEERS]
    parser.add_argument("--peers", nargs="+", choices=names, default=names, help="whom to compare with (all)")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is run (3)")
    parser.add_argument("--size", type=int, default=1024, help="MiB of the one big layer (1024)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into this page, too")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up as Ctrl-C does
    try:
        with tempfile.TemporaryDirectory(prefix="seeding-") as folder:
            results = measure_all(Path(folder), options)
    except FailedError as error:
        sys.exit(str(error))
    text = render(results)
    sys.stdout.write(f"{text}\n")
    if options.write:
        put_into(options.write, "seeding", text)


def measure_all(folder: Path, options: argparse.Namespace) -> Results:
    """Fill the source, then let every tool copy every set over every link."""
    workshop = Workshop(folder / "layouts", options.size)
    works = [make(workshop) for name, make in MAKERS.items() if name in (*options.sets, *options.slow_sets)]
    results = Results(works, [peer for peer in PEERS if peer.name in options.peers])
    with lab(folder, FAST) as place:
        for work in works:
            fill(place, workshop.folder / work.name, work)
        shutil.rmtree(workshop.folder)
        measure(place, FAST, [work for work in works if work.name in options.sets], options.rounds, results)
    with lab(folder, SLOW) as place:
        measure(place, SLOW, [work for work in works if work.name in options.slow_sets], options.rounds, results)
    return results


def fill(place: Lab, layout: Path, work: WorkSet) -> None:
    """Put a set into the source.

    Raises:
        FailedError: something went wrong.
    """
    images = ((f"oci:{layout}:{image.tag}", image.name) for image in work.images)
    with place.network.edge.entered():
        outcome = sync(place.source, *images)
    if outcome.failed:
        raise FailedError(outcome.failed)


def measure(place: Lab, link: Link, works: t.Iterable[WorkSet], rounds: int, results: Results) -> None:
    """Copy sets with all tools, in an order that rotates by rounds."""
    folder = place.destination.directory.with_name("tool")
    for work in works:
        for turn in range(rounds):
            order = collections.deque(results.tools)
            order.rotate(turn)
            for tool in order:
                first, again = copy_twice(place, folder, work, tool)
                results.add(link, work, tool, (first, again))
                sys.stderr.write(f"{work.name}, round {turn + 1}, {tool.name}: {first.wall:.2f} / {again.wall:.2f} s\n")
            results.add_floor(link, work, look(place, folder, work))


def _add_sets(parser: argparse.ArgumentParser, option: str, default: tuple[str, ...], what: str) -> None:
    parser.add_argument(option, nargs="*", choices=list(MAKERS), default=default, help=f"{what} ({' '.join(default)})")


if __name__ == "__main__":
    main()
