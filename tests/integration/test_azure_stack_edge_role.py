# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role registry with backend azure_stack_edge, and role namespaces, by their playbooks, on devices that Ansible cannot reach."""

from __future__ import annotations

import base64
import concurrent.futures
import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.edge_device import EdgeDevice
from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry, wait_until

INFO = "Get-HcsKubernetesContainerRegistryInfo"
ENABLE = "Set-HcsKubernetesContainerRegistry"
KEY = "edge_registry_records"


@dataclasses.dataclass
class Site:
    """Two devices, each with a real registry, an inventory of them, and the record file."""

    folder: Path
    registries: list[RealRegistry]
    devices: list[EdgeDevice]

    @property
    def records(self):
        return yaml.safe_load((self.folder / "records.yml").read_text()).get(KEY, [])

    def run(self, *playbooks, check=False, **variables):
        """Run playbooks by their names, at -vvvv --diff; no secret is printed. Returns exit code, changed tasks by host, output."""
        names = [f"edgeops.registry.{name}" for name in playbooks]
        done = subprocess.run(
            [
                Path(sys.executable).with_name("ansible-playbook"),
                *("-i", "inventory.json", "-vvvv", "--diff", *names),
                *("--extra-vars", json.dumps({"registry_become": False, **variables})),
                *(["--check"] if check else []),
            ],
            check=False,
            cwd=self.folder,
            env={
                **os.environ,
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_LOG_PATH": str(self.folder / "log"),
                "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
                "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.folder / "facts"),
            },
            capture_output=True,
            text=True,
        )
        output = done.stdout + done.stderr
        facts = [file.read_text() for file in self.folder.glob("facts/*")]
        everywhere = "".join([output, (self.folder / "log").read_text(), *facts])
        passwords = [part.password for part in (*self.registries, *self.devices)]
        logins = [base64.b64encode(f"{one.username}:{one.password}".encode()).decode() for one in self.registries]
        told = [secret for secret in (*passwords, *logins, "PRIVATE KEY", "client-key-data:") if secret in everywhere]
        assert not told
        for device in self.devices:
            assert device.report["shells_opened"] == device.report["shells_closed"]
        return done.returncode, dict(re.findall(r"^(edge-\d) +: ok=\d+ +changed=(\d+)", output, re.MULTILINE)), output


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    node = Authority(folder / "node")
    registries, devices, hosts = [], [], {}
    for number in range(2):
        registry = RealRegistry(folder / f"registry-{number}")
        registry.show_ca()
        registry.start()
        device = EdgeDevice(
            node.issue("serial.edge.test"),
            endpoint=registry.endpoint,
            address="127.0.0.1",
            username=registry.username,
            password=registry.password,
        )
        registries.append(registry)
        devices.append(device)
        hosts[f"edge-{number}"] = {
            "ansible_host": "127.0.0.1",
            "ansible_port": device.port,
            "ansible_password": device.password,
            "ansible_psrp_ca_cert": str(node.path),
            "edge_device_tls_server_name": "serial.edge.test",
        }
    variables = {
        "registry_backend": "azure_stack_edge",
        "registry_record_file": str(folder / "records.yml"),
        "registry_trust_on_first_use": True,
        "ansible_psrp_operation_timeout": 2,
        "namespaces_list": [{"name": "shop", "users": ["ann"]}],
        "namespaces_kubeconfig_directory": f"{folder}/kube/{{{{ inventory_hostname }}}}",
    }
    inventory = {"edge_registries": {"hosts": hosts, "vars": variables}}
    (folder / "inventory.json").write_text(json.dumps(inventory))
    yield Site(folder, registries, devices)
    for part in (*devices, *registries):
        part.stop()


@pytest.fixture
def site(started):
    for device in started.devices:
        device.turn(enabled=False, configuration="Minishell")
        device.forget()
    (started.folder / "records.yml").unlink(missing_ok=True)
    return started


def test_a_record_is_read_back_and_nothing_is_switched(site):
    code, _changed, output = site.run("record")
    assert code != 0
    assert "There is no record of this registry: the registry of the device is off" in output
    code, _changed, output = site.run("registry")
    assert code == 0, output
    records = site.records
    switched = [device.cmdlets.count(ENABLE) for device in site.devices]
    code, changed, output = site.run("record")
    assert (code, changed) == (0, {"edge-0": "0", "edge-1": "0"}), output
    assert site.records == records
    assert [device.cmdlets.count(ENABLE) for device in site.devices] == switched


def test_from_two_devices_to_records_namespaces_and_back(site):
    code, _changed, output = site.run("registry", "namespaces", check=True)
    assert code == 0, output
    for device in site.devices:
        assert not [name for name in device.cmdlets if not name.startswith(("Get-", "Test-"))]
    code, _changed, output = site.run("verify")
    assert code != 0
    assert "would change namespaces [shop] of the device" in output
    code, changed, output = site.run("registry", "namespaces")
    assert code == 0, output
    assert changed == {"edge-0": "3", "edge-1": "3"}
    assert output.count("trusted on first use") >= 2
    for record, registry in zip(
        sorted(site.records, key=str), sorted(site.registries, key=lambda one: one.endpoint), strict=True
    ):
        assert {key: record[key] for key in registry.record_dict} == registry.record_dict
    assert [device.cmdlets.count(ENABLE) for device in site.devices] == [1, 1]
    assert len(list(site.folder.glob("kube/edge-*/ann.kubeconfig"))) == 2
    before = [len(device.cmdlets) for device in site.devices]
    code, changed, output = site.run("registry", "namespaces")
    assert (code, changed) == (0, {"edge-0": "0", "edge-1": "0"}), output
    assert "trusted on first use" not in output
    for device, start in zip(site.devices, before, strict=True):
        assert all(name.startswith("Get-") for name in device.cmdlets[start:])
    code, changed, output = site.run("verify")
    assert (code, changed) == (0, {"edge-0": "0", "edge-1": "0"}), output
    code, changed, output = site.run("registry", registry_state="absent")
    assert (code, changed) == (0, {"edge-0": "2", "edge-1": "2"}), output
    assert not (site.folder / "records.yml").exists()


def test_a_device_that_takes_its_time_holds_up_no_other(site):
    slow = site.devices[0]
    slow.turn(enable_polls=1_000_000)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        run = pool.submit(site.run, "registry")
        file = site.folder / "records.yml"
        try:
            wait_until(lambda: run.done() or file.exists(), "the quick device has no record")
            assert [record["endpoint"] for record in site.records] == [site.registries[1].endpoint]
        finally:
            slow.turn(enable_polls=0)
        code, changed, output = run.result()
    assert (code, changed) == (0, {"edge-0": "2", "edge-1": "2"}), output
    assert len(site.records) == 2


def test_a_device_that_is_enabled_anew_and_one_that_is_dead(site):
    first, second = site.devices
    first.turn(enabled=True)
    second.turn(configuration="Other")
    code, changed, output = site.run("registry")
    assert code != 0
    assert changed["edge-0"] == "1"
    assert "has no PowerShell configuration Minishell" in output
    [record] = site.records
    assert record["password"] == site.registries[0].password
    first.turn(password=site.registries[0].change_password())
    assert site.run("registry")[1]["edge-0"] == "1"
    assert site.records[0]["password"] == site.registries[0].password
