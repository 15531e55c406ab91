# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three modules for Azure Stack Edge, as plays, against the emulator with a real registry behind it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import subprocess
import textwrap
import threading

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.kubeconfig import Kubeconfig
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._access import Access
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.edge_device import EdgeDevice
from ansible_collections.edgeops.registry.tests.support.play import PLAYBOOK, play
from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry, wait_until

INFO = "Get-HcsKubernetesContainerRegistryInfo"
PREREQUISITES = ["Get-HcsApplianceInfo", "Get-AzureDataBoxEdgeRole", "Test-HcsKubernetesStatus"]
ENABLE = "Set-HcsKubernetesContainerRegistry"
DISABLE = "Remove-HcsKubernetesContainerRegistry"


@dataclasses.dataclass
class Site:
    """A device whose registry is real, and how a task reaches the device."""

    registry: RealRegistry
    device: EdgeDevice
    connection: dict

    @property
    def pin(self):
        return self.registry.record.ca_certificates[0].fingerprint

    @property
    def secrets(self):
        return [self.registry.password, self.device.password]


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    registry = RealRegistry(folder / "registry")
    registry.show_ca()
    registry.start()
    node = Authority(folder / "node")
    knobs = {"endpoint": registry.endpoint, "address": "127.0.0.1"}
    device = EdgeDevice(node.issue("127.0.0.1"), username=registry.username, password=registry.password, **knobs)
    connection = {"remote_addr": "127.0.0.1", "port": device.port, "ca_cert": str(node.path)}
    yield Site(registry, device, {**connection, "remote_password": device.password, "operation_timeout": 2})
    device.stop()
    registry.stop()


@pytest.fixture
def site(started):
    started.device.forget()
    return started


@pytest.fixture
def run(site, tmp_path, monkeypatch):
    """Run one task for each set of options, at -vvvv --diff; nothing printed holds a secret, and no shell stays open."""
    monkeypatch.setenv("ANSIBLE_VERBOSE_TO_STDERR", "1")

    def run(module, *tasks, check=False, options=()):
        given = [{module: {**site.connection, **task}} for task in tasks]
        played = play(tmp_path, *given, check=check, options=["-vvvv", *options])
        for secret in (*site.secrets, "PRIVATE KEY", "client-key-data"):
            assert secret not in played.output
        report = site.device.report
        assert report["shells_opened"] == report["shells_closed"]
        return played

    return run


def test_check_do_again_check_and_back(site, run):
    task = {"certificate_fingerprint": site.pin, "poll_interval": 0.1}
    absent = {"state": "absent"}
    site.device.turn(enable_polls=2)
    predicted = run("azure_stack_edge", task, check=True)
    assert "would run Set-HcsKubernetesContainerRegistry" in predicted.output
    assert predicted.results[0]["registry"] is None
    assert site.device.cmdlets == [INFO, *PREREQUISITES]
    site.device.forget()
    site.device.turn(enable_polls=2)
    site.registry.clear_access_log()
    done = run("azure_stack_edge", task, task)
    assert (predicted.changed, done.changed, done.executions) == ([True], [True, False], 0)
    assert all("censored" in result for result in done.results)
    assert "the registry is not on yet" in done.output
    assert site.device.cmdlets == [INFO, *PREREQUISITES, ENABLE, INFO, INFO, INFO, INFO]
    assert site.device.report["shells_opened"] == 2
    assert [request.status for request in site.registry.access_log()] == [200, 200]
    before = len(site.device.cmdlets)
    assert run("azure_stack_edge", task, absent, check=True).changed == [False, True]
    assert site.device.cmdlets[before:] == [INFO, INFO, "Get-Command"]
    gone = run("azure_stack_edge", absent, absent)
    assert gone.changed == [True, False]
    assert [(diff["before"], diff["after"]) for diff in gone.diff] == [("on\n", "off\n")]
    assert site.device.cmdlets.count(DISABLE) == 1


def test_where_trust_comes_from(site, run, tmp_path):
    site.device.turn(enabled=True)
    records = tmp_path / "records.yml"
    first = {"trust_on_first_use": True, "record_file": str(records)}
    played = run(
        "azure_stack_edge",
        {"certificate_file": str(site.registry.authority.path)},
        {"certificate_fingerprint": site.pin.upper()},
        {"certificate_fingerprint": "0" * 64},
        {"certificate_file": "missing.cer"},
        {},
        first,
    )
    assert [task.get("failed", False) for task in played.results] == [False, False, True, True, True, False]
    assert "is not the pinned one" in played.results[2]["msg"]
    assert f"{tmp_path}/missing.cer cannot be read" in played.results[3]["msg"]
    assert "Give certificate_file, or certificate_fingerprint" in played.results[4]["msg"]
    assert f"SHA-256 {site.pin}" in json.dumps(played.results[5]["warnings"])


def test_what_was_trusted_first_is_remembered(site, run, tmp_path):
    site.device.turn(enabled=True)
    records = {}
    for name, authority in (("same", site.registry.authority), ("other", Authority(tmp_path / "other"))):
        records[name] = tmp_path / f"{name}.yml"
        record = {"endpoint": site.registry.endpoint, "ca_certificates": [authority.pem]}
        records[name].write_text(f"edge_registry_records: {json.dumps([record])}\n")
    task = {"trust_on_first_use": True}
    played = run("azure_stack_edge", *({**task, "record_file": str(path)} for path in records.values()))
    same, other = played.results
    assert "warnings" not in same
    assert other["failed"]
    assert "remove the record from record_file" in other["msg"]


def test_a_registry_that_clients_would_refuse(site, run, serve, tmp_path, start_registry):
    authority = Authority(tmp_path / "recipe")
    recipe = serve(lambda asked: None, authority.issue(common_name="registry.edge.test"))
    file = {"certificate_file": str(authority.path)}
    site.device.turn(enabled=True, endpoint=f"registry.edge.test:{recipe.port}")
    [legacy] = run("azure_stack_edge", file).results
    assert legacy["reason"] == "legacy_common_name"
    assert "subject alternative name" in legacy["remedy"]
    site.device.turn(endpoint=site.registry.endpoint, password="of-an-earlier-enabling")
    [stale, unproven] = run(
        "azure_stack_edge",
        {"certificate_fingerprint": site.pin},
        {"certificate_fingerprint": site.pin, "verify": False},
    ).results
    assert stale["reason"] == "unauthorized"
    assert "of-an-earlier-enabling" not in json.dumps(stale)
    assert "failed" not in unproven


def test_a_registry_that_takes_a_while_to_answer(site, run):
    site.registry.stop()

    def start():
        wait_until(lambda: ENABLE in site.device.cmdlets, "nobody enables the registry")
        site.registry.start()

    starter = threading.Thread(target=start)
    starter.start()
    try:
        done = run("azure_stack_edge", {"certificate_fingerprint": site.pin, "poll_interval": 0.1})
    finally:
        starter.join()
    assert done.changed == [True]


def test_the_variables_of_psrp_and_a_failure_without_secrets(site, tmp_path, monkeypatch):
    variables = {
        "ansible_psrp_host": "127.0.0.1",
        "ansible_psrp_port": site.device.port,
        "ansible_psrp_ca_cert": "{{ '" + site.connection["ca_cert"] + "' }}",
    }
    (tmp_path / "vault-password").write_text("vault-canary")
    vaulted = VaultLib().encrypt(site.device.password, VaultSecret(b"vault-canary")).decode()
    inline = f"!vault |\n{textwrap.indent(vaulted, '  ')}"
    for number, password in enumerate((inline, "wr0ng-canary")):
        (tmp_path / "vars.yml").write_text(f"{yaml.safe_dump(variables)}ansible_password: {password}\n")
        options = ["-e", "@vars.yml", "--vault-password-file", "vault-password"]
        [result] = play(tmp_path, {"azure_stack_edge_info": {}}, options=options).results
        assert result.get("failed", False) is bool(number)
    assert result["reason"] == "unauthorized"
    assert "wr0ng-canary" not in json.dumps(result)


def test_info(site, run):
    site.device.turn(missing=["Get-HcsKubernetesNamespaces"], healthy=False)
    off = run("azure_stack_edge_info", {}).results[0]
    assert (off["registry"], off["namespaces"], off["kubernetes"]["healthy"]) == (None, None, False)
    assert off["registry_on"] is False
    site.device.turn(missing=["Test-HcsKubernetesStatus"], enabled=True, objects="typed")
    on, hidden = run("azure_stack_edge_info", {}, {"credentials": True}, check=True).results
    assert on["compute_role"]["RoleType"] == "IOT"
    assert (on["registry"]["endpoint"], on["appliance"]["IsRegistered"]) == (site.registry.endpoint, True)
    assert "password" not in on["registry"]
    assert (on["kubernetes"]["healthy"], "default" in on["namespaces"]) == (None, True)
    assert "censored" in hidden


def test_info_tells_what_the_device_complains_of(site, run):
    site.device.turn(enabled=True, non_terminating=INFO, partial=True)
    [half] = run("azure_stack_edge_info", {}).results
    assert (half["registry"], half["registry_on"]) == (None, True)
    assert f"{INFO} tells no Username, Password; " in half["registry_complaint"]
    assert "EmulatedWarning" in half["registry_complaint"]
    site.device.turn(partial=False)
    [beside] = run("azure_stack_edge_info", {}).results
    assert beside["registry"]["endpoint"] == site.registry.endpoint
    assert "EmulatedWarning" in beside["registry_complaint"]
    for cmdlet in ("Get-HcsApplianceInfo", "Get-AzureDataBoxEdgeRole", "Get-HcsKubernetesNamespaces"):
        site.device.turn(non_terminating=cmdlet)
        [failed] = run("azure_stack_edge_info", {}).results
        assert failed["failed"]
        assert f"{cmdlet} failed: " in failed["msg"]


def test_info_outlasts_a_lost_connection(site, run):
    site.device.turn(enabled=True, cut=INFO)
    [read] = run("azure_stack_edge_info", {}).results
    assert read["registry"]["endpoint"] == site.registry.endpoint
    assert site.device.report["shells_opened"] == 2


@pytest.mark.parametrize("knob", ["fail", "non_terminating"])
def test_what_a_device_says_is_shown_without_secrets(site, run, knob):
    """Fixture `run` looks for them."""
    words = f"Refused are {site.registry.password} and {site.device.password}, not password: told-by-nobody-else."
    site.device.turn(enabled=True, words=words, **{knob: DISABLE})
    played = run("azure_stack_edge", {"state": "absent"})
    assert "Refused are (not shown) and (not shown)" in played.output
    assert "told-by-nobody-else" not in played.output
    assert played.results[0].get("failed", False) is (knob == "fail")


def test_namespaces_and_the_users_files(site, run, tmp_path):
    directory = tmp_path / "kube"
    task = {
        "namespaces": [{"name": "shop", "users": ["ann"]}],
        "kubernetes_address": "127.0.0.1",
        "kubeconfig_directory": str(directory),
    }
    site.device.turn(user_days=20, renewed_days=365)
    predicted = run("azure_stack_edge_namespace", task, check=True)
    for step in (
        "New-HcsKubernetesUser -UserName ann",
        "New-HcsKubernetesNamespace -Namespace shop",
        "Grant-HcsKubernetesNamespaceAccess -Namespace shop -UserName ann",
    ):
        assert f"would run {step}" in predicted.output
    assert not directory.exists()
    assert "shop" not in site.device.report["namespaces"]
    done = run("azure_stack_edge_namespace", task, task, task, {**task, "kubeconfig_directory": None})
    assert predicted.changed == [True]
    assert "would run" not in done.output
    assert done.changed == [True, True, False, False]  # made; written anew with a certificate that lasts; nothing
    first, second, third, returned = done.results
    assert first["namespaces"] == third["namespaces"] == [{"name": "shop", "pull_secret": True}]
    assert "ends in" in json.dumps(first["warnings"])
    assert [diff["after_header"] for diff in second["diff"]] == [str(directory / "ann.kubeconfig")]
    assert "censored" in returned
    file = directory / "ann.kubeconfig"
    assert (file.stat().st_mode & 0o777, directory.stat().st_mode & 0o777) == (0o600, 0o700)
    assert Kubeconfig.parse("ann", file.read_text().splitlines()).credential.days_left(dt.datetime.now(dt.UTC)) > 300
    last = site.device.cmdlets[-6:]
    assert last == ["Get-HcsKubernetesUserConfig", INFO, "Get-HcsKubernetesNamespaces"] * 2
    assert run("azure_stack_edge_namespace", {**task, "state": "absent"}).changed == [True]
    assert "shop" not in site.device.report["namespaces"]


def test_a_kubeconfig_that_is_returned_works(site, tmp_path):
    namespaces = {"namespaces": [{"name": "shop", "users": ["ann"]}], "kubernetes_address": "127.0.0.1"}
    make = {"edgeops.registry.azure_stack_edge_namespace": {**site.connection, **namespaces}, "register": "made"}
    write = {"content": "{{ made.users[0].kubeconfig }}", "dest": "{{ playbook_dir }}/ann", "mode": "0600"}
    keep = {"ansible.builtin.copy": write, "no_log": True}
    content = [{"hosts": "localhost", "gather_facts": False, "tasks": [make, keep]}]
    (tmp_path / "keep.yml").write_text(json.dumps(content))
    done = subprocess.run([PLAYBOOK, "-vvv", "keep.yml"], check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "client-key-data" not in done.stdout + done.stderr
    kubeconfig = Kubeconfig.parse("ann", (tmp_path / "ann").read_text().splitlines())
    with Access(kubeconfig, "127.0.0.1", 60.0) as access:
        assert access.allows("shop")


def test_a_session_that_is_lost_while_namespaces_are_made(site, run):
    site.device.turn(cut="New-HcsKubernetesNamespace")
    task = {"namespaces": [{"name": "shop", "users": ["ann"]}], "kubernetes_address": "127.0.0.1", "poll_interval": 0.1}
    played = run("azure_stack_edge_namespace", task, task)
    assert played.changed == [True, False]
    assert "reading the state again" in played.output
    assert site.device.report["shells_opened"] == 3


def test_a_user_s_file_that_is_damaged_or_somebody_else_s(site, run, tmp_path):
    file = tmp_path / "kube" / "ann.kubeconfig"
    task = {
        "namespaces": [{"name": "shop", "users": ["ann"]}],
        "kubernetes_address": "127.0.0.1",
        "kubeconfig_directory": str(file.parent),
    }
    run("azure_stack_edge_namespace", task)
    whole = file.read_bytes()
    file.write_bytes(whole[:500])
    assert run("azure_stack_edge_namespace", task, task).changed == [True, False]
    assert file.read_bytes() == whole
    file.write_text("current-context: admin@elsewhere\n")
    [refused] = run("azure_stack_edge_namespace", task).results
    assert refused["reason"] == "conflict"
    assert "ann.kubeconfig is there and was not made for this user" in refused["msg"]
    assert file.read_text() == "current-context: admin@elsewhere\n"


def test_a_pod_pulls_from_the_device_s_registry(site, run):
    site.device.turn(enabled=True)
    task = {"namespaces": [{"name": "shop", "users": ["ann"]}, {"name": "empty"}], "poll_interval": 0.01}
    played = run(
        "azure_stack_edge_namespace",
        {**task, "verify_image": "team/runs:1"},
        {**task, "verify_image": "team/missing:1"},
    )
    assert played.changed == [True, False]
    assert played.results[1]["reason"] == "invalid"
    assert (
        f"{site.registry.endpoint}/team/missing:1 cannot be pulled: the registry does not have the image"
        in played.results[1]["msg"]
    )
    report = site.device.report
    assert report["pods"] == []
    first, _second = (pod["spec"] for pod in report["pods_made"])
    assert first["imagePullSecrets"] == [{"name": "ase-ecr-credentials"}]
    assert first["containers"][0]["image"] == f"{site.registry.endpoint}/team/runs:1"
    assert first["containers"][0]["imagePullPolicy"] == "Always"


def test_what_is_refused_before_the_device_is_asked(site, run):
    reserved = {"namespaces": [{"name": "iotedge"}]}
    twice = {"namespaces": [{"name": "shop", "users": ["ann"]}, {"name": "shop", "users": ["bob"]}]}
    refused, lost, doubled = run(
        "azure_stack_edge_namespace", reserved, {**reserved, "ca_cert": "missing.pem"}, twice
    ).results
    assert "more than one item is for shop" in doubled["msg"]
    assert "missing.pem on the controller" in lost["msg"]
    assert "iotedge is reserved by the device" in refused["msg"]
    assert site.device.cmdlets == []
