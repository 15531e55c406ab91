# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator serves more than our own modules: plain pypsrp, and ansible-core's own connection plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.edge_device import USER, EdgeDevice
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool, RunspacePoolWarning
from pypsrp.wsman import WSMan

INFO = "Get-HcsKubernetesContainerRegistryInfo"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module", params=["http", "https"])
def started(request, authority):
    device = EdgeDevice(authority.issue("127.0.0.1") if request.param == "https" else None)
    yield request.param, device
    device.stop()


@pytest.fixture
def device(started):
    started[1].forget()
    return started[1]


@pytest.fixture
def connect(started, device, authority):
    """A connection as any program with pypsrp makes it."""

    def wsman(**options):
        https = started[0] == "https"
        given = {"username": USER, "password": device.password, "ssl": https, "cert_validation": str(authority.path)}
        return WSMan("127.0.0.1", port=device.port, operation_timeout=1, **{**given, **options})

    return wsman


def invoke(pool, name, **parameters):
    pipeline = PowerShell(pool).add_cmdlet(name).add_parameters(parameters)
    pipeline.invoke()
    return pipeline


def test_cmdlets_run_and_the_shell_is_counted(connect, device):
    device.turn(enabled=True)
    with connect() as wsman, RunspacePool(wsman, configuration_name="Minishell") as pool:
        found = invoke(pool, INFO)
        missing = invoke(pool, "Get-Nothing")
        wrong = invoke(pool, INFO, Size="1")
    assert list(found.output[0].extended_properties) == ["Endpoint", "IPAddress", "Username", "Password"]
    assert (missing.had_errors, missing.streams.error[0].fq_error) == (True, "CommandNotFoundException")
    assert wrong.streams.error[0].fq_error == f"NamedParameterNotFound,{INFO}"
    report = device.report
    assert (report["shells_opened"], report["shells_closed"], report["logins"]) == (1, 1, 1)
    assert report["cmdlets"] == [INFO, "Get-Nothing", INFO]


def test_scripts_are_refused(connect):
    with connect() as wsman, RunspacePool(wsman, configuration_name="Minishell") as pool:
        pipeline = PowerShell(pool).add_script("Get-Date")
        pipeline.invoke()
    assert pipeline.had_errors
    assert pipeline.streams.error[0].fq_error == "ScriptsNotAllowed"


def test_the_client_polls_through_a_long_cmdlet(connect, device):
    device.turn(enable_seconds=1.5)
    with connect() as wsman, RunspacePool(wsman, configuration_name="Minishell") as pool:
        assert invoke(pool, "Set-HcsKubernetesContainerRegistry").state == PSInvocationState.COMPLETED
    assert device.report["knobs"]["enabled"]


def test_every_spelling_of_the_user_and_a_wrong_password(connect, device):
    for name in (USER, f"~\\{USER}", f".\\{USER}"):
        with connect(username=name) as wsman, RunspacePool(wsman, configuration_name="Minishell") as pool:
            assert invoke(pool, INFO).state == PSInvocationState.COMPLETED
    with connect(password="wrong") as wsman, pytest.raises(AuthenticationError):
        RunspacePool(wsman, configuration_name="Minishell").open()
    assert device.report["shells_opened"] == 3


def test_a_wrong_configuration_name_and_too_many_shells(connect, device):
    with connect() as wsman, pytest.raises(WSManFaultError) as caught:
        RunspacePool(wsman).open()
    assert caught.value.code == 2150858811
    device.turn(shells_per_user=1)
    with (
        connect() as wsman,
        RunspacePool(wsman, configuration_name="Minishell"),
        pytest.raises(WSManFaultError) as busy,
    ):
        RunspacePool(wsman, configuration_name="Minishell").open()
    assert busy.value.code == 2150859173


def test_a_banner_is_a_warning(connect, device):
    device.turn(banner="Support sessions are recorded.")
    with connect() as wsman, pytest.warns(RunspacePoolWarning, match="recorded"):
        RunspacePool(wsman, configuration_name="Minishell").open()


def raw(folder, scheme, device, authority, script):
    """Module raw over ansible-core's own connection plugin psrp."""
    hosts = {
        "edge": {
            "ansible_connection": "psrp",
            "ansible_host": "127.0.0.1",
            "ansible_port": device.port,
            "ansible_user": USER,
            "ansible_password": device.password,
            "ansible_psrp_protocol": scheme,
            "ansible_psrp_auth": "ntlm",
            "ansible_psrp_ca_cert": str(authority.path),
            "ansible_psrp_configuration_name": "Minishell",
        }
    }
    (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts}}))
    program = Path(sys.executable).with_name("ansible")
    done = subprocess.run(
        [program, "edge", "-i", "hosts.yml", "-m", "ansible.builtin.raw", "-a", script],
        check=False,
        cwd=folder,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_ansible_s_own_connection_plugin(tmp_path, started, device, authority):
    """It can run nothing but scripts, so a constrained endpoint refuses all of it; where scripts may run, it works."""
    scheme = started[0]
    device.turn(scripts=scheme == "https")
    code, output = raw(tmp_path, scheme, device, authority, "Get-HcsApplianceInfo")
    if scheme == "https":
        assert (code, device.cmdlets) == (0, ["Get-HcsApplianceInfo"])
        assert "SerialNumber: EMULATOR1" in output
    else:
        assert (code != 0, device.cmdlets) == (True, [])
        assert "no-language mode" in output
    report = device.report
    assert (report["shells_opened"], report["shells_closed"]) == (1, 1)
