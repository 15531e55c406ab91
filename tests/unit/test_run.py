# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._run import ask, run
from ansible_collections.edgeops.registry.tests.support.run_command import run_command

PYTHON = sys.executable


def test_a_success_says_nothing():
    assert run(run_command, [PYTHON, "-c", "print('words')"]) is None


def test_programs_speak_the_c_locale_and_find_those_of_the_system():
    script = "import os, shutil, sys; sys.exit(os.environ['LC_ALL'] != 'C' or not shutil.which('ldconfig'))"
    run(run_command, [PYTHON, "-c", script])


def test_arguments_arrive_as_they_are():
    run(run_command, [PYTHON, "-c", "import sys; sys.exit(sys.argv[1:] != ['$HOME', '~', 'a b'])", "$HOME", "~", "a b"])


def test_a_failure_says_what_the_program_said():
    with pytest.raises(ProvisioningError, match="ended with 2: no such option") as failure:
        run(run_command, ["/bin/sh", "-c", "echo no such option >&2; exit 2"])
    assert failure.value.reason == "io"


def test_a_missing_program_is_named():
    with pytest.raises(ProvisioningError, match="no-such-program cannot be run") as failure:
        run(run_command, ["no-such-program"])
    assert failure.value.reason == "unsupported"


def test_a_program_is_asked_by_its_standard_input():
    script = "import sys; print(sys.stdin.read().strip()); print('no', file=sys.stderr); sys.exit(3)"
    assert ask(run_command, [PYTHON, "-c", script], "secret") == (3, "secret\n", "no\n")
