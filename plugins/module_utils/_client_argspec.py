# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the modules that make a host a client of registries. This module util is private to the collection."""

from __future__ import annotations

from ansible_collections.edgeops.registry.plugins.module_utils._argspec import ArgumentSpec, records_option
from ansible_collections.edgeops.registry.plugins.module_utils._client import PARTS, VERIFY
from ansible_collections.edgeops.registry.plugins.module_utils._credentials.plan import CREDENTIAL_STORE
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.runtimes import AUTO, NAMES

_COMMON: ArgumentSpec = {
    "registries": records_option(),
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "absent_endpoints": {"type": "list", "elements": "str", "default": []},
    "backup": {"type": "bool", "default": False},
}
_OTHERS: ArgumentSpec = {
    "parts": {"type": "list", "elements": "str", "choices": [*PARTS, VERIFY], "default": [*PARTS, VERIFY]},
    "runtimes": {"type": "list", "elements": "str", "choices": [AUTO, *NAMES], "default": [AUTO]},
    "users": {"type": "list", "elements": "str", "default": ["root"]},
    "system_trust": {"type": "bool", "default": True},
    "verify_image": {"type": "str"},
    "allow_http": {"type": "bool", "default": False},
    "credential_store": {"type": "str", "choices": list(CREDENTIAL_STORE), "default": "fail"},
    "on_failure": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
    "unreachable": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
    "timeout": {"type": "float", "default": 10},
}
ALL = tuple(_OTHERS)


def client_options(*names: str) -> ArgumentSpec:
    """Those options that every such module has, and some of the others; documented by the fragment `edgeops.registry.client`."""
    return {**_COMMON, **{name: _OTHERS[name] for name in names}}


__all__ = ("ALL", "client_options")
