# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device's own words without the secrets that may be in them. This plugin util is private to the collection."""

from __future__ import annotations

import re
import typing as t

_HIDDEN = "(not shown)"
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_ENCODED = re.compile(r"[A-Za-z0-9+/]{80,}={0,2}")
_NAMED = re.compile(
    r"(?P<name>\b[\w-]*(?:password|passwd|pwd|secret|token|key-data)\b[\"']?(?:\s*[:=]\s*|\s+(?:is\s+)?(?=[\"']))|\s-p(?:assword)?\s+)"
    r"(?:\"[^\"]*\"|'[^']*'|\S+)",
    re.IGNORECASE,
)


def redacted(text: str, secrets: t.Iterable[str]) -> str:
    """Text without the secrets that are known, without private keys, and without what it calls a password or the like."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):  # one may be part of another
        text = text.replace(secret, _HIDDEN)
    for pattern in (_PRIVATE_KEY, _ENCODED):
        text = pattern.sub(_HIDDEN, text)
    return _NAMED.sub(lambda found: f"{found['name']}{_HIDDEN}", text)


__all__ = ("redacted",)
