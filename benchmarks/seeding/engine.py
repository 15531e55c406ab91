# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our engine as a process without Ansible.

Arguments: a file with the parameters of module image_sync, checked and complete. Prints one JSON object: the seconds
from the moment in the environment's `STARTED` to the start of the engine, and whether it changed anything.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._images.sync import sync_images


def main() -> None:
    """Entry point; exits with an error unless all images have arrived."""
    params = json.loads(Path(sys.argv[1]).read_bytes())
    start = time.monotonic() - float(os.environ["STARTED"])
    outcome = sync_images(params, Settings())
    sys.stdout.write(json.dumps({"start": start, "changed": outcome.changed}))
    sys.exit(outcome.failed or None)


if __name__ == "__main__":
    main()
