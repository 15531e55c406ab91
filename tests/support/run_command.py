# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AnsibleModule's own way to run a command."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

with patch_module_args({}):
    run_command = AnsibleModule({}).run_command
