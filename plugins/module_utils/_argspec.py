# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry record as an argument spec. This module util is private to the collection."""

from __future__ import annotations

import typing as t

ArgumentSpec = dict[str, dict[str, t.Any]]

RECORD_OPTIONS: ArgumentSpec = {
    "schema": {"type": "int", "default": 1},
    "name": {"type": "str"},
    "endpoint": {"type": "str", "required": True},
    "scheme": {"type": "str", "choices": ["https", "http"], "default": "https"},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "ca_certificates": {"type": "list", "elements": "str", "default": []},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "mirrors": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"upstream": {"type": "str", "required": True}, "prefix": {"type": "str", "default": ""}},
    },
}
"""The keys of a record; documented by the fragment `edgeops.registry.record`."""

TRANSFER_OPTIONS: ArgumentSpec = {
    "concurrency": {"type": "int", "default": 8},
    "timeout": {"type": "float", "default": 60},
    "allow_http": {"type": "bool", "default": False},
    "auth_file": {"type": "path"},
}
"""How a module that works on images talks to registries; documented by the fragment `edgeops.registry.transfer`."""


def record_option(*, required: bool = True) -> dict[str, t.Any]:
    """An option that is one record."""
    return {"type": "dict", "required": required, "options": RECORD_OPTIONS}


def records_option(*, required: bool = True) -> dict[str, t.Any]:
    """An option that is a list of records."""
    return {"type": "list", "elements": "dict", "required": required, "options": RECORD_OPTIONS}


__all__ = ("RECORD_OPTIONS", "TRANSFER_OPTIONS", "ArgumentSpec", "record_option", "records_option")
