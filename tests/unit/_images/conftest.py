# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of images share."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.edgeops.registry.tests.support.fault_proxy import FaultProxy
from ansible_collections.edgeops.registry.tests.support.oci_layout import OciLayout

if t.TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry


@pytest.fixture
def layout(tmp_path: Path) -> OciLayout:
    """A layout in a folder, with no images yet."""
    return OciLayout(tmp_path / "layout")


@pytest.fixture
def before() -> t.Iterator[t.Callable[[RealRegistry], FaultProxy]]:
    """Put a network that fails before registries; it ends with the test."""
    started: list[FaultProxy] = []

    def start(registry: RealRegistry) -> FaultProxy:
        started.append(FaultProxy(registry))
        return started[-1]

    yield start
    for proxy in started:
        proxy.stop()
