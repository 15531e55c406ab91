# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._credentials.plan import AuthFile, absent, present
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.auth_files import (
    auth_files,
    engine_auth_files,
    shadowing_files,
)
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import User, find_engines
from ansible_collections.edgeops.registry.tests.support.machine import Machine

ROOT = User("root", 0, "/root")
ME = User("me", 1234, "/home/me")


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "machine", store=False)


@pytest.mark.parametrize(
    ("runtimes", "expected"),
    [
        (["docker"], ["/root/.docker/config.json", "/home/me/.docker/config.json"]),
        (["docker", "docker_rootless"], ["/root/.docker/config.json", "/home/me/.docker/config.json"]),
        (["podman"], ["/root/.config/containers/auth.json", "/home/me/.config/containers/auth.json"]),
        (["podman", "crio"], ["/root/.config/containers/auth.json", "/home/me/.config/containers/auth.json"]),
    ],
)
def test_p9_each_user_has_one_lasting_file_per_format(machine, runtimes, expected):
    files = engine_auth_files(find_engines(runtimes, (ROOT, ME), machine.root))
    assert files == [AuthFile(path, user) for path, user in zip(expected, ("root", "me"), strict=True)]


def test_the_files_of_accounts_by_name():
    [file] = auth_files(["docker"], ["root"], "/somewhere")
    assert file.path.startswith("/somewhere/")
    assert file.path.endswith("/.docker/config.json")


def test_p15_the_snaps_file_is_only_there_for_who_ran_it(machine):
    me = User("me", 1234, f"{machine.root}/home/me")
    other = User("other", 1235, f"{machine.root}/home/other")
    machine.put("home/me/snap/docker/100/.keep")
    (machine.path / "home/me/snap/docker/current").symlink_to("100")
    [file] = engine_auth_files(find_engines(["docker_snap"], (me, other), machine.root))
    assert file == AuthFile(f"{me.home}/snap/docker/current/.docker/config.json", "me")


def test_p9_an_old_login_that_would_win_until_the_next_boot_goes(machine):
    machine.install("podman")
    engines = find_engines(["auto"], (User("root", 0, f"{machine.root}/root"),), machine.root)
    assert shadowing_files(engines) == []
    record = Record.parse({"endpoint": "registry.example.com:5000", "username": "new", "password": "new"})
    login = {"auth": base64.b64encode(b"old:old").decode()}
    shadow = machine.put(
        "run/containers/0/auth.json", json.dumps({"auths": {str(record.endpoint): login, "other.example.com": login}})
    )
    assert shadowing_files(engines) == [AuthFile(str(shadow), "root")]
    converge(
        absent([record.endpoint], shadowing_files(engines)) + present([record], engine_auth_files(engines)), Settings()
    )
    assert list(json.loads(shadow.read_text())["auths"]) == ["other.example.com"]
    lasting = json.loads((machine.path / "root/.config/containers/auth.json").read_text())
    assert list(lasting["auths"]) == [str(record.endpoint)]
