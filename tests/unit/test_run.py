# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._run import find_program, run

PYTHON = sys.executable


def test_input_output_and_exit_code():
    script = "import sys; text = sys.stdin.read(); print(text.upper()); print('e', file=sys.stderr); sys.exit(3)"
    result = run([PYTHON, "-c", script], stdin="text", check=False)
    assert (result.code, result.stdout, result.stderr) == (3, "TEXT\n", "e\n")


def test_output_is_in_the_c_locale_and_never_fails_to_decode():
    assert run([PYTHON, "-c", "import os; print(os.environ['LC_ALL'])"]).stdout == "C\n"
    assert run(["/usr/bin/printf", r"\377"]).stdout == "\ufffd"


def test_a_failure_says_what_the_program_said():
    with pytest.raises(ProvisioningError, match="ended with 2: no such option") as failure:
        run(["/bin/sh", "-c", "echo no such option >&2; exit 2"])
    assert failure.value.reason == "io"


def test_what_goes_to_stdin_is_in_no_message():
    with pytest.raises(ProvisioningError) as failure:
        run(["/bin/sh", "-c", "exit 2"], stdin="s3cret")
    assert "s3cret" not in str(failure.value)


def test_a_missing_program_is_named():
    with pytest.raises(ProvisioningError, match="no-such-program is not installed") as failure:
        run(["no-such-program"])
    assert failure.value.reason == "unsupported"
    assert find_program("no-such-program") is None


def test_a_program_that_hangs_is_ended():
    with pytest.raises(ProvisioningError, match="did not end within 0 s"):
        run(["/bin/sh", "-c", "exec sleep 60"], timeout=0.05)


def test_programs_of_the_system_are_found_whatever_the_path():
    assert find_program("sh") in ("/bin/sh", "/usr/bin/sh")
    assert find_program("ldconfig") in ("/sbin/ldconfig", "/usr/sbin/ldconfig")
