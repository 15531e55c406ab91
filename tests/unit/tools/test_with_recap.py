# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/with_recap: what a reader of the end of a long output gets."""

from __future__ import annotations

import subprocess
from pathlib import Path

WITH_RECAP = Path(__file__).resolve().parents[3] / "tools" / "with_recap"
PARTS = """\
echo "make[1]: Entering directory '/clone'"
echo 'fatal: [client]: FAILED! => as its test has it'
echo 'a scenario passed'
echo "make[1]: Leaving directory '/clone'"
echo "make[1]: Entering directory '/clone'"
echo 'FAILED tests/unit/test_run.py::test_it - assert 1 == 2'
echo 'make[1]: *** [Makefile:9: unit] Error 1' >&2
echo "make[1]: Leaving directory '/clone'"
echo 'another part passed'
echo 'make: *** [Makefile:3: test] Error 2' >&2
"""


def run_with_recap(script):
    return subprocess.run([WITH_RECAP, "sh", "-c", script], check=False, capture_output=True, text=True)


def test_only_what_failed_is_at_the_end():
    run = run_with_recap(PARTS + "exit 3")
    assert run.returncode == 3
    assert run.stdout.splitlines()[-4:] == [
        "WHAT FAILED",
        "FAILED tests/unit/test_run.py::test_it - assert 1 == 2",
        "make[1]: *** [Makefile:9: unit] Error 1",
        "make: *** [Makefile:3: test] Error 2",
    ]


def test_success_is_shown_as_it_is():
    run = run_with_recap("echo passed")
    assert (run.returncode, run.stdout) == (0, "passed\n")
