# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bad input gets from module `client`: a clear error, and files that are as they were."""

from __future__ import annotations

import datetime as dt
import email.utils
import json

import pytest
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.client_host import CONFIG, SECRET
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.real_registry import HOST, free_port

HOUR = dt.timedelta(hours=1)
SERVING = Reply(headers={"Docker-Distribution-API-Version": "registry/2.0"})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        pytest.param({"pasword": SECRET}, "pasword", id="misspelt key"),
        pytest.param({"schema": 2}, "Upgrade the collection", id="newer schema"),
        pytest.param({"endpoint": "registry.edge.test:5000/team"}, "has a path", id="path"),
        pytest.param({"endpoint": "registry.edge.test"}, "has no port", id="no port"),
        pytest.param({"endpoint": f"registry.edge.test:{'5' * 5000}"}, "a port that is not a number", id="long port"),
        pytest.param({"endpoint": f"edge:{SECRET}@registry.edge.test:5000"}, "has credentials in it", id="user info"),
        pytest.param({"endpoint": "https://registry.edge.test:5000"}, "has a scheme", id="URL"),
        pytest.param({"endpoint": "2001:db8::10:5000"}, "IPv6 address without brackets", id="IPv6"),
        pytest.param({"endpoint": "registry\0:5000"}, "is not a DNS name", id="NUL in endpoint"),
        pytest.param({"password": f"{SECRET}\0"}, "control characters", id="NUL in password"),
        pytest.param({"ca_certificates": ["rubbish"]}, "ca_certificates[0]: it holds no certificate", id="no PEM"),
    ],
)
def test_a_wrong_record_is_named_and_nothing_is_done(host, wrong, words):
    before = host.listing()
    record = {"endpoint": f"{HOST}:5000", "addresses": ["127.0.0.1"], "username": "edge", "password": SECRET}
    result = host.module("client", registries=[record, {**record, "endpoint": f"{HOST}:5001", **wrong}], diff=True)
    assert result["failed"]
    assert words in result["msg"]
    assert "registries" in result["msg"]
    assert SECRET not in json.dumps(result.values)
    assert host.listing() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"users": ["root", "nobody-knows"]}, "no user 'nobody-knows'"),
        ({"users": ["a\0b"]}, "no user 'a"),
        ({"absent_endpoints": ["registry.edge.test"]}, "absent_endpoints[0]: endpoint has no port"),
        (
            {"state": "absent", "registries": [{"endpoint": "a.test:1"}, {"endpoint": "b.test"}]},
            "registries[1].endpoint: endpoint has no port",
        ),
    ],
)
def test_a_wrong_option_is_named_and_nothing_is_done(host, client, registry, options, words):
    before = host.listing()
    assert words in client(**options)["msg"]
    assert host.listing() == before
    assert registry.access_log() == []


def test_the_same_registry_twice_is_refused(host, client, record):
    before = host.listing()
    result = client(registries=[record, {**record, "endpoint": record["endpoint"].upper()}])
    assert "registries[0] and registries[1] are both for" in result["msg"]
    assert host.listing() == before


def test_an_endpoint_in_capitals_is_the_same_registry(client, record):
    result = client(registries=[{**record, "endpoint": record["endpoint"].upper()}])
    assert result["registries"][0]["endpoint"] == record["endpoint"]
    assert not client()["changed"]


@pytest.mark.parametrize("timeout", [0, "nan"])
def test_a_timeout_that_is_none_is_refused(refused, timeout):
    refused("invalid", "timeout", timeout=timeout)


def test_p1_a_wrong_password_never_replaces_one_that_works(client, refused, record):
    client()
    result = refused("unauthorized", "refuses username and password", registries=[{**record, "password": SECRET}])
    assert result["registries"][0]["verify"]["http_status"] == 401


def test_p1_a_password_that_was_right_yesterday_is_found_out(client, refused, registry):
    client()
    registry.clear_access_log()
    registry.change_password()
    refused("unauthorized", "refuses username and password")
    assert [request.status for request in registry.access_log()] == [401, 401]


@pytest.mark.parametrize("store", [{}, {"credsStore": "nowhere"}])
def test_p2_a_credential_store_changes_nothing_in_how_often_the_registry_is_asked(host, client, registry, store):
    host.put(CONFIG, json.dumps({"auths": {}, **store}).encode())
    registry.clear_access_log()
    for changed in (True, False):
        assert client(credential_store="bypass")["changed"] is changed
    assert [request.status for request in registry.access_log()] == [200, 200]


def test_an_unreachable_registry(refused, record):
    nowhere = {**record, "endpoint": f"{HOST}:{free_port()}"}
    result = refused("unreachable", f"{nowhere['endpoint']} at 127.0.0.1 refuses connections", registries=[nowhere])
    assert result["failures"][0]["registry"] == nowhere["endpoint"]


def test_a_name_that_nobody_knows(refused, record):
    refused("unresolved", "does not resolve", registries=[{**record, "addresses": []}])


def test_what_is_no_registry(refused, serve, authority):
    server = serve(Reply(body=b"<html>"), authority.issue(HOST))
    refused("not_a_registry", "not as a registry", registries=[served(server, authority)])


def test_another_ca(refused, record, authority):
    refused("untrusted", "ca_certificates", registries=[{**record, "ca_certificates": [authority.pem]}])


def served(server, authority):
    return {
        "endpoint": f"{HOST}:{server.port}",
        "addresses": ["127.0.0.1"],
        "ca_certificates": [authority.pem],
        "username": "edge",
        "password": SECRET,
    }


@pytest.mark.parametrize(
    ("names", "leaf", "reason", "words"),
    [
        pytest.param([HOST], {"valid": (-48 * HOUR, -HOUR)}, "expired", "expired on", id="expired"),
        pytest.param([HOST], {"valid": (HOUR, 48 * HOUR)}, "clock", "is not valid before", id="not yet valid"),
        pytest.param([], {"common_name": HOST}, "legacy_common_name", "no subjectAltName", id="CN only"),
        pytest.param(["other.edge.test"], {}, "name_mismatch", "is for other.edge.test, not for", id="wrong name"),
    ],
)
def test_a_certificate_that_will_not_do_gets_no_password(refused, serve, authority, names, leaf, reason, words):
    server = serve(SERVING, authority.issue(*names, **leaf))
    refused(reason, words, registries=[served(server, authority)])
    assert [asked for asked in server.asked if "Authorization" in asked.headers] == []


def test_a_clock_that_is_wrong(refused, serve, authority):
    """The certificate is over by this host's clock alone: its server thinks that it is three hours earlier."""
    earlier = email.utils.format_datetime(dt.datetime.now(dt.UTC) - 3 * HOUR, usegmt=True)
    server = serve(Reply(401, date=earlier), authority.issue(HOST, valid=(-48 * HOUR, -HOUR)))
    refused("clock", "this host's clock says", "the server's says", registries=[served(server, authority)])


@pytest.mark.parametrize(("valid", "reason"), [((-9, -1), "expired"), ((1, 9), "clock")])
def test_p12_a_ca_that_is_not_valid_now(tmp_path, refused, record, valid, reason):
    other = Authority(tmp_path / "other", valid=(valid[0] * HOUR, valid[1] * HOUR))
    refused(reason, "CA certificate", registries=[{**record, "ca_certificates": [other.pem]}])


def test_p12_a_leaf_is_no_ca(host, client, record, authority):
    before = host.listing()
    leaf = authority.issue(HOST).certificate.read_text()
    result = client(registries=[{**record, "ca_certificates": [record["ca_certificates"][0] + leaf]}])
    assert "ca_certificates[0]: certificate 2 is no CA" in result["msg"]
    assert host.listing() == before


def test_p12_a_bundle_with_garbage_between_becomes_one_file_per_certificate(host, client, record, authority):
    bundle = f"Bag Attributes\r\n{record['ca_certificates'][0]}\x00 rubbish é\n{authority.pem}# the end"
    assert not client(registries=[{**record, "ca_certificates": [bundle]}]).values.get("failed")
    ours = sorted(path.name for path in host.anchors.glob("edgeops-*"))
    assert len(ours) == 2
    for name in ours:
        assert name.endswith(".crt")
        assert (host.anchors / name).read_text().count("BEGIN CERTIFICATE") == 1
    for engine in ("docker", "containers"):
        directory = host.etc / engine / "certs.d" / record["endpoint"]
        assert sorted(path.name for path in directory.iterdir()) == ours
    for pem in (record["ca_certificates"][0], authority.pem):
        assert pem.strip() in host.bundle.read_text()


def test_p12_an_anchor_that_did_not_get_into_the_bundle_is_a_failure(host, client):
    idle = host.put("idle", b"#!/bin/sh\n", 0o755)
    host.more_mounts.append((idle, "/usr/sbin/update-ca-certificates"))
    bundle = host.bundle.read_bytes()
    result = client()
    assert result.reasons == ["untrusted"]
    assert "does not hold CA certificate" in result["msg"]
    assert not result["registries"][0]["in_place"]["trust"]
    assert result["registries"][0]["verify"]["ok"] is False
    assert host.bundle.read_bytes() == bundle


def test_a_refused_record_does_not_refresh_what_somebody_else_left_pending(host, refused, record, authority):
    host.put("share/ca-certificates/pending.crt", authority.pem.encode(), 0o644)
    refused("unauthorized", registries=[{**record, "password": SECRET}])


def test_no_place_for_anchors_is_told_and_nothing_is_done(host, refused):
    (host.anchors / "site.crt").unlink()
    host.anchors.rmdir()
    host.anchors.touch()
    refused("io", "trust", "ca-certificates")


def test_a_ca_that_goes_vouches_for_nothing(host, client, refused, record):
    """What is proven is what holds after the run: without our anchor, or with the operator's own copy of it."""
    assert client()["changed"]
    bare = {**record, "ca_certificates": []}
    refused("untrusted", "ca_certificates", registries=[bare])
    assert not client()["changed"]

    host.put("share/ca-certificates/mine.crt", record["ca_certificates"][0].encode(), 0o644)
    host.run(["/usr/sbin/update-ca-certificates"])
    assert client(registries=[bare])["registries"][0]["verify"]["ok"]
    assert not list(host.anchors.glob("edgeops-*"))
    assert not client(registries=[bare])["changed"]
