# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What registries want their users to be told. This module util is private to the collection."""

from __future__ import annotations

import re
import threading

from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint

_WARNING = re.compile(r'299\s+-\s+"((?:[^"\\]|\\.)*)"')
_MOST = 10
_LONGEST = 300


def parse_warnings(header: str) -> list[str]:
    """The texts of a Warning header (OCI distribution specification 1.1, "Warnings"); several are joined by commas.

    Without what a terminal would take for orders.
    """
    texts = (re.sub(r"\\(.)", r"\1", text).strip() for text in _WARNING.findall(header))
    return ["".join(filter(str.isprintable, text))[:_LONGEST] for text in texts if text]


class Notices:
    """What any number of registries said, each text once, to any number of threads. Nothing is done because of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[str] = []

    def hear(self, endpoint: Endpoint, header: str) -> None:
        """Take note of a Warning header."""
        for text in parse_warnings(header):
            line = f"{endpoint} says: {text}"
            with self._lock:
                if line not in self._lines and len(self._lines) < _MOST:
                    self._lines.append(line)

    def lines(self) -> list[str]:
        """All of it, for the user."""
        with self._lock:
            return list(self._lines)


__all__ = ("Notices", "parse_warnings")
