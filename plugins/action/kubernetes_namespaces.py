# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces whose pods can pull."""

from __future__ import annotations

from ansible_collections.edgeops.registry.plugins.plugin_utils._record_action import RecordAction


class ActionModule(RecordAction):
    """Module edgeops.registry.kubernetes_namespaces."""
