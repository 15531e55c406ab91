# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a fleet in steady state: this collection against the cheapest task there is, and against its peers."""

from __future__ import annotations

import argparse
import collections
import signal
import sys
from pathlib import Path

from benchmarks.fleet.lab import build_image, fleet
from benchmarks.fleet.measure import PLAYS, Bench, NotSteadyError, Play, Sample
from benchmarks.fleet.report import Results, render
from benchmarks.markdown import put_into


def main() -> None:
    """Entry point; exits with an error if a play is not in steady state, but not for a missed aim."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=[1, 10, 20], help="numbers of hosts (1 10 20)")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is run (3)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into this page, too")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up as Ctrl-C does
    build_image()
    try:
        with fleet(max(options.hosts)) as folder:
            results = measure_all(Bench(folder), options.hosts, options.rounds)
    except NotSteadyError as error:
        sys.exit(str(error))
    text = render(results)
    sys.stdout.write(f"{text}\n")
    if options.write:
        put_into(options.write, "fleet", text)


def measure_all(bench: Bench, sizes: list[int], rounds: int) -> Results:
    """Converge all hosts, then measure every play with every number of hosts, in an order that rotates by rounds."""
    modules = {}
    for play in PLAYS:
        bench.converge(play, max(sizes))
        modules[play] = bench.module_executions(play)
    samples: dict[tuple[int, Play], list[Sample]] = collections.defaultdict(list)
    for turn in range(rounds):
        order = collections.deque(PLAYS)
        order.rotate(turn)
        for hosts in sizes:
            for play in order:
                sample = bench.measure(play, hosts)
                samples[hosts, play].append(sample)
                sys.stderr.write(f"round {turn + 1}, {hosts} hosts, {play.name}: {sample.wall:.1f} s\n")
    return Results(samples, modules)


if __name__ == "__main__":
    main()
