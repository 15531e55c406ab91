# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registries that whoever runs the tests brings along.

`REGISTRY_URL=https://user:password@registry.example.com:5000` is one that runs already, whose CA is in the file `REGISTRY_CA`
unless it is a public one. `REGISTRY_PROGRAM=/path/of/zot` is one that is started: zot 2.1.2 or later, or what takes the
configuration of distribution.
"""

from __future__ import annotations

import os
import typing as t
import urllib.parse
from pathlib import Path

from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry
from ansible_collections.edgeops.registry.tests.support.zot import Zot

URL, CA, PROGRAM = "REGISTRY_URL", "REGISTRY_CA", "REGISTRY_PROGRAM"


def brought() -> list[str]:
    """The variables that are set."""
    return [name for name in (URL, PROGRAM) if os.environ.get(name)]


def record_of_url() -> dict[str, t.Any]:
    """The record of the registry that runs already."""
    url, ca_file = urllib.parse.urlsplit(os.environ[URL]), os.environ.get(CA)
    port = url.port or {"https": 443, "http": 80}[url.scheme]
    return {
        "endpoint": f"{url.hostname}:{port}",
        "scheme": url.scheme,
        "ca_certificates": [Path(ca_file).read_text()] if ca_file else [],
        "username": urllib.parse.unquote(url.username or "") or None,
        "password": urllib.parse.unquote(url.password or "") or None,
    }


def registry_of_program(directory: Path) -> RealRegistry:
    """The registry that is to be started."""
    program = Path(os.environ[PROGRAM])
    if program.name.startswith("zot"):
        return Zot(directory, program=program, compat=["docker2s2"])
    return RealRegistry(directory, program=program)
