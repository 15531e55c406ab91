# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module image_sync and role images as Ansible runs them, and what a Docker engine makes of the result."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.tests.support.oci_layout import OciLayout, random_layer

ANSIBLE_PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
HELLO = "Hello from your edge registry."
PLAY = """
- name: Seed
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Seed
      ansible.builtin.import_role:
        name: edgeops.registry.images
    - name: Show the results
      ansible.builtin.debug:
        msg: "RESULTS {{ images_results | default([]) | to_json }}"
"""


class Playbook:
    """Role images on this host, with its variables in a file."""

    def __init__(self, directory, **variables):
        self.directory = directory
        self.play = directory / "play.yml"
        self.play.write_text(PLAY)
        self.variables = directory / "vars.json"
        self.set(**variables)

    def set(self, **variables):
        base = {"images_directory": str(self.directory / "images"), "ansible_python_interpreter": sys.executable}
        self.variables.write_text(json.dumps({**base, **variables}))

    def run(self, *arguments):
        """Run it: exit code, number of changed tasks, results, output."""
        argv = [ANSIBLE_PLAYBOOK, "-i", "localhost,", "-c", "local", "-e", f"@{self.variables}", *arguments, self.play]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=self.directory)
        output = done.stdout + done.stderr
        changed = re.search(r"changed=(\d+)", output)
        found = re.search(r'"msg": "RESULTS (.*)"$', output, re.MULTILINE)
        results = json.loads(json.loads(f'"{found[1]}"')) if found else []
        return done.returncode, int(changed[1]) if changed else -1, results, output


@pytest.fixture
def hello(tmp_path, registry):
    return Playbook(tmp_path, images_registry=registry.record_dict)


def test_the_hello_image_with_no_variables(hello, registry):
    code, changed, results, output = hello.run("--check", "--diff")
    assert code == 0, output
    assert not list(registry.access_log())
    assert not (hello.directory / "images").exists()

    code, changed, results, output = hello.run()
    assert code == 0, output
    assert [(image["name"], image["action"]) for image in results] == [("hello:1", "copy")]
    assert changed == 3
    assert registry.password not in output

    registry.clear_access_log()
    for arguments in ((), ("--check",)):
        code, changed, results, output = hello.run(*arguments)
        assert (code, changed) == (0, 0), output
        assert [(image["action"], image["requests"]) for image in results] == [("none", 1)]
    assert registry.access_log() == [("HEAD", "/v2/hello/manifests/1", 200)] * 2

    hello.set(images_registry=registry.record_dict, images_state="absent")
    assert hello.run()[:2] == (0, 1)
    assert not (hello.directory / "images").exists()
    assert hello.run()[:2] == (0, 0)


def test_the_record_that_role_registry_publishes(hello, registry):
    hello.set(registry_push_record={**registry.record_dict, "x_planned": True})
    code, changed, results, output = hello.run("--check")
    assert (code, results) == (0, []), output
    assert not registry.access_log()

    hello.set(registry_push_record={**registry.record_dict, "x_rack": 7})
    code, changed, results, output = hello.run()
    assert (code, changed) == (0, 3), output


def test_docker_pulls_and_runs_it(hello, registry):
    assert hello.run()[0] == 0
    image = f"127.0.0.1:{registry.port}/hello:1"
    login = base64.b64encode(f"{registry.username}:{registry.password}".encode()).decode()
    (hello.directory / "config.json").write_text(json.dumps({"auths": {f"127.0.0.1:{registry.port}": {"auth": login}}}))
    docker = ["/usr/bin/env", "docker", "--config", hello.directory]
    try:
        subprocess.run([*docker, "pull", "--quiet", image], check=True)
        done = subprocess.run(
            [*docker, "run", "--rm", "--network", "none", image], check=False, capture_output=True, text=True
        )
    finally:
        subprocess.run([*docker, "rmi", "--force", image], check=False, capture_output=True)
    assert (done.stdout, done.stderr) == (f"{HELLO}\n", "")


def test_secrets_stay_out_of_the_output(hello, start_registry, registry, tmp_path):
    origin = start_registry()
    layout = OciLayout(tmp_path / "layout")
    layout.image(random_layer(1000, 1))
    for target in (
        {"images_registry": origin.record_dict},
        {"images_registry": {**origin.record_dict, "password": "canary-wrong"}},
    ):
        hello.set(
            **target,
            images_sources=[registry.record_dict],
            images_list=[{"source": f"oci:{layout.folder}", "name": "app:1"}],
        )
        output = hello.run("-vvvv", "--diff")[3]
        for secret in (origin.password, registry.password, "canary-wrong"):
            assert secret not in output
            assert base64.b64encode(f"edge:{secret}".encode()).decode() not in output


def test_a_failure_is_told_in_full(hello, registry, tmp_path):
    layout = OciLayout(tmp_path / "layout")
    layout.image(random_layer(1000, 1))
    images = [{"source": "oci:/nowhere/at/all", "name": "bad:1"}, {"source": f"oci:{layout.folder}", "name": "good:1"}]
    hello.set(images_registry=registry.record_dict, images_list=images)
    code, dummy, dummy, output = hello.run()
    assert code == 2
    assert "1 of 2 images are not at" in output
    assert "bad:1: there is no folder /nowhere/at/all on this host" in output
    assert ("PUT", "/v2/good/manifests/1", 201) in registry.access_log()


def test_a_misspelt_key_is_refused_before_its_value_is_shown(hello, registry):
    hello.set(images_registry={**registry.record_dict, "pasword": "canary"})
    code, dummy, dummy, output = hello.run("-vvvv")
    assert code == 2
    assert "pasword" in output
    assert "canary" not in output
    assert registry.access_log() == []
