# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks for Windows, which cannot run here: arguments as the modules' documentation has them, and what they would be given."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.edgeops.registry import tests

ROLE = Path(tests.__path__[0]).parent / "roles" / "client"
FILES = ["tasks/windows.yml", "tasks/windows_login.yml", "tasks/windows_proof.yml", "handlers/windows.yml"]
BIN = Path(sys.executable).parent
HOSTS = b"127.0.0.1 localhost\r\n"
PASSWORD = "s3cret-canary"
PEM = "-----BEGIN CERTIFICATE-----\n"


def tasks(items):
    """All tasks, those in blocks too."""
    for item in items:
        yield from tasks(item["block"]) if "block" in item else [item]


def module_calls():
    for file in FILES:
        for task in tasks(yaml.safe_load((ROLE / file).read_text())):
            for name, arguments in task.items():
                if name.startswith("ansible.windows."):
                    yield name, arguments


@pytest.fixture(scope="module")
def documentation():
    names = sorted({name for name, _arguments in module_calls()})
    done = subprocess.run([BIN / "ansible-doc", "--json", *names], check=True, capture_output=True)
    return {name: found["doc"]["options"] for name, found in json.loads(done.stdout).items()}


def test_arguments_are_those_of_the_released_modules(documentation):
    calls = list(module_calls())
    assert len(calls) > 10
    for name, arguments in calls:
        options = documentation[name]
        assert set(arguments) <= set(options), name
        assert {key for key, option in options.items() if option.get("required")} <= set(arguments), name
        for key, value in arguments.items():
            choices = options[key].get("choices")
            if choices and "{{" not in str(value):
                assert value in choices, (name, key)


FAKE = """\
# Stands where a module for Windows would: notes what it is given, and answers from a file.
import json

from ansible.plugins.action import ActionBase

FOLDER = {folder!r}
NAME = {name!r}


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        with open(FOLDER + "/calls", "a") as calls:
            calls.write(json.dumps([NAME, self._task.args]) + "\\n")
        with open(FOLDER + "/answers.json") as answers:
            answer = json.load(answers).get(NAME, {{}})
        return {{"changed": NAME not in ("slurp", "win_stat", "win_find", "win_uri"), **answer}}
"""


@pytest.fixture
def run(tmp_path, authority):
    """Run a playbook on a Windows host with modules that note what they are given; the notes by module."""
    plugins = tmp_path / "ansible_collections/ansible/windows/plugins"
    (plugins / "action").mkdir(parents=True)
    (plugins / "modules").mkdir()
    for name in {name.rpartition(".")[2] for name, _arguments in module_calls()}:
        (plugins / "action" / f"{name}.py").write_text(FAKE.format(name=name, folder=str(tmp_path)))
        (plugins / "modules" / f"{name}.py").touch()

    def run(*options, playbook="windows_clients", answers=None, fails="", **variables):
        (tmp_path / "answers.json").write_text(json.dumps(answers or {}))
        (tmp_path / "calls").write_text("")
        (tmp_path / "inventory").write_text("[edge_windows_clients]\nwindows\n")
        record = {
            "endpoint": "ecr.edge.test:31001",
            "addresses": ["192.0.2.44"],
            "ca_certificates": [authority.pem],
            "username": "u",
            "password": PASSWORD,
        }
        (tmp_path / "vars.json").write_text(json.dumps({"client_registries": [record], **variables}))
        command = [BIN / "ansible-playbook", "-i", "inventory", "-e", "@vars.json", "-vvvv", *options]
        done = subprocess.run(
            [*command, f"edgeops.registry.{playbook}"],
            check=False,
            cwd=tmp_path,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
        )
        output = done.stdout + done.stderr
        assert bool(done.returncode) == bool(fails), output
        assert fails in output
        assert PASSWORD not in output
        notes = {}
        for name, arguments in map(json.loads, (tmp_path / "calls").read_text().splitlines()):
            notes.setdefault(name, []).append(arguments)
        return notes

    return run


FOUND = {
    "slurp": {"content": base64.b64encode(HOSTS).decode()},
    "win_stat": {"stat": {"exists": False}},
}


def test_present(run, authority):
    notes = run(playbook="clients", answers=FOUND)
    hosts, certificate, added, config = notes["win_copy"]
    assert (
        hosts["content"]
        == "127.0.0.1 localhost\r\n192.0.2.44\tecr.edge.test\t# edgeops.registry ecr.edge.test:31001\r\n"
    )
    assert hosts["dest"] == r"C:\Windows\System32\drivers\etc\hosts"
    assert certificate["content"] == authority.pem
    assert certificate["dest"].startswith("C:\\ProgramData\\edgeops-registry\\edgeops-ecr-edge-test-31001-")
    assert base64.b64encode(f"u:{PASSWORD}".encode()).decode() in json.dumps(config["content"])
    assert config["dest"] == r"C:\Users\Administrator\.docker\config.json"
    assert added == {"content": authority.pem, "dest": f"{certificate['dest']}.added"}
    [stored] = notes["win_certificate_store"]
    assert (stored["path"], stored["store_name"], stored["state"]) == (certificate["dest"], "Root", "present")
    assert notes["win_service"] == [{"name": "docker", "state": "restarted"}]
    [proof] = notes["win_uri"]
    assert (proof["url"], proof["url_username"]) == ("https://ecr.edge.test:31001/v2/", "u")


def test_a_certificate_that_was_there_before_is_not_called_added(run):
    notes = run(answers={**FOUND, "win_certificate_store": {"changed": False}})
    assert not [copy["dest"] for copy in notes["win_copy"] if copy["dest"].endswith(".added")]
    assert "win_service" not in notes


@pytest.mark.parametrize("name", ["win_certificate_store", "win_uri"])
def test_a_failure_says_why(run, name):
    """The password, which is an argument of the proof, is none of the output."""
    refused = {name: {"failed": True, "msg": "Refused for a reason of its own"}}
    run(answers={**FOUND, **refused}, fails="Refused for a reason of its own")


def test_an_audit(run):
    notes = run("--check", answers=FOUND, client_restart="never")
    assert {"win_certificate_store", "win_uri", "win_service"}.isdisjoint(notes)
    assert len(notes["win_copy"]) == 3


@pytest.mark.parametrize("is_added", [True, False])
def test_absent(run, is_added):
    """A certificate that was in the store before stays there."""
    path = r"C:\ProgramData\edgeops-registry\edgeops-ecr-edge-test-31001-0.crt"
    paths = [path, f"{path}.added"] if is_added else [path]
    there = {"win_stat": {"stat": {"exists": True}}, "win_find": {"files": [{"path": one} for one in paths]}}
    line = b"192.0.2.44\tecr.edge.test\t# edgeops.registry ecr.edge.test:31001\r\n"
    there["slurp"] = {"content": base64.b64encode(HOSTS + line).decode()}
    notes = run(
        answers=there,
        client_state="absent",
        client_registries=[{"endpoint": "ecr.edge.test:31001"}],
        client_windows_profiles=[],
    )
    assert [copy["content"] for copy in notes["win_copy"]] == [HOSTS.decode()]
    [find] = notes["win_find"]
    [pattern] = find["patterns"]
    assert find["use_regex"]
    for suffix in ("", ".added"):
        assert re.search(pattern, f"edgeops-ecr-edge-test-31001-0123456789abcdef.crt{suffix}")
    assert not re.search(pattern, "edgeops-ecr-edge-test-31001-x-0123456789abcdef.crt")
    stored = [(store["path"], store["state"]) for store in notes.get("win_certificate_store", [])]
    assert stored == ([(f"{path}.added", "absent")] if is_added else [])
    assert notes["win_file"] == [{"path": one, "state": "absent"} for one in paths]
    assert "win_uri" not in notes


@pytest.mark.parametrize("variable", ["client_parts", "client_windows_credential_store"])
def test_a_wrong_value_is_refused_before_anything_is_done(run, variable):
    assert run(fails=f"value of {variable} must be one", **{variable: "nonsense"}) == {}


def test_playbooks_that_serve_windows_clients(tmp_path):
    names = ["site", "decommission", "verify", "clients", "windows_clients"]
    (tmp_path / "inventory").write_text("[edge_windows_clients]\nwindows\n")
    playbooks = [f"edgeops.registry.{name}" for name in names]
    command = [BIN / "ansible-playbook", "-i", tmp_path / "inventory", "--list-hosts", *playbooks]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    plays = [play for play in listed.split("  play #") if "Look after the Windows clients" in play]
    assert ["hosts (1):\n      windows" in play for play in plays] == [True] * len(names)
