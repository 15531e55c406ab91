# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way: a failing network before real registries, and servers that break the rules."""

from __future__ import annotations

import email.utils
import json
import os
import signal
import threading
import time

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.tests.support.child import in_child
from ansible_collections.edgeops.registry.tests.support.fault_proxy import DOWN, UP
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.oci_layout import MANIFEST, random_layer
from ansible_collections.edgeops.registry.tests.support.pusher import Pusher
from ansible_collections.edgeops.registry.tests.support.sink import Sink
from ansible_collections.edgeops.registry.tests.support.syncing import summary, sync

LAYER = random_layer(3_000_000, 1)
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def stored(registry, name="app"):
    with Pusher(registry, name) as pusher:
        return pusher.read(sha256(LAYER))


# The connection breaks


@pytest.mark.parametrize("positions", [(20_000,), (100_000, 2_900_000)])
def test_cut_in_mid_upload(registry, before, layout, positions):
    digest = layout.image(LAYER)
    proxy = before(registry)
    proxy.cut(UP, *positions)
    outcome = sync(proxy.record_dict, (f"oci:{layout.folder}", "app:1"), concurrency=1)
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "action", "digest", "retries") == [("copy", digest, len(positions))]
    assert stored(registry) == LAYER


@pytest.fixture
def origin(start_registry, layout):
    """A registry with an image of one large layer."""
    started = start_registry()
    layout.image(LAYER)
    assert not sync(started, (f"oci:{layout.folder}", "app:1")).failed
    return started


def pull(registry, proxy, **options):
    options = {"sources": [proxy.record_dict], "companions": False, **options}
    return sync(registry, (f"{proxy.endpoint}/app:1", None), **options)


@pytest.mark.parametrize("positions", [(1_000_000,), (600_000, 600_000, 600_000)])
def test_cut_in_mid_download_goes_on_in_the_same_upload(registry, origin, before, positions):
    proxy = before(origin)
    proxy.cut(DOWN, *positions)
    outcome = pull(registry, proxy, concurrency=1)
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "retries") == [(len(positions),)]
    assert stored(registry) == LAYER
    assert proxy.passed[DOWN] < len(LAYER) + sum(positions)
    assert [one.status for one in origin.access_log() if sha256(LAYER) in one.path] == [200] + [206] * len(positions)
    assert len([one for one in registry.access_log() if one.method == "PUT" and "/blobs/" in one.path]) == 2


def test_a_cut_when_the_time_of_a_slice_is_up_already(registry, origin, before):
    proxy = before(origin)
    proxy.cut(DOWN, 1_500_000)
    outcome = pull(registry, proxy, concurrency=1, progress_interval=0.1, bandwidth_limit=3_000_000)
    assert not outcome.failed, outcome.failed
    assert stored(registry) == LAYER
    assert proxy.passed[DOWN] < len(LAYER) + 1_500_000


@pytest.mark.parametrize("position", [700, 2_000, 40_000, 900_000, 2_000_000, 2_995_000, 3_002_500, 3_004_000])
def test_killed_at_any_moment(registry, before, layout, position):
    """The name is there when all of it is there, and the next run completes it."""
    digest = layout.image(LAYER)
    image = (f"oci:{layout.folder}", "app:1")

    def killed() -> None:
        proxy = before(registry)
        proxy.watch = lambda direction, total: (
            direction == UP and total > position and os.kill(os.getpid(), signal.SIGKILL)
        )
        sync(proxy.record_dict, image)
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(ChildProcessError):
        in_child(killed)
    with Pusher(registry, "app") as pusher:
        assert pusher.digest_of("1") in (None, digest)
        if pusher.digest_of("1"):
            assert pusher.read(sha256(LAYER)) == LAYER
        assert not sync(registry, image).failed
        assert pusher.digest_of("1") == digest
        assert pusher.read(sha256(LAYER)) == LAYER


def test_two_runs_at_once_to_one_registry(registry, layout):
    digest = layout.index((LAYER,), (random_layer(200_000, 5),))
    outcomes = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(sync(registry, (f"oci:{layout.folder}", "app:1"))))
        for dummy in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(outcome.failed, summary(outcome, "digest")) for outcome in outcomes] == [("", [(digest,)])] * 3
    assert stored(registry) == LAYER


# Servers that break the rules: none that can be had here does


class Source:
    """An image at a server that answers for its layer as a test wants it."""

    def __init__(self, serve, authority, layer_reply):
        self.layer = random_layer(600_000, 3)
        self.config = b"{}"
        parts = [{"mediaType": "x", "digest": sha256(one), "size": len(one)} for one in (self.config, self.layer)]
        self.manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
        ).encode()
        self.layer_reply = layer_reply
        self.server = serve(self.answer, authority.issue("localhost"))
        self.record = {"endpoint": f"localhost:{self.server.port}", "ca_certificates": [authority.pem]}
        self.name = f"localhost:{self.server.port}/app:1"

    def answer(self, asked):
        if "/manifests/" in asked.path:
            return Reply(200, {"Docker-Content-Digest": sha256(self.manifest)}, self.manifest)
        if sha256(self.config) in asked.path:
            return Reply(200, {}, self.config)
        if sha256(self.layer) in asked.path:
            return self.layer_reply(asked, self.layer)
        return Reply(404)

    def layer_requests(self):
        return [one for one in self.server.asked if sha256(self.layer) in one.path]


@pytest.fixture
def source(serve, authority):
    return lambda layer_reply: Source(serve, authority, layer_reply)


def pull_from(registry, one, **options):
    return sync(registry, (one.name, None), sources=[one.record], companions=False, **options)


@pytest.mark.parametrize(
    ("damage", "spooled"),
    [
        (lambda old: old[:-1], False),
        (lambda old: old + b"x", False),
        (lambda old: b"x" + old[1:], False),
        (lambda old: old[:-1], True),
        (lambda old: b"x" + old[1:], True),
    ],
    ids=["shorter", "longer", "changed", "shorter, to the spool", "changed, to the spool"],
)
def test_a_body_that_is_not_what_was_promised(registry, source, tmp_path, damage, spooled):
    one = source(lambda asked, layer: Reply(200, {}, damage(layer)))
    outcome = pull_from(registry, one, spool=str(tmp_path / "spool") if spooled else None)
    assert [failure["reason"] for failure in outcome.facts["failures"]] == ["digest_mismatch"]
    assert sha256(one.layer) in outcome.failed
    with Pusher(registry, "app") as pusher:
        assert not pusher.repository.has_blob(sha256(one.layer))
    assert [path for path in tmp_path.glob("spool/*") if path.suffix != ".json"] == []


def test_a_manifest_that_is_not_what_was_promised(registry, source):
    one = source(lambda asked, layer: Reply(200, {}, layer))
    promised = sha256(one.manifest)
    one.answer = lambda asked: Reply(200, {"Docker-Content-Digest": promised}, one.manifest + b" ")
    one.server.answer = one.answer
    outcome = pull_from(registry, one)
    assert [failure["reason"] for failure in outcome.facts["failures"]] == ["digest_mismatch"]


class Broken:
    """A layer that arrives in parts."""

    def __init__(self, etags=('"1"',), ranges=True):
        self.etags = list(etags)
        self.ranges = ranges

    def __call__(self, asked, layer):
        etag = self.etags.pop(0) if len(self.etags) > 1 else self.etags[0]
        headers = {"ETag": etag}
        start = int(asked.headers["Range"][len("bytes=") : -1]) if "Range" in asked.headers else 0
        is_same = asked.headers.get("If-Range") in (None, etag)
        if start and self.ranges and is_same:
            headers["Content-Range"] = f"bytes {start}-{len(layer) - 1}/{len(layer)}"
            return Reply(206, headers, layer[start:])
        cut = len(layer) // 2 if not start else len(layer)
        return Reply(200, headers, layer[:cut], length=len(layer))


@pytest.mark.parametrize(
    ("broken", "if_range"),
    [
        (Broken(), '"1"'),
        (Broken(ranges=False), '"1"'),
        (Broken(etags=('"1"', '"2"')), '"1"'),
        (Broken(etags=('W/"1"',)), None),
    ],
    ids=["ranges", "no ranges", "another etag", "a weak etag"],
)
def test_a_download_is_continued_as_the_server_can(registry, source, broken, if_range):
    one = source(broken)
    outcome = pull_from(registry, one)
    assert not outcome.failed, outcome.failed
    again = one.layer_requests()[1]
    assert again.headers["Range"] == f"bytes={len(one.layer) // 2}-"
    assert again.headers.get("If-Range") == if_range
    with Pusher(registry, "app") as pusher:
        assert pusher.read(sha256(one.layer)) == one.layer


def test_another_part_than_was_asked_for_is_refused(registry, source):
    def reply(asked, layer):
        if "Range" in asked.headers:
            return Reply(206, {"Content-Range": f"bytes 0-{len(layer) - 1}/{len(layer)}"}, layer)
        return Reply(200, {}, layer[:1000], length=len(layer))

    outcome = pull_from(registry, source(reply))
    assert "has another part" in outcome.failed


# The registry wants a rest


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_too_many_requests_at_the_source_hold_all_back(registry, source, form):
    replies = []

    def reply(asked, layer):
        replies.append(time.monotonic())
        value = "1" if form == "seconds" else email.utils.formatdate(time.time() + 2, usegmt=True)
        return Reply(429, {"Retry-After": value}) if len(replies) == 1 else Reply(200, {}, layer)

    outcome = pull_from(registry, source(reply))
    assert not outcome.failed, outcome.failed
    assert replies[1] - replies[0] > 0.9
    assert summary(outcome, "retries") == [(1,)]


def test_a_source_that_is_ill_for_a_while(registry, source):
    left = [500, 502, 503]
    one = source(lambda asked, layer: Reply(left.pop(), {"Retry-After": "0"}) if left else Reply(200, {}, layer))
    outcome = pull_from(registry, one)
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "retries") == [(3,)]


def test_a_pause_that_outlasts_a_slice_is_left_to_the_next_one(registry, source, tmp_path):
    replies = [Reply(429, {"Retry-After": "60"})]
    one = source(lambda asked, layer: replies.pop() if replies else Reply(200, {}, layer))
    options = {"spool": str(tmp_path / "spool"), "progress_interval": 0.5}
    start = time.monotonic()
    outcome = pull_from(registry, one, **options)
    assert time.monotonic() - start < 50
    assert (outcome.failed, outcome.facts["remaining"]) == ("", 1)
    assert 5 < outcome.facts["progress"]["pause"] < 60
    again = pull_from(registry, one, **options)
    assert (again.failed, again.facts["remaining"], again.facts["progress"]["pause"]) == ("", 0, 0)


def test_what_a_registry_wants_to_be_told(registry, source):
    one = source(lambda asked, layer: Reply(200, {"Warning": '299 - "Closes in May."'}, layer))
    outcome = pull_from(registry, one)
    assert not outcome.failed, outcome.failed
    assert outcome.warnings == [f"{one.record['endpoint']} says: Closes in May."]


# The destination's habits


def test_an_upload_to_another_host(serve, authority, layout):
    digest = layout.image(LAYER)
    store = serve(Reply(201), authority.issue("localhost"))
    sink = Sink(serve, authority, f"https://localhost:{store.port}/put?signature=x")
    outcome = sync({**sink.record, "username": "u", "password": "p"}, (f"oci:{layout.folder}", "app:1"))
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "digest") == [(digest,)]
    assert {one.path for one in store.asked} > {f"/put?signature=x&digest=sha256%3A{sha256(LAYER)[7:]}"}
    assert not [one for one in store.asked if "Authorization" in one.headers]


def test_an_upload_into_a_private_network_is_refused(serve, authority, layout):
    layout.image(LAYER)
    inner = serve(Reply(201), authority.issue("127.0.0.1"))
    sink = Sink(serve, authority, f"https://127.0.0.1:{inner.port}/put")
    outcome = sync(sink.record, (f"oci:{layout.folder}", "app:1"))
    assert "private address 127.0.0.1" in outcome.failed
    assert inner.asked == []


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_a_registry_that_does_not_mount(serve, authority, layout, status):
    layout.image(LAYER)
    sink = Sink(serve, authority, "/v2/app/blobs/uploads/1", status)
    outcome = sync(sink.record, (f"oci:{layout.folder}", "app:1"))
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "blobs_missing") == [(2,)]


class Deduplicating:
    """As zot is: whatever any repository was sent counts as there, until a manifest refers to it; types of Docker's are refused."""

    def __init__(self, serve, authority):
        self.blobs, self.manifests = set(), {}
        self.server = serve(self.answer, authority.issue("localhost"))
        self.record = {"endpoint": f"localhost:{self.server.port}", "ca_certificates": [authority.pem]}

    def answer(self, asked):
        path, dummy, query = asked.path.partition("?")
        if "/manifests/" in path:
            return self.answer_manifest(asked, path)
        if asked.method == "PUT":
            self.blobs.add(sha256(asked.body))
            return Reply(201)
        if asked.method == "POST" and "mount=" not in query:
            return Reply(202, {"Location": "/v2/app/blobs/uploads/1"})
        return Reply(201 if asked.method == "POST" else 200)

    def answer_manifest(self, asked, path):
        if asked.method != "PUT":
            found = self.manifests.get(path)
            return Reply(200, {"Docker-Content-Digest": found}) if found else Reply(404)
        if asked.headers["Content-Type"] != MANIFEST:
            return Reply(415, {}, b'{"errors": [{"code": "MANIFEST_INVALID", "message": "media type"}]}')
        data = json.loads(asked.body)
        if not {one["digest"] for one in (data["config"], *data["layers"])} <= self.blobs:
            return Reply(404, {}, b'{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "unknown"}]}')
        self.manifests[path] = sha256(asked.body)
        return Reply(201)


def test_a_registry_that_claims_what_it_cannot_serve(serve, authority, layout):
    digest = layout.image(LAYER)
    zot = Deduplicating(serve, authority)
    outcome = sync(zot.record, (f"oci:{layout.folder}", "app:1"))
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "action", "digest") == [("copy", digest)]
    assert sha256(LAYER) in zot.blobs


def test_a_type_of_manifest_that_the_registry_does_not_take(serve, authority, layout):
    document = layout.manifest(LAYER)
    data = {**json.loads(layout.path_of(document["digest"]).read_bytes()), "mediaType": DOCKER_MANIFEST}
    layout.name_it(layout.document(data, DOCKER_MANIFEST), "1")
    outcome = sync(Deduplicating(serve, authority).record, (f"oci:{layout.folder}", "app:1"))
    assert [failure["reason"] for failure in outcome.facts["failures"]] == ["unsupported"]
    assert "HTTP 415 for manifest 1 in app: MANIFEST_INVALID" in outcome.failed


def test_a_manifest_of_four_mebibytes(registry, layout):
    """The most that every registry has to take; that of distribution is a little less with its own limit of a request."""
    config = layout.document({"architecture": "amd64", "os": "linux"}, "application/vnd.oci.image.config.v1+json")
    data = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [], "annotations": {"x": ""}}
    data["annotations"]["x"] = "y" * ((4 << 20) - len(json.dumps(data)))
    manifest = layout.document(data, MANIFEST)
    assert manifest["size"] == 4 << 20
    digest = layout.index_of({**manifest, "platform": {"os": "linux", "architecture": "amd64"}})
    outcome = sync(registry, (f"oci:{layout.folder}", "app:1"))
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "digest") == [(digest,)]
