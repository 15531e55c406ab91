# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images for pods: a shell, a registry, and the one that says hello."""

from __future__ import annotations

import typing as t

from ansible_collections.edgeops.registry.tests.support.container import CHECKOUT, build_images
from ansible_collections.edgeops.registry.tests.support.skopeo import skopeo

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry

BUSYBOX = "edge/busybox:1"
HELLO = "edge/hello:1"
REGISTRY = "edge/registry:2"
SOURCES = {
    BUSYBOX: "docker-daemon:edgeops-test-busybox:bookworm",
    HELLO: f"oci-archive:{CHECKOUT}/roles/images/files/hello.tar",
    REGISTRY: "docker-daemon:edgeops-test-registry:bookworm",
}


def push_images(registry: RealRegistry) -> None:
    """Push all of them, for all platforms that they have."""
    build_images("busybox", "registry")
    for name, source in SOURCES.items():
        skopeo(registry, "copy", "--all", source, f"docker://{{}}/{name}")
