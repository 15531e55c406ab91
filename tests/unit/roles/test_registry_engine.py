# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role registry in a cluster offers what its module does, and writes what each engine and the module expect of a configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.edgeops.registry import tests
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.connection import CONNECTION_OPTIONS
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_wanted import ZOT_IMAGES
from ansible_collections.edgeops.registry.plugins.modules.kubernetes_registry import ARGUMENT_SPEC
from ansible_collections.edgeops.registry.tests.support import zot
from ansible_collections.edgeops.registry.tests.support.play import PLAYBOOK

ROLE = Path(tests.__path__[0]).parent / "roles" / "registry"
FILES = "/etc/edgeops-registry"
NOT_OF_THE_ROLE = {"concurrency", "name", "progress_interval", "restart_failed", "state", "data", "timeout"}


def read(path):
    return yaml.safe_load((ROLE / path).read_text())


def test_each_option_of_the_module_can_be_set():
    [present, absent] = read("tasks/kubernetes.yml")
    [given] = [task for task in present["block"] if "edgeops.registry.kubernetes_registry" in task]
    assert set(given["edgeops.registry.kubernetes_registry"]) == set(ARGUMENT_SPEC) - NOT_OF_THE_ROLE
    taken = absent["block"][0]["edgeops.registry.kubernetes_registry"]
    assert set(taken) == {*CONNECTION_OPTIONS, "namespace", "state", "data"} - {"concurrency", "timeout"}


def test_the_engines_are_those_of_the_module():
    variables = read("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    engines = variables["registry_engine"]["choices"]
    assert engines == ARGUMENT_SPEC["engine"]["choices"]
    assert set(read("vars/main.yml")["__registry_templates"]) == set(engines)


@pytest.fixture
def configuration(tmp_path):
    def render(engine):
        template = f"{ROLE}/templates/{read('vars/main.yml')['__registry_templates'][engine]}"
        variables = {
            "registry_backend": "kubernetes",
            "registry_endpoint": "registry.example.com:31000",
            "registry_engine": engine,
        }
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars_files": [f"{ROLE}/defaults/main.yml", f"{ROLE}/vars/main.yml"],
            "tasks": [
                {"ansible.builtin.debug": {"msg": f"{{{{ lookup('ansible.builtin.template', '{template}') }}}}"}}
            ],
        }
        (tmp_path / "play.yml").write_text(json.dumps([play]))
        (tmp_path / "hosts").write_text(f"localhost ansible_python_interpreter={sys.executable}\n")
        environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
        command = [PLAYBOOK, "-i", tmp_path / "hosts", tmp_path / "play.yml", "--extra-vars", json.dumps(variables)]
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return yaml.safe_load(json.loads(done.stdout)["plays"][0]["tasks"][0]["hosts"]["localhost"]["msg"])

    return render


def test_distribution_serves_what_it_is_given(configuration):
    found = configuration("distribution")
    assert found["http"]["addr"] == ":5000"
    assert found["storage"]["filesystem"]["rootdirectory"] == "/var/lib/docker-registry"
    assert found["auth"]["htpasswd"]["path"] == f"{FILES}/htpasswd"


def test_zot_serves_what_it_is_given(configuration):
    """Names as https://zotregistry.dev/latest/admin-guide/admin-configuration/ has them."""
    found = configuration("zot")
    assert found["storage"]["rootDirectory"] == ZOT_IMAGES
    assert found["http"]["port"] == "5000"
    assert found["http"]["tls"] == {"cert": f"{FILES}/server.pem", "key": f"{FILES}/server.key"}
    assert found["http"]["auth"] == {"htpasswd": {"path": f"{FILES}/htpasswd"}}
    assert found["http"]["compat"] == ["docker2s2"]


def test_zot_knows_all_names_in_it_but_one_that_came_later(configuration, tmp_path):
    found = configuration("zot")
    assert "unknown keys: [HTTP.compat]" in verified_by_zot(tmp_path, found)
    del found["http"]["compat"]
    assert "is valid" in verified_by_zot(tmp_path, found)


def verified_by_zot(folder, found):
    """What zot 1 says of a configuration."""
    (folder / "config.json").write_text(json.dumps(found))
    command = [zot.program(), "verify", folder / "config.json"]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True).stdout


@pytest.fixture
def refusal(tmp_path):
    """What the role says where it does not get through; the CA and the password would be in `tmp_path / "keys"`."""

    def run(*options, **different):
        variables = {
            "registry_backend": "kubernetes",
            "registry_engine": "zot",
            "registry_endpoint": "registry.example.com:31000",
            "registry_directory": str(tmp_path / "keys"),
            "registry_kubeconfig": str(tmp_path / "missing.kubeconfig"),
            **different,
        }
        play = {"hosts": "localhost", "gather_facts": False, "roles": ["edgeops.registry.registry"], "vars": variables}
        (tmp_path / "play.yml").write_text(json.dumps([play]))
        host = f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}\n"
        (tmp_path / "hosts").write_text(host)
        command = [PLAYBOOK, "-i", tmp_path / "hosts", tmp_path / "play.yml", *options]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 2
        return done.stdout

    return run


@pytest.mark.parametrize(
    ("different", "words"),
    [
        ({"registry_backend": "linux"}, "registry_engine zot takes registry_backend kubernetes"),
        ({}, "registry_image docker.io/library/registry:3 is one of distribution"),
        ({"registry_image": "registry:5000/edge/registry"}, "registry_image registry:5000/edge/registry is one of"),
    ],
)
def test_what_zot_cannot_be_is_refused_before_anything_is_done(refusal, tmp_path, different, words):
    said = refusal(**different)
    assert words in said
    assert "changed=0" in said
    assert not (tmp_path / "keys").exists()


def test_zot_may_come_from_a_host_whose_name_is_registry(refusal):
    said = refusal("--check", registry_image="registry:5000/project-zot/zot:v2")
    assert "is one of distribution" not in said
    assert "missing.kubeconfig" in said
