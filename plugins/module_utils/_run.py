# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands as argument lists. This module util is private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

_SEARCH_PATH = os.pathsep.join(
    (os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin")
)


class RunCommand(t.Protocol):
    """Runs a command and returns its exit code, output and error output, as `AnsibleModule.run_command` does."""

    def __call__(
        self,
        args: list[str],
        *,
        environ_update: dict[str, str],
        expand_user_and_vars: bool,
        handle_exceptions: bool,
        data: str | None = None,
    ) -> tuple[int, str, str]: ...


def run(run_command: RunCommand, argv: list[str]) -> None:
    """Run a command in the C locale.

    :param argv: program and arguments; never a secret.
    :raises ProvisioningError: the program cannot be run, or exits other than 0.
    """
    code, output, errors = ask(run_command, argv)
    if code != 0:
        said = (errors or output).strip()
        raise ProvisioningError(f"{' '.join(argv)} ended with {code}: {said}", reason="io")


def ask(run_command: RunCommand, argv: list[str], data: str | None = None) -> tuple[int, str, str]:
    """Exit code, output and error output of a command in the C locale.

    :param argv: program and arguments; never a secret.
    :param data: what it reads on its standard input.
    :raises ProvisioningError: the program cannot be run.
    """
    try:
        return run_command(
            argv,
            environ_update={"PATH": _SEARCH_PATH, "LC_ALL": "C"},
            expand_user_and_vars=False,
            handle_exceptions=False,
            data=data,
        )
    except OSError as error:
        raise ProvisioningError(f"{argv[0]} cannot be run: {error.strerror}", reason="unsupported") from error


__all__ = ("RunCommand", "ask", "run")
