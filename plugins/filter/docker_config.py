# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's configuration on a host that no module of ours runs on."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._credentials.plan import AuthFile, absent, present
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import parse_records
from ansible_collections.edgeops.registry.plugins.plugin_utils._foreign_files import (
    Records,
    as_text,
    converged,
    endpoints,
)


def docker_config(
    content: str | None, records: Records, state: str = "present", path: str = "config.json", store: str = "fail"
) -> str:
    """The text of a config.json with the logins of registries, or without them.

    :raises AnsibleFilterError: a record is wrong, the file cannot be understood, or a credential store is in the way.
    """
    try:
        plans = _plans(records, state, AuthFile(path.replace("\\", "/")), store)
        return as_text(converged(plans, content) or b"{}")
    except ProvisioningError as error:
        raise AnsibleFilterError(f"docker_config: {error}") from None


def _plans(records: Records, state: str, file: AuthFile, store: str) -> list[FilePlan]:
    if state == "absent":
        return absent(endpoints(records), [file])
    return present(parse_records(records), [file], credential_store=store)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """All filters by name."""
        return {"docker_config": docker_config}
