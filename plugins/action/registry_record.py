# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry records in a file on the controller."""

from __future__ import annotations

import functools
import typing as t

from ansible.parsing.vault import VaultSecretsContext
from ansible_collections.edgeops.registry.plugins.module_utils._argspec import records_option
from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import parse_records
from ansible_collections.edgeops.registry.plugins.plugin_utils._action import ControllerAction
from ansible_collections.edgeops.registry.plugins.plugin_utils._host_files import Result
from ansible_collections.edgeops.registry.plugins.plugin_utils._record_file import RecordFile


class ActionModule(ControllerAction):
    """Module edgeops.registry.registry_record."""

    ARGUMENTS: t.ClassVar = {
        "path": {"type": "path", "required": True},
        "registries": records_option(),
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "vault_id": {"type": "str"},
    }
    _requires_connection = False

    def act(self, options: dict[str, t.Any]) -> Result:
        """Converge the file."""
        path = self._loader.path_dwim(options["path"])
        file = RecordFile(VaultSecretsContext.current().secrets or [], options["vault_id"])
        plans = [
            FilePlan(path, render, owner, mode=0o600, enforce_mode=True, directory_mode=0o700, redact=file.show)
            for owner, render in _renders(file, options)
        ]
        changes = converge(plans, Settings(check_mode=self.check_mode, diff=bool(self._task.diff)))
        for failure in (failure for change in changes for failure in change.failures):
            raise ProvisioningError.from_failure({**failure, "part": f"{path} {failure['part']}".strip()})
        diffs = [change.diff for change in changes if change.diff]
        return Result(any(change.changed for change in changes), {"path": path}, diffs)


def _renders(
    file: RecordFile, options: dict[str, t.Any]
) -> t.Iterator[tuple[str, t.Callable[[bytes | None], bytes | None]]]:
    """For each endpoint, what makes the new content of the file."""
    if options["state"] == "absent":
        for item in options["registries"]:
            endpoint = Endpoint.parse(item["endpoint"])
            yield str(endpoint), functools.partial(file.drop, endpoint=endpoint)
    else:
        for record in parse_records(options["registries"]):
            yield str(record.endpoint), functools.partial(file.put, record=record)
