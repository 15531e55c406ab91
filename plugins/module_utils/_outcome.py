# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a use case gives back. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import Diff


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a use case did.

    :param facts: further return values of the module.
    :param failed: what went wrong; the module fails with it, and still returns all the rest.
    """

    changed: bool
    facts: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    diff: t.Sequence[Diff] = ()
    warnings: t.Sequence[str] = ()
    failed: str = ""


__all__ = ("Outcome",)
