# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands as argument lists. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"))


@dataclasses.dataclass(frozen=True)
class Result:
    """Exit code and output of a command."""

    code: int
    stdout: str
    stderr: str


def find_program(name: str) -> str | None:
    """Absolute path of a program, looked for in PATH and in the system's own directories."""
    return shutil.which(name, path=SEARCH_PATH)


def run(argv: list[str], *, stdin: str = "", timeout: float = 120, check: bool = True) -> Result:
    """Run a command in the C locale.

    :param argv: program and arguments; never a secret, which goes to `stdin`.
    :param timeout: seconds.
    :raises ProvisioningError: the program is missing, takes too long, or, with `check`, exits other than 0.
    """
    environment = {**os.environ, "PATH": SEARCH_PATH, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env=environment,
            check=False,
        )
    except FileNotFoundError as error:
        raise ProvisioningError(f"{argv[0]} is not installed", reason="unsupported") from error
    except subprocess.TimeoutExpired as error:
        raise ProvisioningError(f"{' '.join(argv)} did not end within {timeout:.0f} s", reason="io") from error
    if check and done.returncode != 0:
        output = (done.stderr or done.stdout).strip()
        raise ProvisioningError(f"{' '.join(argv)} ended with {done.returncode}: {output}", reason="io")
    return Result(done.returncode, done.stdout, done.stderr)


__all__ = ("Result", "find_program", "run")
