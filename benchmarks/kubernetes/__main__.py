# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure namespaces with pull secrets: this collection's module against two ways to use kubernetes.core."""

from __future__ import annotations

import argparse
import collections
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.kubernetes.measure import LOOP, OURS, PLAYS, Bench, FailedError, Pair, Play, node
from benchmarks.kubernetes.report import Results, render
from benchmarks.markdown import put_into

LOOP_MOST = 100
"""With more namespaces a loop takes so long that it has to be asked for."""


def main() -> None:
    """Entry point; exits with an error if a play fails, but not for a missed aim."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kubernetes", description=__doc__)
    parser.add_argument("--namespaces", type=int, nargs="+", default=[10, 100, 500], help="how many (10 100 500)")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is run (3)")
    parser.add_argument("--long-loops", action="store_true", help=f"loop over more than {LOOP_MOST} namespaces, too")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into this page, too")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up as Ctrl-C does
    contenders = {
        size: [play for play in PLAYS if play != LOOP or size <= LOOP_MOST or options.long_loops]
        for size in options.namespaces
    }
    try:
        with tempfile.TemporaryDirectory(prefix="kubernetes-") as folder, node() as started:
            results = measure_all(Bench(Path(folder), started), contenders, options.rounds)
    except FailedError as error:
        sys.exit(str(error))
    text = render(results)
    sys.stdout.write(f"{text}\n")
    if options.write:
        put_into(options.write, "kubernetes", text)


def measure_all(bench: Bench, contenders: dict[int, list[Play]], rounds: int) -> Results:
    """Measure every play with every number of namespaces, in an order that rotates by rounds."""
    bench.measure(OURS, 1)  # the first of all would pay for the cluster's start
    pairs: dict[tuple[int, Play], list[Pair]] = collections.defaultdict(list)
    for turn in range(rounds):
        for size, plays in contenders.items():
            order = collections.deque(plays)
            order.rotate(turn)
            for play in order:
                pair = bench.measure(play, size)
                pairs[size, play].append(pair)
                seconds = f"{pair.first.wall:.1f} and {pair.again.wall:.1f} s"
                sys.stderr.write(f"round {turn + 1}, {size} namespaces, {play.name}: {seconds}\n")
    return Results(pairs)


if __name__ == "__main__":
    main()
