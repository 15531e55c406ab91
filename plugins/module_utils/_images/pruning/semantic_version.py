# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of versions in tags. This module util is private to the collection."""

from __future__ import annotations

import re

Precedence = tuple[tuple[int, ...], tuple[tuple[int, int, str], ...]]
"""What versions are compared by, the newer one being the greater."""

_VERSION = re.compile(r"[vV]?(?P<core>[0-9]+(?:\.[0-9]+)*)(?:-(?P<pre>[0-9A-Za-z.-]+))?(?:_[0-9A-Za-z._-]*)?")
_RELEASE = ((2, 0, ""),)


def precedence(tag: str) -> Precedence | None:
    """The precedence of the version that a tag is (Semantic Versioning 2.0.0, section 11); None where it is none.

    Beyond the specification a `v` may lead, numbers may have leading zeros and be more or fewer than three, missing
    ones being 0, and `_` may stand for the `+` of the build metadata, which tags cannot have.
    """
    match = _VERSION.fullmatch(tag)
    if match is None:
        return None
    core = [int(number) for number in match["core"].split(".")]
    while core and not core[-1]:
        core.pop()
    return tuple(core), tuple(map(_identifier, match["pre"].split("."))) if match["pre"] else _RELEASE


def _identifier(text: str) -> tuple[int, int, str]:
    return (0, int(text), "") if text.isdigit() else (1, 0, text)


__all__ = ("Precedence", "precedence")
