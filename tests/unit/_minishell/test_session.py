# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import concurrent.futures
import hashlib
import logging
import socket
import ssl
import time

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import Device
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._faults import ConnectionLostError, translate
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._session import Session
from ansible_collections.edgeops.registry.tests.support.edge_device import EdgeDevice
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.proxy_server import ProxyServer
from ansible_collections.edgeops.registry.tests.support.real_registry import free_port, wait_until
from pypsrp.exceptions import WSManFaultError

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


@pytest.mark.parametrize("https", [True, False])
@pytest.mark.parametrize(
    "answer",
    [
        Reply(body=b"<!DOCTYPE html><p>Welcome<br>"),
        Reply(body=b"<html><body>Welcome</body></html>"),
        Reply(404, body=b"<!DOCTYPE html><p>Not here<br>"),
        Reply(401, {"WWW-Authenticate": "Negotiate"}),
        Reply(401, {"WWW-Authenticate": "NTLM bm90IGEgdG9rZW4gYXQgYWxs"}),
        Reply(401, {"WWW-Authenticate": "NTLM x"}),
        Reply(401, {"WWW-Authenticate": 'Basic realm="x"'}),
    ],
    ids=["html", "xhtml", "html not found", "negotiate", "wrong token", "no token", "basic"],
)
def test_what_is_no_wsman(target, serve, node_leaf, answer, https):
    server = serve(answer, node_leaf if https else None)
    assert refusal(target(port=server.port, https=https)) in {"unreachable", "unauthorized"}


def test_a_path_of_its_own(target, device):
    device.turn(path="wsman/device")
    with Session(target(path="wsman/device"), silent) as session:
        assert session.run("Get-HcsApplianceInfo").objects
    assert refusal(target()) == "unreachable"


@pytest.fixture
def proxy(device):
    server = ProxyServer({f"127.0.0.1:{device.port}": device.port})
    yield server
    server.stop()


def test_through_a_proxy_the_certificate_is_checked_all_the_same(target, node_leaf, proxy, device):
    right, wrong = fingerprint(node_leaf), "0" * 64
    for fields in ({}, {"fingerprint": right}, {"fingerprint": right, "ca_cert": "", "tls_server_name": ""}):
        with Session(target(proxy=proxy.url, **fields), silent) as session:
            assert session.run("Get-HcsApplianceInfo").objects
    assert proxy.asked == [("CONNECT", f"127.0.0.1:{device.port}")] * 3
    assert refusal(target(proxy=proxy.url, fingerprint=wrong)) == "untrusted"
    assert refusal(target(proxy=proxy.url, fingerprint=wrong, ca_cert="", tls_server_name="")) == "untrusted"
    assert refusal(target(proxy=proxy.url, tls_server_name="")) == "name_mismatch"
    assert refusal(target(proxy=proxy.url, ca_cert="")) == "untrusted"
    proxy.routes.clear()
    with pytest.raises(ProvisioningError, match=r"cannot be reached on port .* through the proxy"):
        Session(target(proxy=proxy.url), silent).__enter__()


@pytest.mark.parametrize("counts", [True, False])
def test_a_proxy_of_the_environment_counts_on_request(target, proxy, monkeypatch, counts):
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "")
    with Session(target(environment_proxy=counts), silent) as session:
        assert session.run("Get-HcsApplianceInfo").objects
    assert len(proxy.asked) == counts


def test_a_device_that_answers_nothing_is_given_up(target):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        given = target(https=False, port=deaf.getsockname()[1], operation_timeout=60, read_timeout=2)
        begin = time.monotonic()
        with pytest.raises(ProvisioningError, match="did not answer within 2 seconds"):
            Session(given, silent).__enter__()
    assert time.monotonic() - begin < 30


def test_a_connection_that_cannot_be_made_yet(target, node_leaf):
    port = free_port()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        starting = pool.submit(EdgeDevice, node_leaf, port=port, user_password="of-the-user")
        given = target(port=port, password="of-the-user", reconnection_retries=12, reconnection_backoff=0.05)
        try:
            with Session(given, silent) as session:
                assert session.run("Get-HcsApplianceInfo").objects
        finally:
            starting.result().stop()


def test_a_fault_s_words_are_only_words(target):
    fault = WSManFaultError(
        1, "machine", "{0.password} and Password: hunter2 and " + target().password, None, None, None
    )
    words = str(translate(fault, target()))
    assert "{0.password} and Password: (not shown) and (not shown)" in words


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


def test_a_connection_that_is_cut_while_a_shell_opens(target, device):
    """The shell that was opened is closed."""
    plain = EdgeDevice()
    try:
        for one in (device, plain):
            one.turn(cut="open")
            assert refusal(target(https=one is device, port=one.port, password=one.password)) == "unreachable"
            report = one.report
            assert (report["shells_opened"], report["shells_closed"]) == (1, 1)
    finally:
        plain.stop()


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
