# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of TRANSFER_OPTIONS in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """How a module that works on images talks to registries."""

    DOCUMENTATION = r"""
options:
  concurrency:
    description: How many requests run at the same time, and how many connections to a registry are open. From 1 to 64.
    type: int
    default: 8
  timeout:
    description: Seconds to wait for a connection, and for anything to arrive over it.
    type: float
    default: 60
"""

    HTTP = r"""
options:
  allow_http:
    description: Whether registries with plain HTTP may be used, which shows the passwords to everybody on the way.
    type: bool
    default: false
"""
