# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts file of a host that no module of ours runs on."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._hosts.plan import absent, present
from ansible_collections.edgeops.registry.plugins.module_utils._record import parse_records
from ansible_collections.edgeops.registry.plugins.plugin_utils._foreign_files import (
    Records,
    as_text,
    converged,
    endpoints,
)


def hosts_file(content: str | None, records: Records, state: str = "present", path: str = "hosts file") -> str:
    """The text of a hosts file in which registries have their addresses, or no longer have them.

    :raises AnsibleFilterError: a record is wrong, or a line that is not ours is in the way.
    """
    try:
        plans = absent(endpoints(records), path) if state == "absent" else present(parse_records(records), path)
        return as_text(converged(plans, content) or b"")
    except ProvisioningError as error:
        raise AnsibleFilterError(f"hosts_file: {error}") from None


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """All filters by name."""
        return {"hosts_file": hosts_file}
