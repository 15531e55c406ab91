# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the site says at its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry import tests
from ansible_collections.edgeops.registry.tests.support.play import PLAYBOOK

ROLE = Path(tests.__path__[0]).parent / "roles" / "registry"
RECORD = {"endpoint": "registry.example.com:5000", "addresses": ["192.0.2.10"], "username": "edge"}


@pytest.fixture
def summary(tmp_path):
    def say(*options, make="", **facts):
        source = f"{{{{ lookup('ansible.builtin.template', '{ROLE}/templates/summary.j2') }}}}"
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars_files": [str(ROLE / "vars/main.yml")],
            "vars": {"registry_backend": "external", **facts},
            "tasks": [{"ansible.builtin.debug": {"msg": source}}],
        }
        (tmp_path / "play.yml").write_text(json.dumps([play]))
        (tmp_path / "hosts").write_text(f"[edge_clients]\nlocalhost ansible_python_interpreter={sys.executable}\n")
        environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "EDGEOPS_MAKE": make}
        command = [PLAYBOOK, "-i", tmp_path / "hosts", tmp_path / "play.yml", *options]
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)["plays"][0]["tasks"][0]["hosts"]["localhost"]["msg"].splitlines()

    return say


def test_an_audit_of_a_virgin_host_says_what_would_be(summary):
    images = [{"source": "oci-archive:/x/hello.tar", "name": "hello:1"}, {"source": "registry.example.net/app:2"}]
    said = summary("--check", registry_record={**RECORD, "x_planned": True}, images_results=[], __images_planned=images)
    assert said[0] == "WOULD STAND"
    assert said[said.index("WOULD CHANGE") + 1].split(", ") == ["  image hello:1", "image registry.example.net/app:2"]
    assert "  ansible-playbook edgeops.registry.decommission -i FILE: everything but the images" in said
    assert not [line for line in said if "make " in line]


def test_who_typed_make_is_told_to_make(summary):
    said = summary(registry_record=RECORD, make="1")
    assert said[0] == "STANDS"
    assert "make provision INVENTORY=FILE" in said[said.index("MORE CLIENTS") + 1]
    assert "make unprovision" in said[said.index("UNDO") + 1]
