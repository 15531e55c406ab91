# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server certificates of a registry, made on the controller."""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._action import HostAction
from ansible_collections.edgeops.registry.plugins.plugin_utils._host_files import Directory, Result
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._names import Names
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._plan import MAXIMUM_DAYS, Request
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._provide import Provider
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._supplied import Supplied


class ActionModule(HostAction):
    """Module edgeops.registry.certificate."""

    ARGUMENTS: t.ClassVar = {
        "path": {"type": "path", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "names": {"type": "list", "elements": "str", "default": []},
        "owner": {"type": "str"},
        "valid_days": {"type": "int", "default": MAXIMUM_DAYS},
        "renew_before": {"type": "int", "default": 60},
        "ca_valid_days": {"type": "int", "default": 3650},
        "certificate": {"type": "str"},
        "private_key": {"type": "str", "no_log": True},
        "ca_certificates": {"type": "list", "elements": "str", "default": []},
    }
    CONSTRAINTS: t.ClassVar = {
        "required_if": [("state", "present", ("names",))],
        "required_together": [("certificate", "private_key")],
    }

    def act(self, options: dict[str, t.Any]) -> Result:
        """Provide or remove the files."""
        directory = Directory(self, options["path"].rstrip("/"), self.check_mode)
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        provider = Provider(directory, options["owner"], options["renew_before"], now)
        if options["state"] == "absent":
            return provider.remove()
        names = Names.parse(options["names"])
        if options["certificate"]:
            supplied = Supplied.parse(
                options["certificate"], options["private_key"], options["ca_certificates"], names, now
            )
            return provider.provide_supplied(supplied)
        request = Request(names, options["valid_days"], options["renew_before"], options["ca_valid_days"])
        _check_days(request)
        return provider.provide_own(request)


def _check_days(request: Request) -> None:
    if not 1 <= request.valid_days <= MAXIMUM_DAYS:
        raise ProvisioningError(f"must be 1 to {MAXIMUM_DAYS}: clients refuse longer ones", part="valid_days")
    if not 0 <= request.renew_before < request.valid_days:
        raise ProvisioningError("must be less than valid_days", part="renew_before")
    if request.ca_valid_days < request.valid_days:
        raise ProvisioningError("must not be less than valid_days", part="ca_valid_days")
