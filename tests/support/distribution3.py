# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry engine's current major version, which Debian has no package of."""

from __future__ import annotations

import typing as t

from ansible_collections.edgeops.registry.tests.support.go_programs import install

if t.TYPE_CHECKING:
    from pathlib import Path


def program() -> Path:
    """Built from source once, which takes some minutes."""
    return install("github.com/distribution/distribution/v3/cmd/registry", "v3.1.2")
