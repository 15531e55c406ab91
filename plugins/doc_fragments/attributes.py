# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of the modules. A module that differs sets its own C(support), which wins."""

from __future__ import annotations


class ModuleDocFragment:
    """What holds for every module; add O(platform) or O(controller) for where it runs."""

    DOCUMENTATION = r"""
attributes:
  action_group:
    description: Use C(group/edgeops.registry.registry) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - edgeops.registry.registry
  check_mode:
    description: Can run in C(check_mode) and predicts the change without making it.
    support: full
  diff_mode:
    description: Shows what changes, or would change, in diff mode. Secrets are redacted.
    support: full
  idempotent:
    description: When run twice in a row outside of check mode with the same arguments, the second run reports no change.
    support: full
"""

    PLATFORM = r"""
attributes:
  platform:
    description: Operating systems that the module runs on. It needs Python 3.9 and nothing beyond its standard library.
    support: full
    platforms: posix
"""

    CONTROLLER = r"""
attributes:
  action:
    description: Runs on the controller, through an action plugin of the same name.
    support: full
  platform:
    description: Operating systems that the module works on. The host itself needs no Python.
    support: full
    platforms: posix
"""
