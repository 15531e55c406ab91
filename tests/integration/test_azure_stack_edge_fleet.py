# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sites of emulated devices with clients, on the days when a device is dead, is enabled anew, or lacks a cmdlet."""

from __future__ import annotations

import base64
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry import tests
from ansible_collections.edgeops.registry.tests.support.authority import Authority, Leaf
from ansible_collections.edgeops.registry.tests.support.edge_device import EdgeDevice
from ansible_collections.edgeops.registry.tests.support.play import PLAYBOOK
from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry, free_port, wait_until
from ansible_collections.edgeops.registry.tests.support.registry_content import RepositoryContent
from ansible_collections.edgeops.registry.tests.support.registry_host import CONNECTION, RegistryHost

pytestmark = pytest.mark.minutes(2)

CLIENTS = {"client-a": "device-a", "client-b1": "device-b", "client-b2": "device-b"}
DISABLE = "Remove-HcsKubernetesContainerRegistry"
DOCUMENT = Path(tests.__path__[0]).parent / "docs" / "azure-stack-edge.md"
HERE = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


@dataclasses.dataclass
class Fleet:
    """Devices by name, what stands behind them, and the clients of each; the first client is of the first site."""

    folder: Path
    node: Authority
    leaf: Leaf
    devices: dict[str, EdgeDevice]
    registries: dict[str, RealRegistry]
    clients: dict[str, RegistryHost]

    def run(self, playbook, *, dead=(), shared=(), options=(), **variables):
        """Run a playbook; `shared` are hosts of one site. Exit code, what the recap says of each host, and the output."""
        devices = {name: self._device(name, dead) for name in self.devices}
        clients = {
            name: {**CONNECTION, "ansible_host": host.name, "edge_site": CLIENTS[name]}
            for name, host in self.clients.items()
        }
        clients["client-b2"]["client_registries"] = []  # as none given
        for name in shared:
            {**devices, **clients}[name]["edge_site"] = "shared"
        inventory = {"edge_registries": {"hosts": devices}, "edge_clients": {"hosts": clients}}
        (self.folder / "inventory.json").write_text(json.dumps(inventory))
        given = {"registry_become": False, "images_list": [], "images_files": [], **variables}
        return self.play(["inventory.json"], playbook, options, given)

    def play(self, inventories, playbook, options, variables):
        """As `run`, with inventories that are files in the folder."""
        given = {
            "client_become": False,
            "client_runtimes": ["docker"],
            "images_directory": str(self.folder / "images"),
            **variables,
        }
        (self.folder / "variables.json").write_text(json.dumps(given))
        done = subprocess.run(
            [PLAYBOOK, *(f"--inventory={name}" for name in inventories), "-e", "@variables.json", *options, playbook],
            check=False,
            cwd=self.folder,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1"},
            capture_output=True,
            text=True,
        )
        output = done.stdout + done.stderr
        assert not [part for part in (*self.registries.values(), *self.devices.values()) if part.password in output]
        recap = re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=(\d+)", output, re.MULTILINE)
        return done.returncode, {host: (int(changed), int(failed)) for host, changed, failed in recap}, output

    def logins(self, client):
        """The passwords that a client has for registries, by the port."""
        content = self.clients[client].sh("cat /root/.docker/config.json 2>/dev/null || echo '{}'")
        auths = json.loads(content).get("auths", {})
        return [base64.b64decode(entry["auth"]).decode().partition(":")[2] for entry in auths.values()]

    def knows(self, client):
        """Whether a client has an entry for a registry in its hosts file."""
        return "edgeops.registry" in self.clients[client].sh("cat /etc/hosts")

    def _device(self, name, dead):
        return {
            **HERE,
            "ansible_host": "127.0.0.1",
            "ansible_psrp_port": free_port() if name in dead else self.devices[name].port,
            "ansible_password": self.devices[name].password,
            "ansible_psrp_ca_cert": str(self.node.path),
            "ansible_psrp_operation_timeout": 2,
            "edge_device_tls_server_name": "serial.edge.test",
            "edge_site": name,
            "registry_backend": "azure_stack_edge",
            "registry_certificate_file": str(self.registries[name].authority.path),
        }


@pytest.fixture
def fleet(tmp_path):
    node = Authority(tmp_path / "node")
    fleet = Fleet(tmp_path, node, node.issue("serial.edge.test"), {}, {}, {})
    try:
        for name in CLIENTS:
            fleet.clients[name] = RegistryHost(tmp_path, systemd=False)
        gateway = fleet.clients["client-a"].sh("ip route show default").split()[2]
        for name in dict.fromkeys(CLIENTS.values()):
            registry = RealRegistry(tmp_path / name, address=gateway)
            fleet.registries[name] = registry
            registry.start()
            identity = {"username": registry.username, "password": registry.password}
            fleet.devices[name] = EdgeDevice(
                fleet.leaf, endpoint=registry.endpoint, address=gateway, enabled=True, **identity
            )
        yield fleet
    finally:
        for part in (*fleet.devices.values(), *fleet.registries.values()):
            part.stop()
        for host in fleet.clients.values():
            host.remove()


def test_days_of_a_fleet(fleet):
    a_dead_device_ends_no_other_site_and_its_client_is_never_called_provisioned(fleet)
    a_site_of_two_devices_has_the_registry_of_the_one_that_is_not_dead(fleet)
    a_device_is_enabled_anew_in_mid_fleet_and_the_next_run_repairs_every_client(fleet)
    an_audit_and_a_proof_find_everything_in_place(fleet)
    tags_of_a_device_are_pruned_and_nothing_of_the_controller_is_touched(fleet)
    a_device_that_is_off_gives_its_clients_no_login(fleet)
    a_registry_that_is_left_out_of_a_run_does_not_fail(fleet)
    decommission_waits_for_a_device_that_tells_half_of_its_registry(fleet)
    decommission_tells_first_what_a_device_cannot_do(fleet)
    the_documented_inventory_does_as_it_stands(fleet)


def a_dead_device_ends_no_other_site_and_its_client_is_never_called_provisioned(fleet):
    code, recap, output = fleet.run("edgeops.registry.site", dead=["device-a"])
    assert code != 0
    assert recap["device-a"] == recap["client-a"] == (0, 1)
    assert [recap[name][1] for name in ("device-b", "client-b1", "client-b2")] == [0, 0, 0], output
    assert "device-a published no record in this run" in output
    assert re.search(r"NOT PROVISIONED\W+client-a lacks device-a\b", output)
    assert [name for name in CLIENTS if f"{name} can use it" in output] == ["client-b1", "client-b2"]
    assert [name for name in CLIENTS if fleet.knows(name)] == ["client-b1", "client-b2"]
    assert "ignoring: edge_windows_clients" not in output


def a_site_of_two_devices_has_the_registry_of_the_one_that_is_not_dead(fleet):
    shared = ["device-a", "device-b", "client-a"]
    code, recap, output = fleet.run("edgeops.registry.site", dead=["device-a"], shared=shared, client_hosts="client-a")
    assert code != 0
    assert (recap["device-b"][1], recap["client-a"]) == (0, (1, 1)), output
    assert re.search(r"NOT PROVISIONED\W+client-a lacks device-a\b", output)
    assert fleet.logins("client-a") == [fleet.registries["device-b"].password]


def a_device_is_enabled_anew_in_mid_fleet_and_the_next_run_repairs_every_client(fleet):
    reached, go = fleet.folder / "reached", fleet.folder / "go"
    pause = [
        {"ansible.builtin.file": {"path": str(reached), "state": "touch"}},
        {"ansible.builtin.wait_for": {"path": str(go)}},
    ]
    plays = [
        {"ansible.builtin.import_playbook": "edgeops.registry.registry"},
        {"ansible.builtin.import_playbook": "edgeops.registry.clients", "vars": {"client_hosts": "client-a"}},
        {"hosts": "localhost", "gather_facts": False, "vars": HERE, "tasks": pause},
        {"ansible.builtin.import_playbook": "edgeops.registry.clients", "vars": {"client_hosts": "client-b1"}},
    ]
    (fleet.folder / "mid_fleet.yml").write_text(json.dumps(plays))
    registry, device = fleet.registries["device-b"], fleet.devices["device-b"]
    former = registry.password
    with concurrent.futures.ThreadPoolExecutor() as pool:
        run = pool.submit(fleet.run, "mid_fleet.yml")
        try:
            wait_until(lambda: run.done() or reached.exists(), "the run does not get there")
            device.turn(password=registry.change_password())
        finally:
            go.touch()
        code, recap, output = run.result()
    assert code != 0
    assert (recap["client-a"], recap["client-b1"]) == ((1, 0), (0, 1)), output
    assert "got another password since this run read its record: run it again" in output
    assert fleet.logins("client-b1") == [former]

    code, recap, output = fleet.run("edgeops.registry.clients")
    assert code == 0, output
    assert {name: recap[name] for name in CLIENTS} == {"client-a": (0, 0), "client-b1": (1, 0), "client-b2": (1, 0)}
    assert [fleet.logins(name) for name in ("client-b1", "client-b2")] == [[registry.password]] * 2


def an_audit_and_a_proof_find_everything_in_place(fleet):
    for playbook, options in (("verify", []), ("site", ["--check"])):
        code, recap, output = fleet.run(f"edgeops.registry.{playbook}", options=options)
        assert code == 0, output
        assert set(recap.values()) == {(0, 0)}, output
        assert set(recap) >= {*CLIENTS, *fleet.devices}


def tags_of_a_device_are_pruned_and_nothing_of_the_controller_is_touched(fleet):
    content = RepositoryContent(fleet.registries["device-b"].record_dict_for("127.0.0.1"), "team/app")
    for tag in ("1", "2"):
        content.image(tag.encode(), tag=tag)
    rules = {"maintenance_keep": [{"tags": "[0-9]+", "newest": 1}], "registry_hosts": "device-b"}
    code, recap, output = fleet.run("edgeops.registry.prune", **rules)
    assert (code, recap) == (0, {"device-b": (1, 0)}), output
    assert content.tags() == ["2"]
    assert re.search(r"TASK \[[^]]*Look for a registry of this role] \**\nskipping: \[device-b]", output)


def a_device_that_is_off_gives_its_clients_no_login(fleet):
    device, password = fleet.devices["device-b"], fleet.registries["device-b"].password
    device.turn(enabled=False)
    for playbook, options in (("clients", []), ("verify", []), ("clients", ["--check"])):
        code, recap, output = fleet.run(f"edgeops.registry.{playbook}", options=options)
        assert code != 0
        assert "There is no record of this registry: the registry of the device is off" in output
        assert "device-b published no record in this run" in output
        assert {name: recap[name] for name in CLIENTS} == {
            "client-a": (0, 0),
            "client-b1": (0, 1),
            "client-b2": (0, 1),
        }, output
        assert [fleet.logins(name) for name in ("client-b1", "client-b2")] == [[password]] * 2
    device.turn(enabled=True)


def a_registry_that_is_left_out_of_a_run_does_not_fail(fleet):
    code, recap, output = fleet.run("edgeops.registry.clients", registry_hosts="device-b")
    assert code != 0
    assert "device-a published no record in this run" in output
    assert (recap["device-a"], recap["client-a"], recap["client-b1"]) == ((0, 0), (0, 1), (0, 0)), output


def decommission_waits_for_a_device_that_tells_half_of_its_registry(fleet):
    device = fleet.devices["device-b"]
    device.turn(half_polls=1_000_000)
    code, recap, output = fleet.run("edgeops.registry.decommission", dead=["device-a"])
    assert code != 0
    assert "tells no Username, Password. Nothing was taken back." in output
    assert all(map(fleet.knows, CLIENTS))
    assert not [name for name, (changed, _failed) in recap.items() if changed]
    device.turn(half_polls=0)


def decommission_tells_first_what_a_device_cannot_do(fleet):
    device = fleet.devices["device-b"]
    device.turn(missing=[DISABLE])
    code, _recap, output = fleet.run("edgeops.registry.decommission", dead=["device-a"], registry_unsupported="fail")
    assert code != 0
    assert "not supported by this device: its registry stays on" in output
    assert all(map(fleet.knows, CLIENTS))
    code, recap, output = fleet.run("edgeops.registry.decommission", dead=["device-a"])
    assert code != 0
    assert recap["device-a"] == recap["client-a"] == (0, 1)
    assert (recap["device-b"][1], recap["client-b1"], recap["client-b2"]) == (0, (1, 0), (1, 0)), output
    assert output.index("its registry stays on") < output.index("PLAY [Look after the clients]")
    assert [name for name in CLIENTS if fleet.knows(name)] == ["client-a"]
    assert DISABLE not in device.cmdlets


def the_documented_inventory_does_as_it_stands(fleet):
    """Beside it is only what leads to the machines of this test."""
    device, registry = fleet.devices["device-a"], fleet.registries["device-a"]
    [documented] = re.findall(r"```yaml\n(# inventory\.yml\n.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (fleet.folder / "inventory.yml").write_text(documented)
    (fleet.folder / "files").mkdir()
    (fleet.folder / "files" / "device-a-registry.cer").write_bytes(ssl.PEM_cert_to_DER_cert(registry.ca_pem))
    node = hashlib.sha256(ssl.PEM_cert_to_DER_cert(fleet.leaf.certificate.read_text())).hexdigest()
    places = {
        "device-a": {
            "ansible_host": "127.0.0.1",
            "ansible_psrp_port": device.port,
            "ansible_psrp_operation_timeout": 2,
            "edge_device_fingerprint": node,
            "namespaces_kubernetes_address": "127.0.0.1",
        },
        "client-1": {**CONNECTION, "ansible_host": fleet.clients["client-a"].name},
    }
    (fleet.folder / "places.json").write_text(json.dumps({"all": {"hosts": places}}))
    secret = {"vaulted_device_password": device.password}
    code, recap, output = fleet.play(["inventory.yml", "places.json"], "edgeops.registry.site", [], secret)
    assert code == 0, output
    assert set(recap) >= set(places)
    assert "shop" in device.report["namespaces"]
    assert RepositoryContent(registry.record_dict_for("127.0.0.1"), "hello").tags() == ["1"]
