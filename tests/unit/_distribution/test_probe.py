# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime as dt
import email.utils
import socket
import threading

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.probe import probe
from ansible_collections.edgeops.registry.plugins.module_utils._errors import PROBE_REASONS, ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.real_registry import free_port

API = {"Docker-Distribution-API-Version": "registry/2.0", "Content-Type": "application/json"}
HOUR = dt.timedelta(hours=1)


SERVING = Reply(headers=API, body=b"{}")


def record(port, *authorities, host="localhost", **keys):
    return Record.parse({"endpoint": f"{host}:{port}", "ca_certificates": [item.pem for item in authorities], **keys})


def assert_fails(result, reason, *words):
    assert (result.ok, result.reason) == (False, reason), result
    assert reason in PROBE_REASONS
    assert result.remedy
    for word in words:
        assert word in result.msg, result


# The real registry


def test_one_request_proves_a_record(registry):
    result = probe(registry.record)
    assert (result.ok, result.http_status, result.requests) == (True, 200, 1), result
    assert registry.access_log() == [("GET", "/v2/", 200)]


def test_it_tells_of_the_certificate(registry):
    certificate = probe(registry.record).certificate
    assert certificate.days_left == 9
    assert len(certificate.fingerprint) == 64
    assert certificate.not_after.endswith("Z")


def test_a_password_that_was_right_yesterday(registry):
    yesterday = registry.record
    registry.change_password()
    result = probe(yesterday)
    assert_fails(result, "unauthorized", "refuses username and password")
    assert (result.http_status, result.requests) == (401, 1)
    assert registry.password not in repr(result)
    assert probe(registry.record).ok


def test_a_record_without_credentials(registry):
    anonymous = Record.parse({**registry.record_dict, "username": None, "password": None})
    assert_fails(probe(anonymous), "unauthorized", "the record has none")


def test_verify_image_replaces_the_one_request(registry):
    result = probe(registry.record, verify_image="edge/hello:1.0")
    assert_fails(result, "unauthorized", "edge/hello:1.0 is not there")
    assert registry.access_log() == [("HEAD", "/v2/edge/hello/manifests/1.0", 404)]


def test_another_ca(registry, authority):
    result = probe(record(registry.port, authority))
    assert_fails(result, "untrusted")
    assert result.requests == 0


def test_the_systems_cas_do_not_vouch_for_it(registry):
    assert_fails(probe(record(registry.port)), "untrusted")


def test_a_name_that_the_certificate_has_not(registry):
    renamed = Record.parse({**registry.record_dict, "endpoint": f"other.edge.test:{registry.port}"})
    result = probe(renamed)
    assert_fails(result, "name_mismatch", "registry.edge.test", "127.0.0.1", "not for other.edge.test")
    assert result.certificate.days_left == 9
    assert registry.access_log() == []


def test_an_address_that_the_certificate_has_not(registry):
    renamed = Record.parse({**registry.record_dict, "endpoint": f"127.0.0.2:{registry.port}"})
    assert_fails(probe(renamed), "name_mismatch", "not for 127.0.0.2")


def test_http_to_a_registry_with_tls(registry):
    plain = Record.parse({**registry.record_dict, "scheme": "http"})
    assert_fails(probe(plain, allow_http=True), "unreachable", "speaks TLS")


def test_addresses_are_tried_in_turn(registry):
    both = Record.parse({**registry.record_dict, "addresses": ["::1", "127.0.0.1"]})
    assert probe(both).ok


def test_bearer_costs_three_requests(token_registry, authority):
    registry, server = token_registry
    both = Record.parse({**registry.record_dict, "ca_certificates": [registry.ca_pem, authority.pem]})
    result = probe(both)
    assert (result.ok, result.requests) == (True, 3), result
    assert [request.status for request in registry.access_log()] == [401, 200]
    assert len(server.http.asked) == 1


def test_bearer_with_an_image_asks_for_the_right_to_pull(token_registry, authority):
    registry, server = token_registry
    both = Record.parse({**registry.record_dict, "ca_certificates": [registry.ca_pem, authority.pem]})
    assert_fails(probe(both, verify_image="edge/hello:1.0"), "unauthorized", "is not there")
    assert "scope=repository%3Aedge%2Fhello%3Apull" in server.http.asked[0].path


def test_a_token_server_that_refuses_the_password(token_registry, authority):
    registry = token_registry[0]
    wrong = {**registry.record_dict, "ca_certificates": [registry.ca_pem, authority.pem], "password": "wrong"}
    assert_fails(probe(Record.parse(wrong)), "unauthorized", "token server")


def test_an_untrusted_token_server_gets_no_password(token_registry):
    registry, server = token_registry
    assert_fails(probe(registry.record), "untrusted", f"localhost:{server.http.port}")
    assert server.http.asked == []


# Servers that are wrong


def test_an_expired_certificate(serve, authority):
    server = serve(SERVING, authority.issue("localhost", valid=(-48 * HOUR, -HOUR)))
    result = probe(record(server.port, authority, username="u", password="p"))
    assert_fails(result, "expired")
    assert result.certificate.days_left == -1
    assert [asked.headers.get("Authorization") for asked in server.asked] == [None]


def test_a_certificate_that_only_our_clock_calls_expired(serve, authority):
    earlier = email.utils.format_datetime(dt.datetime.now(dt.UTC) - 3 * HOUR, usegmt=True)
    server = serve(Reply(401, date=earlier), authority.issue("localhost", valid=(-48 * HOUR, -HOUR)))
    assert_fails(probe(record(server.port, authority)), "clock", "this host's clock says", "the server's says")


def test_a_certificate_that_is_not_yet_valid(serve, authority):
    server = serve(SERVING, authority.issue("localhost", valid=(HOUR, 48 * HOUR)))
    assert_fails(probe(record(server.port, authority)), "clock", "is not valid before")


def test_an_expired_ca(serve, tmp_path):
    old = Authority(tmp_path / "old", valid=(-48 * HOUR, -HOUR))
    server = serve(SERVING, old.issue("localhost"))
    assert_fails(probe(record(server.port, old)), "expired", "CA certificate")


def test_a_certificate_with_a_common_name_only(serve, authority):
    server = serve(SERVING, authority.issue(common_name="localhost"))
    assert_fails(probe(record(server.port, authority)), "legacy_common_name", "subjectAltName")


def test_a_server_without_tls(serve, authority):
    server = serve(SERVING)
    assert_fails(probe(record(server.port, authority)), "unreachable", "without TLS")


def test_plain_http_where_it_is_allowed(serve):
    server = serve(SERVING)
    plain = record(server.port, scheme="http")
    assert probe(plain, allow_http=True).ok
    with pytest.raises(ProvisioningError, match="in clear"):
        probe(plain)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>"),
        Reply(302, {"Location": "https://login.example.com/"}),
        Reply(404, {"Content-Type": "text/plain"}, b"404 page not found"),
        Reply(401, {"Content-Type": "text/html"}),
    ],
    ids=["login page", "redirect", "not found", "401 without a challenge"],
)
def test_something_that_is_no_registry(serve, authority, reply):
    server = serve(reply, authority.issue("localhost"))
    assert_fails(probe(record(server.port, authority)), "not_a_registry", f"HTTP {reply.status}")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_registry_that_cannot_serve(serve, authority, status):
    server = serve(Reply(status), authority.issue("localhost"))
    result = probe(record(server.port, authority))
    assert_fails(result, "unreachable", f"HTTP {status}")
    assert result.http_status == status


def test_a_user_without_the_right(serve, authority):
    server = serve(Reply(403, API), authority.issue("localhost"))
    result = probe(record(server.port, authority, username="u", password="p"), verify_image="edge/hello:1.0")
    assert_fails(result, "unauthorized", "may not pull edge/hello:1.0")


def test_a_realm_without_tls_gets_no_password(serve, authority):
    realm = serve(Reply(body=b'{"token": "t"}'))
    challenge = {"WWW-Authenticate": f'Bearer realm="http://localhost:{realm.port}/token",service="s"'}
    server = serve(Reply(401, challenge), authority.issue("localhost"))
    result = probe(record(server.port, authority, username="u", password="p"))
    assert_fails(result, "unauthorized", "no TLS")
    assert realm.asked == []


def test_a_token_server_that_gives_none(serve, authority):
    leaf = authority.issue("localhost")
    realm = serve(Reply(body=b"[]"), leaf)
    challenge = {"WWW-Authenticate": f'Bearer realm="https://localhost:{realm.port}/token"'}
    server = serve(Reply(401, challenge), leaf)
    assert_fails(probe(record(server.port, authority)), "not_a_registry", "gives no token")


# No server at all


def test_a_name_that_does_not_resolve():
    assert_fails(probe(record(443, host="registry.invalid")), "unresolved", "registry.invalid")


def test_a_port_where_nothing_listens():
    assert_fails(probe(record(free_port())), "unreachable", "refuses connections")


def test_a_server_that_never_answers():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = probe(record(silent.getsockname()[1]), timeout=0.2)
    assert_fails(result, "unreachable", "does not answer in time")


def _hang_up(listener):
    listener.accept()[0].close()


def test_a_server_that_hangs_up():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.settimeout(5)
        threading.Thread(target=_hang_up, args=[listener], daemon=True).start()
        result = probe(record(port, scheme="http"), allow_http=True, timeout=0.2)
    assert_fails(result, "unreachable")


@pytest.mark.parametrize("image", [":", "UPPER:1", "registry.example.com:5000/hello:1", "a@sha256:1"])
def test_an_image_that_is_none(image):
    with pytest.raises(ProvisioningError, match="not the name of an image"):
        probe(record(443), verify_image=image)
