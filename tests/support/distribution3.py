# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry engine's current major version, which Debian has no package of."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import typing as t

from ansible_collections.edgeops.registry.tests.support.real_registry import CACHE

if t.TYPE_CHECKING:
    from pathlib import Path

VERSION = "v3.1.2"
SOURCE = f"github.com/distribution/distribution/v3/cmd/registry@{VERSION}"


def program() -> Path:
    """Built from source once, which takes Go 1.25 or newer and some minutes."""
    folder = CACHE / f"distribution-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "registry").exists():
            go = shutil.which("go", path=f"{os.environ['PATH']}:/usr/local/go/bin")
            assert go, f"Go has to build {SOURCE}: install it from https://go.dev/dl"
            environment = {**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0"}
            subprocess.run([go, "install", SOURCE], env=environment, check=True)
    return folder / "registry"
