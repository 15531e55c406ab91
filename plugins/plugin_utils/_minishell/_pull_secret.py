# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pull secret that a device puts into each namespace. This plugin util is private to the collection.

Nobody documents whether the device puts the new password into it when its registry is enabled anew.
"""

from __future__ import annotations

import base64
import json
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._credentials import auth_file
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_secret import content
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.secret_diff import DOCKER_CONFIG
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import RegistryInfo

NAME = "ase-ecr-credentials"


def refreshed(found: dict[str, t.Any], registry: RegistryInfo) -> dict[str, t.Any] | None:
    """What to merge into the secret so that it has the registry's password; None where it has that already.

    A secret that is for another user, or that cannot be read, is none of ours to judge: then it is None too.
    """
    before = content(found)
    login = _login(before, registry.endpoint)
    if login is None or login[0] != registry.username or login[1] == registry.password:
        return None
    after = auth_file.set_login(before, NAME, Record.parse(registry.as_record(), "registry"), store=None)
    return {
        "metadata": {"resourceVersion": found["metadata"]["resourceVersion"]},  # refused if the device was quicker
        "data": {DOCKER_CONFIG: base64.b64encode(after).decode()},
    }


def _login(config: bytes | None, endpoint: str) -> tuple[str, str] | None:
    """User and password in a docker configuration for a registry."""
    try:
        entry = json.loads(config or b"")["auths"][endpoint]
        if "auth" not in entry:
            return entry["username"], entry["password"]
        username, colon, password = base64.b64decode(entry["auth"]).decode().partition(":")
    except (LookupError, TypeError, ValueError):
        return None
    return (username, password) if colon else None


__all__ = ("NAME", "refreshed")
