# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only code that knows AnsibleModule. This module util is private to the collection."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgeops.registry.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome


class _Module(AnsibleModule):
    """Shows no options where it fails: a misspelt one may hold a secret, which nobody has marked as such."""

    def __init__(self, **declaration: t.Any) -> None:
        AnsibleModule.__init__(self, **declaration)

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        super().fail_json(msg, **{"invocation": {}, **kwargs})


UseCase = t.Callable[[dict[str, t.Any], Settings], Outcome]


def run_module(argument_spec: ArgumentSpec, use_case: UseCase, **constraints: t.Any) -> t.NoReturn:
    """Read the options, run the use case, exit as Ansible wants it.

    :param constraints: such as `required_if`, as AnsibleModule takes them.
    """
    module = _Module(argument_spec=argument_spec, supports_check_mode=True, **constraints)
    settings = Settings(
        check_mode=module.check_mode,
        diff=bool(module._diff),
        backup=bool(module.params.get("backup")),
        run_command=module.run_command,
    )
    try:
        outcome = use_case(module.params, settings)
    except ProvisioningError as error:
        module.fail_json(msg=str(error), reason=error.reason, remedy=error.remedy)
    for warning in outcome.warnings:
        module.warn(warning)
    result = {"changed": outcome.changed, "diff": list(outcome.diff), **outcome.facts}
    if outcome.failed:
        module.fail_json(msg=outcome.failed, **result)
    module.exit_json(**result)


__all__ = ("UseCase", "run_module")
