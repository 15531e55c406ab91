# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server may answer that a healthy one does not: played by a small HTTP server. The real one: tests/kubernetes."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.connection import Connection
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import NAMESPACES, SECRETS
from ansible_collections.edgeops.registry.tests.support.api_client import KUBECONFIG, connect
from ansible_collections.edgeops.registry.tests.support.http_server import Reply

ITEMS = json.dumps({"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "shop"}}]}).encode()
NO_PERMISSION = Reply(403, body=json.dumps({"message": "no", "reason": "Forbidden"}).encode())


@pytest.fixture
def answer_with(serve):
    """A cluster that gives these answers in turn, the last one for ever, and what it was asked."""

    def start(*replies, **options):
        left = list(replies)
        server = serve(lambda _asked: left.pop(0) if len(left) > 1 else left[0])
        return connect(f"http://127.0.0.1:{server.port}", **options), server.asked

    return start


def test_a_list_is_one_request_with_the_identity(answer_with):
    cluster, asked = answer_with(Reply(body=ITEMS))
    assert [item["metadata"]["name"] for item in cluster.list(NAMESPACES, labels="a=b")] == ["shop"]
    [request] = asked
    assert request.path == "/api/v1/namespaces?labelSelector=a%3Db"
    assert request.headers["authorization"] == "Bearer t0ken"
    assert cluster.requests == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_later_is_asked_again(answer_with, status):
    cluster, asked = answer_with(Reply(status), Reply(status, {"Retry-After": "0"}), Reply(body=ITEMS))
    assert cluster.list(NAMESPACES)
    assert len(asked) == cluster.requests == 3


def test_later_for_ever_is_an_error_in_time(answer_with):
    cluster, _asked = answer_with(Reply(503, {"Retry-After": "60"}), timeout=1)
    with pytest.raises(ProvisioningError) as error:
        cluster.list(NAMESPACES)
    assert error.value.reason == "busy"
    assert cluster.requests == 1


def test_a_refusal_is_not_asked_again(answer_with):
    cluster, asked = answer_with(NO_PERMISSION)
    with pytest.raises(ProvisioningError) as error:
        cluster.list(SECRETS, "shop")
    assert error.value.reason == "forbidden"
    assert error.value.part == "secrets shop"
    assert len(asked) == 1


def test_what_is_not_there_is_none(answer_with):
    cluster, _asked = answer_with(Reply(404))
    assert cluster.get(SECRETS, "edge-registry", "shop") is None
    assert not cluster.delete(SECRETS, "edge-registry", "shop")


@pytest.mark.parametrize("act", ["create", "apply", "replace"])
def test_a_dry_run_says_so_with_every_change(answer_with, act):
    cluster, asked = answer_with(Reply(body=b"{}"), dry_run=True)
    getattr(cluster, act)(SECRETS, SECRETS.new("edge-registry", "shop"), "shop")
    cluster.merge(SECRETS, "edge-registry", {}, "shop")
    cluster.delete(SECRETS, "edge-registry", "shop")
    *changes, deletion = asked
    assert [request.path.count("dryRun=All") for request in changes] == [1, 1]
    assert json.loads(deletion.body)["dryRun"] == ["All"]  # beside a body the API ignores the query


def test_each_gives_results_and_errors_in_order(answer_with):
    cluster, _asked = answer_with(Reply(body=b"{}"))

    def act(number):
        if number % 2:
            raise ProvisioningError(str(number))
        return number

    assert [str(result) for result in cluster.each(act, range(20))] == [str(number) for number in range(20)]


def test_a_changed_object_is_seen_and_a_lost_watch_is_begun_again(answer_with):
    added = json.dumps({"type": "ADDED", "object": {"metadata": {"name": "yard"}}}).encode() + b"\n"
    gone = json.dumps({"type": "DELETED", "object": {"metadata": {"name": "shop"}}}).encode() + b"\n"
    cluster, asked = answer_with(
        Reply(body=ITEMS), Reply(body=added + gone + b'{"type": "ADD'), Reply(body=ITEMS), Reply(body=b"")
    )
    seen = cluster.follow(NAMESPACES, seconds=30)
    assert [sorted(next(seen)) for _turn in range(4)] == [["shop"], ["shop", "yard"], ["yard"], ["shop"]]
    assert "resourceVersion=7" in asked[1].path
    seen.close()


def test_an_error_in_a_watch_means_to_look_again(answer_with):
    too_old = json.dumps({"type": "ERROR", "object": {"code": 410}}).encode() + b"\n"
    cluster, asked = answer_with(Reply(body=ITEMS), Reply(body=too_old), Reply(body=ITEMS), Reply(body=b""))
    seen = cluster.follow(NAMESPACES, seconds=30)
    assert [sorted(next(seen)) for _turn in range(2)] == [["shop"], ["shop"]]
    assert len(asked) == 3
    seen.close()


def test_watches_that_end_at_once_are_begun_again_without_haste(answer_with):
    cluster, asked = answer_with(*[Reply(body=ITEMS), Reply(body=b"")] * 200)
    assert [sorted(objects) for objects in cluster.follow(NAMESPACES, seconds=3)]
    assert 2 < len(asked) == cluster.requests < 20


@pytest.fixture
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_server_that_is_not_there(closed_port):
    cluster = connect(f"http://127.0.0.1:{closed_port}", timeout=0.5)
    with pytest.raises(ProvisioningError) as error:
        cluster.list(NAMESPACES)
    assert error.value.reason == "unreachable"
    assert "refused the connection" in error.value.message
    assert cluster.requests > 1


def test_a_name_that_is_not_known():
    with pytest.raises(ProvisioningError) as error:
        connect("https://kubernetes.invalid", timeout=0.5).list(NAMESPACES)
    assert error.value.reason == "unresolved"


def test_a_server_that_is_not_trusted_is_asked_once(serve, authority):
    server = serve(Reply(body=ITEMS), authority.issue("localhost"))
    cluster = connect(f"https://localhost:{server.port}")
    with pytest.raises(ProvisioningError) as error:
        cluster.list(NAMESPACES)
    assert error.value.reason == "untrusted"
    assert cluster.requests == 1


def test_a_server_that_leaves_in_the_middle_of_a_handshake_is_asked_again():
    def leave(listener):
        with contextlib.suppress(OSError):
            while True:
                connection, dummy = listener.accept()
                connection.recv(1 << 16)
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=leave, args=[listener], daemon=True).start()
        cluster = connect(f"https://127.0.0.1:{listener.getsockname()[1]}", timeout=2)
        with pytest.raises(ProvisioningError, match="broke the connection") as error:
            cluster.list(NAMESPACES)
        listener.shutdown(socket.SHUT_RDWR)
    assert error.value.reason == "unreachable"
    assert cluster.requests > 1


def test_what_is_no_kubernetes(answer_with):
    cluster, _asked = answer_with(Reply(body=b"<html>welcome</html>"))
    with pytest.raises(ProvisioningError, match="no Kubernetes API"):
        cluster.list(NAMESPACES)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"kubeconfig": "/nowhere/config"}, "/nowhere/config is not there"),
        ({"content": "just text"}, "it is not a kubeconfig"),
        ({"content": "a: ["}, "it is not a kubeconfig"),
        ({"content": KUBECONFIG.format(server="http://x"), "context": "other"}, "other"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used(given, word):
    options = {"kubeconfig": "", "content": "", "context": "", "concurrency": 1, "timeout": 1, **given}
    with pytest.raises(ProvisioningError) as error:
        Cluster(Connection(**options))
    assert word in error.value.message
    assert error.value.part == "kubeconfig"
    assert "t0ken" not in str(error.value)
