# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import email.utils
import hashlib
import json
import socket
import threading
import time

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authenticator import Credentials
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.pool import Pace, parse_retry_after
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import TRIES, Meter, Transport
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.real_registry import free_port

BLOB = b"blob" * 100_000
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
OK = Reply(headers={"Docker-Content-Digest": DIGEST})


class Opened:
    """A repository of a registry, and what was spent on it."""

    def __init__(self, record, name="team/app", push=True):
        self.meter = Meter()
        self.transport = Transport(Server.of(record), Credentials.of(record), timeout=5, pace=Pace(base=0.01))
        self.repository = Repository(self.transport, name, self.meter, push=push)


def read(download):
    """All that a stream gives, whose connection then goes back."""
    content, buffer = b"", memoryview(bytearray(100_000))
    with contextlib.closing(download):
        while count := download.readinto(buffer):
            content += buffer[:count]
    return content


@pytest.fixture
def opened():
    """Open repositories whose connections end with the test."""
    all_of_them = []

    def start(record, **details):
        all_of_them.append(Opened(record, **details))
        return all_of_them[-1]

    yield start
    for one in all_of_them:
        one.transport.close()


@pytest.fixture
def scripted(serve, authority, opened):
    """A server that gives answers in turn, the last one for ever, and a repository of it."""

    def start(*replies, host="localhost", **keys):
        left = list(replies)
        server = serve(
            lambda asked: left.pop(0) if len(left) > 1 else left[0], authority.issue("localhost", "127.0.0.1")
        )
        record = {
            "endpoint": f"{host}:{server.port}",
            "ca_certificates": [authority.pem],
            "username": "u",
            "password": "p",
        }
        return server, opened(Record.parse({**record, **keys}))

    return start


# Retries


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again(scripted, status):
    server, target = scripted(Reply(status), Reply(status), OK)
    assert target.repository.manifest_digest("1") == DIGEST
    assert (target.meter.requests, target.meter.retries, len(server.asked)) == (3, 2, 3)
    assert server.connections == 1


def test_a_lasting_failure_ends(scripted):
    server, target = scripted(Reply(503))
    with pytest.raises(ProvisioningError, match="answers HTTP 503 for manifest 1 in team/app") as caught:
        target.repository.manifest_digest("1")
    assert caught.value.reason == "unreachable"
    assert len(server.asked) == TRIES


@pytest.mark.parametrize("status", [400, 403, 405, 415])
def test_what_will_not_get_better_is_tried_once(scripted, status):
    body = json.dumps({"errors": [{"code": "DENIED", "message": "no such luck"}]}).encode()
    server, target = scripted(Reply(status, body=body))
    with pytest.raises(ProvisioningError, match=f"HTTP {status} .*DENIED no such luck"):
        target.repository.manifest("1")
    assert len(server.asked) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_holds_all_requests_back(scripted, form):
    start = time.time()  # of which a date loses up to a second
    value = "1" if form == "seconds" else email.utils.formatdate(start + 2, usegmt=True)
    dummy, target = scripted(Reply(429, {"Retry-After": value}), OK)
    target.repository.manifest_digest("1")
    assert 0.9 < time.time() - start < 30


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 50),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0),
    ],
)
def test_retry_after(value, seconds):
    assert parse_retry_after(value, 10) == seconds


def test_a_dead_host_fails_fast_once_that_is_known(opened):
    target = opened(Record.parse({"endpoint": f"localhost:{free_port()}"}))
    for dummy in range(2):
        with pytest.raises(ProvisioningError, match="refuses connections"):
            target.repository.manifest_digest("1")
    assert target.meter.retries == TRIES - 1


# Connections


def test_a_connection_that_the_server_closed_is_replaced(scripted):
    server, target = scripted(Reply(headers={**OK.headers, "Connection": "close"}))
    for dummy in range(3):
        assert target.repository.manifest_digest("1") == DIGEST
    assert (server.connections, target.meter.retries) == (3, 0)


def test_a_connection_that_died_unnoticed_is_replaced(registry, opened):
    target = opened(registry.record)
    assert target.repository.manifest_digest("1") is None
    registry.stop()
    registry.start()
    assert target.repository.manifest_digest("1") is None
    assert target.meter.retries == 0


def test_many_requests_use_one_connection_and_one_authentication(scripted):
    server, target = scripted(OK)
    for dummy in range(5):
        target.repository.manifest_digest("1")
    assert server.connections == 1
    assert all(asked.headers["Authorization"].startswith("Basic ") for asked in server.asked)


# Redirects


def test_a_redirect_to_another_host_loses_the_credentials(scripted, serve, authority):
    store = serve(Reply(body=BLOB), authority.issue("localhost"))
    server, target = scripted(Reply(307, {"Location": f"https://localhost:{store.port}/store?signature=x"}))
    assert read(target.repository.open_blob(DIGEST)) == BLOB
    assert store.asked[0].path == "/store?signature=x"
    assert "Authorization" not in store.asked[0].headers
    assert "Authorization" in server.asked[0].headers


def test_a_redirect_from_tls_to_none_is_refused(scripted, serve):
    plain = serve(Reply(body=BLOB))
    dummy, target = scripted(Reply(307, {"Location": f"http://localhost:{plain.port}/"}))
    with pytest.raises(ProvisioningError, match="without TLS"):
        target.repository.open_blob(DIGEST)
    assert plain.asked == []


def test_a_redirect_into_a_private_network_is_refused(scripted, serve, authority):
    inner = serve(Reply(body=BLOB), authority.issue("127.0.0.1"))
    dummy, target = scripted(Reply(307, {"Location": f"https://127.0.0.1:{inner.port}/"}))
    with pytest.raises(ProvisioningError, match=r"private address 127\.0\.0\.1"):
        target.repository.open_blob(DIGEST)
    assert inner.asked == []


def test_a_private_registry_may_redirect_within_its_network(scripted, serve, authority):
    inner = serve(Reply(body=BLOB), authority.issue("127.0.0.1"))
    dummy, target = scripted(Reply(307, {"Location": f"https://127.0.0.1:{inner.port}/"}), addresses=["127.0.0.1"])
    assert read(target.repository.open_blob(DIGEST)) == BLOB


def test_redirects_in_circles_end(scripted):
    dummy, target = scripted(Reply(307, {"Location": "/v2/again"}))
    with pytest.raises(ProvisioningError, match="in circles"):
        target.repository.open_blob(DIGEST)


# Uploads


def upload(target, body=BLOB):
    target.repository.upload_blob(DIGEST, len(BLOB), lambda: iter([body[:100_000], body[100_000:]]))


@pytest.mark.parametrize(
    ("location", "put"),
    [
        (
            "/v2/team/app/blobs/uploads/1?_state=a%2Fb",
            f"/v2/team/app/blobs/uploads/1?_state=a%2Fb&digest=sha256%3A{DIGEST[7:]}",
        ),
        ("1", f"/v2/team/app/blobs/uploads/1?digest=sha256%3A{DIGEST[7:]}"),
        ("https://localhost:{port}/x", f"/x?digest=sha256%3A{DIGEST[7:]}"),
    ],
)
def test_locations(serve, authority, opened, location, put):
    def answer(asked):
        return Reply(202, {"Location": location.format(port=server.port)}) if asked.method == "POST" else Reply(201)

    server = serve(answer, authority.issue("localhost"))
    record = {
        "endpoint": f"localhost:{server.port}",
        "ca_certificates": [authority.pem],
        "username": "u",
        "password": "p",
    }
    upload(opened(Record.parse(record)))
    assert [asked.method for asked in server.asked] == ["POST", "PUT"]
    assert server.asked[1].path == put
    assert server.asked[1].body == BLOB
    assert "Authorization" in server.asked[1].headers


def test_a_body_that_fails_ends_the_upload(registry, opened):
    target = opened(registry.record)
    tries = []

    def body():
        tries.append(len(tries))
        yield BLOB[:100_000]
        raise ProvisioningError("the source stumbled", reason="unreachable")

    with pytest.raises(ProvisioningError, match="the source stumbled"):
        target.repository.upload_blob(DIGEST, len(BLOB), body)
    assert (len(tries), target.meter.retries, target.meter.bytes_sent) == (1, 0, 100_000)
    assert not target.repository.has_blob(DIGEST)


def test_a_wrong_digest_is_refused_by_the_registry(registry, opened):
    target = opened(registry.record)
    with pytest.raises(ProvisioningError, match="DIGEST_INVALID"):
        upload(target, b"x" + BLOB[1:])
    assert not target.repository.has_blob(DIGEST)


def test_an_unknown_origin_of_a_mount_offers_an_upload(registry, opened):
    target = opened(registry.record)
    location = target.repository.mount_blob(DIGEST, "nowhere/at/all")
    target.repository.upload_blob(DIGEST, len(BLOB), lambda: iter([BLOB]), location)
    assert target.repository.has_blob(DIGEST)
    assert [one.method for one in registry.access_log()] == ["POST", "PUT", "HEAD"]


def test_a_stale_location_is_replaced_by_a_new_one(registry, opened):
    target = opened(registry.record)
    location = target.repository.mount_blob(DIGEST, "nowhere/at/all")
    stale = location.replace("_state=", "_state=x")
    target.repository.upload_blob(DIGEST, len(BLOB), lambda: iter([BLOB]), stale)
    assert target.repository.has_blob(DIGEST)
    assert [one.status for one in registry.access_log()] == [202, 404, 202, 201, 200]


# Downloads


def test_a_download_that_breaks_off_is_noticed(scripted):
    dummy, target = scripted(Reply(body=BLOB[:1000], length=len(BLOB)))
    answer = target.repository.open_blob(DIGEST)
    buffer = memoryview(bytearray(1000))
    assert answer.readinto(buffer) == 1000
    with pytest.raises(ProvisioningError, match="broke in the middle"):
        answer.readinto(buffer)
    answer.close()


def test_a_manifest_without_a_digest_header_is_read_and_hashed(scripted):
    server, target = scripted(Reply(), Reply(body=BLOB))
    assert target.repository.manifest_digest("1") == DIGEST
    assert [asked.method for asked in server.asked] == ["HEAD", "GET"]


def test_a_large_manifest(scripted):
    content = b"m" * (5 << 20)
    dummy, target = scripted(Reply(body=content))
    assert target.repository.manifest("1") == content


# Bearer tokens


def test_an_expired_token_is_replaced(scripted, serve, authority):
    given = iter(range(10))
    realm = serve(
        lambda asked: Reply(body=json.dumps({"access_token": f"t{next(given)}"}).encode()), authority.issue("localhost")
    )
    challenge = Reply(401, {"WWW-Authenticate": f'Bearer realm="https://localhost:{realm.port}/token",service="a, b"'})
    server, target = scripted(challenge, OK, challenge, OK)
    assert target.repository.manifest_digest("1") == DIGEST
    assert target.repository.manifest_digest("1") == DIGEST
    assert [asked.headers["Authorization"].partition(" ")[2] for asked in server.asked[1:]] == ["t0", "t0", "t1"]
    assert realm.asked[0].path == "/token?service=a%2C+b&scope=repository%3Ateam%2Fapp%3Apull%2Cpush"


def test_threads_share_one_token(token_registry, authority, opened):
    registry, server = token_registry
    target = opened(Record.parse({**registry.record_dict, "ca_certificates": [registry.ca_pem, authority.pem]}))
    target.repository.manifest_digest("1")
    threads = [threading.Thread(target=target.repository.manifest_digest, args=[str(number)]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.http.asked) == 1


def test_a_silent_server_times_out(opened):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        record = Record.parse({"endpoint": f"127.0.0.1:{silent.getsockname()[1]}"})
        transport = Transport(Server.of(record), Credentials(), timeout=0.1, pace=Pace(base=0.01))
        with pytest.raises(ProvisioningError, match="does not answer in time"):
            Repository(transport, "a", Meter()).manifest_digest("1")


def test_a_server_that_falls_silent_times_out(serve, authority):
    end = threading.Event()

    def answer(asked):
        if asked.path.endswith("/2"):
            end.wait(60)
        return OK

    server = serve(answer, authority.issue("localhost"))
    record = Record.parse({"endpoint": f"localhost:{server.port}", "ca_certificates": [authority.pem]})
    transport = Transport(Server.of(record), Credentials(), timeout=1, pace=Pace(base=0.01))
    repository = Repository(transport, "a", Meter())
    repository.manifest_digest("1")
    with pytest.raises(ProvisioningError, match="does not answer in time"):
        repository.manifest_digest("2")
    end.set()


@pytest.mark.parametrize("location", ["https://localhost:port/", "https://[::1/", "ftp://localhost/"])
def test_a_location_that_is_no_url(scripted, location):
    dummy, target = scripted(Reply(307, {"Location": location}))
    with pytest.raises(ProvisioningError, match="no URL of HTTP"):
        target.repository.open_blob(DIGEST)


@pytest.mark.parametrize("realm", ["https://localhost:port/", "https://[::1", "mailto:x"])
def test_a_realm_that_is_no_url(scripted, realm):
    dummy, target = scripted(Reply(401, {"WWW-Authenticate": f'Bearer realm="{realm}"'}))
    with pytest.raises(ProvisioningError, match="no URL of HTTP"):
        target.repository.manifest("1")
