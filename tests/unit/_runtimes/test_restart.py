# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.restart import is_outdated, last_change
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until

NAME = "edge (test) d"  # brackets and spaces are what makes /proc/PID/stat hard to read


@pytest.fixture
def daemon(tmp_path):
    program = tmp_path / NAME
    shutil.copy("/bin/sleep", program)
    with _started(program) as process:
        yield process


def test_a_daemon_is_outdated_if_the_file_is_younger_and_not_if_it_is_older(daemon, tmp_path):
    settings = tmp_path / "settings"
    settings.write_text("")
    assert daemon.poll() is None
    for age, expected in ((-5.0, False), (5.0, True), (-5.0, False)):
        os.utime(settings, (time.time() + age, time.time() + age))
        assert is_outdated(NAME, last_change(str(settings))) is expected


def test_a_restart_settles_it(daemon, tmp_path):
    settings = tmp_path / "settings"
    wait_until(lambda: _write(settings) and is_outdated(NAME, last_change(str(settings))), "never outdated")
    daemon.kill()
    daemon.wait()
    assert not is_outdated(NAME, last_change(str(settings)))
    with _started(tmp_path / NAME):
        assert not is_outdated(NAME, last_change(str(settings)))


def test_only_the_users_own_daemon_counts(daemon):
    assert is_outdated(NAME, time.time() + 5, os.getuid())
    assert not is_outdated(NAME, time.time() + 5, os.getuid() + 1)
    assert daemon.poll() is None


def test_without_a_daemon_or_a_file_nothing_is_outdated(tmp_path):
    assert not is_outdated(NAME, time.time())
    assert last_change(str(tmp_path / "none")) == 0.0


@contextlib.contextmanager
def _started(program):
    with subprocess.Popen([program, "60"]) as process:
        try:
            wait_until(lambda: is_outdated(NAME, time.time() + 60), "the daemon does not show up in /proc")
            yield process
        finally:
            process.kill()


def _write(path):
    path.write_text("new")
    return True
