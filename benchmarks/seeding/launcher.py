# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a program and measure it, with all that it starts.

Arguments: the program and its own. Its standard input and output are those of this process. The last line on standard
error is one JSON object: its exit status, seconds on the clock and of CPU, and KiB of memory of the largest process.
A process of its own does this because the memory of a process counts what its parent had when it was started: this one
has very little.
"""

import json
import os
import sys
import time


def main() -> None:
    """Entry point."""
    started = time.monotonic()
    process = os.posix_spawnp(sys.argv[1], sys.argv[1:], {**os.environ, "STARTED": repr(started)})
    status, used = os.wait4(process, 0)[1:]
    wall = time.monotonic() - started
    result = {
        "status": os.waitstatus_to_exitcode(status),
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss,
    }
    sys.stderr.write(f"\n{json.dumps(result)}\n")


if __name__ == "__main__":
    main()
