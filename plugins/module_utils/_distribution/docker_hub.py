# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is different about Docker Hub. This module util is private to the collection."""

from __future__ import annotations

from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint

DOCKER_HUB = "docker.io"
"""How images and records name it."""

HUB_HOSTS = (DOCKER_HUB, "index.docker.io", "registry-1.docker.io")
HUB_LOGIN = "https://index.docker.io/v1/"
"""How files of logins and credential helpers name it."""

_API = Endpoint("registry-1.docker.io", 443)


def api_of(endpoint: Endpoint) -> Endpoint:
    """Where the API of a registry is that images name so."""
    return _API if endpoint.host == DOCKER_HUB else endpoint


__all__ = ("DOCKER_HUB", "HUB_HOSTS", "HUB_LOGIN", "api_of")
