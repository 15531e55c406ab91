# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import logging
import ssl

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import Device
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._faults import ConnectionLostError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._session import Session
from ansible_collections.edgeops.registry.tests.support.edge_device import EdgeDevice
from ansible_collections.edgeops.registry.tests.support.real_registry import free_port, wait_until

INFO = "Get-HcsKubernetesContainerRegistryInfo"
ENABLE = "Set-HcsKubernetesContainerRegistry"


def fingerprint(leaf):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(leaf.certificate.read_text())).hexdigest()


def silent(line):
    """Show nothing."""


def refusal(target):
    with pytest.raises(ProvisioningError) as caught, Session(target, silent):
        pass
    assert caught.value.remedy
    assert target.password not in str(caught.value)
    return caught.value.reason


def test_a_pin_alone_is_enough_and_counts_beside_a_ca(target, node_leaf, device):
    right, wrong = fingerprint(node_leaf), "0" * 64
    for fields in ({"ca_cert": "", "tls_server_name": ""}, {}):
        with Session(target(fingerprint=right, **fields), silent) as session:
            assert session.run("Get-HcsApplianceInfo").objects
        assert refusal(target(fingerprint=wrong, **fields)) == "untrusted"
    assert device.report["shells_opened"] == 2


def test_how_a_device_refuses(target, device, authority):
    assert refusal(target(password="wr0ng-password")) == "unauthorized"
    assert refusal(target(username="root")) == "unauthorized"
    assert refusal(target(configuration="Microsoft.PowerShell")) == "unsupported"
    assert refusal(target(tls_server_name="")) == "name_mismatch"
    assert refusal(target(ca_cert=str(authority.path))) == "untrusted"
    assert refusal(target(ca_cert="")) == "untrusted"
    assert refusal(target(port=free_port())) == "unreachable"
    assert refusal(target(https=False)) == "unreachable"
    device.turn(shells_per_user=0)
    assert refusal(target()) == "busy"


def test_over_http_messages_are_encrypted(target):
    device = EdgeDevice()
    try:
        given = target(https=False, port=device.port, password=device.password)
        with Session(given, silent) as session:
            assert session.run("Get-HcsApplianceInfo").objects
            device.turn(cut=ENABLE)
            with pytest.raises(ConnectionLostError):
                session.run(ENABLE)
        report = device.report
        assert (report["shells_opened"], report["shells_closed"], report["logins"]) == (1, 1, 2)
    finally:
        device.stop()


@pytest.mark.parametrize("objects", ["custom", "typed"])
def test_objects_of_both_kinds(target, device, objects):
    device.turn(enabled=True, objects=objects)
    with Session(target(), silent) as session:
        [item] = session.run(INFO).objects
    assert (item["Endpoint"], item["IPAddress"]) == ("ecr.device.edge.test:31001", "192.0.2.44")


@pytest.mark.parametrize("text", ["string", "lines", "information"])
def test_text_of_every_kind_is_lines(target, device, text):
    device.turn(text=text)
    with Session(target(), silent) as session:
        output = session.run("New-HcsKubernetesUser", UserName="u")
    assert output.text[:2] == ("apiVersion: v1", "clusters:")
    assert not output.objects


def test_errors_are_read_whether_they_end_the_cmdlet_or_not(target, device):
    device.turn(non_terminating=INFO, partial=True, enabled=True, missing=[ENABLE])
    with Session(target(), silent) as session:
        beside = session.run(INFO)
        missing = session.run(ENABLE)
        parameter = session.run("Get-HcsApplianceInfo", Size="1")
        device.turn(fail_next="Get-HcsApplianceInfo")
        failed = session.run("Get-HcsApplianceInfo")
    assert not beside.failed
    assert beside.errors[0].identifier == "EmulatedWarning"
    assert list(beside.objects[0]) == ["Endpoint", "IPAddress"]
    assert (missing.failed, missing.is_unsupported, parameter.is_unsupported) == (True, True, True)
    assert "CommandNotFoundException" in missing.failure().message
    assert "NamedParameterNotFound,Get-HcsApplianceInfo" in parameter.failure().message
    assert (failed.failed, failed.is_unsupported, failed.failure().reason) == (True, False, "io")


def test_a_cmdlet_that_hangs_is_stopped(target, device):
    device.turn(hang=ENABLE)
    with pytest.raises(ProvisioningError, match="within 2 seconds"), Session(target(timeout=2), silent) as session:
        session.run(ENABLE)
    with Session(target(), silent) as session:
        assert session.run("Get-HcsApplianceInfo").objects


def test_a_connection_that_is_cut(target, device):
    device.turn(cut=ENABLE)
    with pytest.raises(ConnectionLostError), Session(target(), silent) as session:
        session.run(ENABLE)
    wait_until(lambda: device.report["shells_closed"] == 1, "the shell stays open")


def test_no_log_of_a_library_tells_what_is_sent(target, device, caplog):
    device.turn(enabled=True)
    caplog.set_level(logging.DEBUG)
    with Session(target(), silent) as session:
        assert session.run(INFO).objects
    for secret in (device.password, device.report["knobs"]["password"], INFO):
        assert secret not in caplog.text


def test_a_banner_is_shown_and_no_error(target, device):
    device.turn(banner="Sessions are recorded.")
    said = []
    with Session(target(), said.append) as session:
        Device(session).appliance()
    assert said == ["127.0.0.1 says: Sessions are recorded.", "127.0.0.1: Get-HcsApplianceInfo"]
