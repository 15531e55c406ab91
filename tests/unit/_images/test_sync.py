# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images onto a real registry, in this process."""

from __future__ import annotations

import collections
import hashlib
import json
import subprocess
import sys
import threading

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.tests.support import distribution3
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.oci_layout import (
    CONFIG,
    LAYER,
    MANIFEST,
    OciLayout,
    random_layer,
)
from ansible_collections.edgeops.registry.tests.support.syncing import summary, sync

WAIT_SECONDS = 20


@pytest.fixture(params=["distribution 2", "distribution 3"])
def registry(request, start_registry):
    """What is asked of every registry is asked of both."""
    return start_registry(program=distribution3.program() if request.param == "distribution 3" else None)


def methods(registry):
    return [request.method for request in registry.access_log()]


def test_an_image_arrives_by_its_digest(registry, layout):
    digest = layout.image(random_layer(300_000, 1), random_layer(10, 2))
    outcome = sync(registry, (f"oci:{layout.folder}", "team/app:1.0"))
    assert not outcome.failed
    assert outcome.changed
    assert summary(outcome, "name", "action", "digest", "digest_before") == [("team/app:1.0", "copy", digest, "")]
    assert collections.Counter(methods(registry)) == {"HEAD": 1 + 1, "POST": 3, "PUT": 3 + 1}
    assert outcome.facts["images"][0]["requests"] == len(registry.access_log()) == 9


def test_an_image_in_sync_costs_one_request(registry, layout):
    layout.index((random_layer(1000, 1),), (random_layer(1000, 2),))
    sync(registry, (f"oci:{layout.folder}", "team/app:1.0"))
    registry.clear_access_log()
    outcome = sync(registry, (f"oci:{layout.folder}", "team/app:1.0"))
    assert not outcome.changed
    assert summary(outcome, "action", "bytes_sent", "requests") == [("none", 0, 1)]
    assert registry.access_log() == [("HEAD", "/v2/team/app/manifests/1.0", 200)]


def test_the_parts_of_an_index_are_read_side_by_side(registry, serve, layout):
    """Its source gives none of them before it has been asked for all."""
    root = layout.index(*((random_layer(1000, number),) for number in range(3)))
    all_are_asked_for = threading.Barrier(3)

    def answer(asked):
        reference = asked.path.removeprefix("/v2/app/manifests/")
        if reference != "1":
            all_are_asked_for.wait(WAIT_SECONDS)
        digest = root if reference == "1" else reference
        return Reply(headers={"Docker-Content-Digest": digest}, body=layout.path_of(digest).read_bytes())

    source = {"endpoint": f"127.0.0.1:{serve(answer).port}", "scheme": "http"}
    image = (f"{source['endpoint']}/app:1", None)
    options = {"sources": [source], "allow_http": True, "companions": False}
    outcome = sync(registry, image, concurrency=4, check_mode=True, **options)
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "action", "blobs_missing") == [("copy", 4)]


@pytest.mark.parametrize("check_first", [True, False])
def test_check_mode_writes_nothing_and_predicts_the_bytes(registry, layout, check_first):
    layout.index((random_layer(1000, 1),), (random_layer(5000, 2), random_layer(1000, 1)))
    source = f"oci:{layout.folder}"
    images = [(source, "one:1"), (source, "two:1"), (source, "one:2")]
    keys = ("name", "action", "digest", "bytes_sent", "bytes_mounted")
    if check_first:
        predicted = sync(registry, *images, check_mode=True)
        assert set(methods(registry)) == {"HEAD"}
        assert predicted.changed
        done = sync(registry, *images)
        assert summary(predicted, *keys) == summary(done, *keys)
    else:
        sync(registry, *images)
    again = sync(registry, *images, check_mode=True, diff=True)
    assert not again.changed
    assert again.diff == []


def test_diff_shows_digests(registry, layout):
    first = layout.image(b"1", tag="a")
    second = layout.image(b"2", tag="b")
    sync(registry, (f"oci:{layout.folder}:a", "app:1"))
    outcome = sync(registry, (f"oci:{layout.folder}:b", "app:1"), check_mode=True, diff=True)
    assert [(diff["before"], diff["after"]) for diff in outcome.diff] == [(f"{first}\n", f"{second}\n")]


def test_a_shared_blob_is_sent_once_and_mounted(registry, layout):
    shared = random_layer(100_000, 1)
    for number in range(4):
        layout.image(shared, random_layer(100, 10 + number), tag=str(number))
    outcome = sync(registry, *((f"oci:{layout.folder}:{number}", f"repo{number}:1") for number in range(4)))
    assert not outcome.failed
    log = registry.access_log()
    assert len([one for one in log if one.method == "PUT" and "/blobs/" in one.path]) == 1 + 4 + 1  # configs are alike
    mounts = collections.Counter(one.status for one in log if "mount=" in one.path)
    assert mounts == {202: 1 + 4 + 1, 201: 2 * 3}  # all are asked for in this way, which starts an upload if need be
    assert [image["bytes_mounted"] > 100_000 for image in outcome.facts["images"]] == [False, True, True, True]
    assert not [one for one in log if one.method == "HEAD" and "/blobs/" in one.path]


def test_p10_a_new_tag_writes_manifests_only_and_is_a_change(registry, layout):
    layout.image(random_layer(1000, 1))
    sync(registry, (f"oci:{layout.folder}", "app:1"))
    outcome = sync(registry, (f"oci:{layout.folder}", "app:2"))
    assert outcome.changed
    assert summary(outcome, "action", "bytes_mounted") == [("tag", 0)]
    assert outcome.facts["images"][0]["bytes_sent"] < 1000


def test_the_same_image_under_two_tags_at_once(registry, layout):
    digest = layout.image(random_layer(1000, 1))
    source = f"oci:{layout.folder}"
    outcome = sync(registry, (source, "app:1"), (source, "app:2"))
    assert not outcome.failed
    again = sync(registry, (source, "app:1"), (source, "app:2"))
    assert summary(again, "action", "digest_before") == [("none", digest)] * 2


@pytest.mark.parametrize("is_damaged", [False, True], ids=["whole", "damaged"])
def test_a_layer_that_is_named_by_sha512(registry, layout, is_damaged):
    content = random_layer(300_000, 1)
    digest = f"sha512:{hashlib.sha512(content).hexdigest()}"
    path = layout.path_of(digest)
    path.parent.mkdir()
    path.write_bytes(content[:-1] + b"x" if is_damaged else content)
    config = layout.document({"architecture": "amd64", "os": "linux"}, CONFIG)
    layers = [{"mediaType": LAYER, "digest": digest, "size": len(content)}]
    data = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
    image = layout.name_it(layout.document(data, MANIFEST), "1.0")
    outcome = sync(registry, (f"oci:{layout.folder}", "app:1"))
    if is_damaged:
        assert [failure["reason"] for failure in outcome.facts["failures"]] == ["digest_mismatch"]
        return
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "action", "digest") == [("copy", image)]
    assert summary(sync(registry, (f"oci:{layout.folder}", "app:1"), level="verify"), "action") == [("none",)]


@pytest.mark.parametrize("name", ["layout.tar", "layout.tar.gz"])
def test_archives(registry, layout, tmp_path, name):
    digest = layout.index((b"1",), (random_layer(400_000, 2),))
    archive = layout.archive(tmp_path / name)
    outcome = sync(registry, (f"oci-archive:{archive}", "app:1"))
    assert not outcome.failed
    assert summary(sync(registry, (f"oci-archive:{archive}:1.0", "app:1")), "action", "digest_before") == [
        ("none", digest)
    ]


def test_from_registry_to_registry(start_registry, layout):
    origin, target = start_registry(), start_registry()
    digest = layout.index((random_layer(300_000, 1),), (random_layer(1000, 2),))
    sync(origin, (f"oci:{layout.folder}", "team/app:1.0"))
    origin.clear_access_log()
    options = {"sources": [origin.record_dict]}
    outcome = sync(target, (f"{origin.endpoint}/team/app:1.0", None), **options)
    assert not outcome.failed
    assert summary(outcome, "name", "action", "digest") == [("team/app:1.0", "copy", digest)]
    assert len([one for one in origin.access_log() if "/blobs/" in one.path]) == 3  # both configs are alike
    origin.clear_access_log()
    target.clear_access_log()
    again = sync(
        target,
        (f"{origin.endpoint}/team/app:1.0", None),
        (f"{origin.endpoint}/team/app@{digest}", "pinned:1"),
        **options,
    )
    assert summary(again, "action")[0] == ("none",)
    assert [one for one in origin.access_log() if one.method == "HEAD"] == [("HEAD", "/v2/team/app/manifests/1.0", 200)]
    target.clear_access_log()
    origin.clear_access_log()
    pinned = sync(target, (f"{origin.endpoint}/team/app@{digest}", "pinned:1"), **options)
    assert summary(pinned, "action", "requests") == [("none", 1)]
    assert origin.access_log() == []
    assert methods(target) == ["HEAD"]


def test_bearer_tokens_are_kept_per_scope(token_registry, authority, layout):
    registry, server = token_registry
    record = {**registry.record_dict, "ca_certificates": [registry.ca_pem, authority.pem]}
    layout.image(random_layer(1000, 1), random_layer(1000, 2))
    images = [(f"oci:{layout.folder}", "one:1"), (f"oci:{layout.folder}", "two:1")]
    outcome = sync(record, *images)
    assert not outcome.failed, outcome.failed
    scopes = {asked.path.partition("scope=")[2] for asked in server.http.asked}
    assert len(server.http.asked) == len(scopes) == 3  # one, two, and two with the right to read one
    assert all(request.status != 401 for request in registry.access_log()[4:])


def test_one_failure_hides_nothing(registry, layout, tmp_path):
    layout.image(random_layer(1000, 1))
    source = f"oci:{layout.folder}"
    outcome = sync(registry, (source, "one:1"), (f"oci:{tmp_path}/nowhere", "two:1"), (source, "three:1"))
    assert outcome.changed
    assert summary(outcome, "name", "action", "failed") == [
        ("one:1", "copy", False),
        ("two:1", "none", True),
        ("three:1", "copy", False),
    ]
    assert [(failure["part"], failure["registry"]) for failure in outcome.facts["failures"]] == [
        ("two:1", registry.endpoint)
    ]
    assert "1 of 3 images" in outcome.failed
    assert "nowhere" in outcome.failed
    assert not sync(registry, (source, "one:1"), (source, "three:1")).changed


@pytest.mark.parametrize(
    "damage",
    [lambda old: b"x" + old[1:], lambda old: old[:-1], lambda old: old + b"x"],
    ids=["changed", "short", "long"],
)
def test_a_bad_blob_never_lands(registry, layout, damage):
    good = random_layer(600_000, 1)
    digest = layout.blob(good)
    layout.image(good, b"other")
    layout.path_of(digest).write_bytes(damage(good))
    outcome = sync(registry, (f"oci:{layout.folder}", "app:1"))
    assert [failure["reason"] for failure in outcome.facts["failures"]] == ["digest_mismatch"]
    assert digest in outcome.failed
    assert outcome.facts["images"][0]["action"] == "none"
    data = registry.directory / "data" / "docker" / "registry" / "v2" / "blobs"
    assert not list(data.glob(f"sha256/*/{digest.partition(':')[2]}"))
    assert ("HEAD", "/v2/app/manifests/1", 200) not in registry.access_log()


def test_a_bad_manifest_never_lands(registry, layout):
    digest = layout.image(b"1")
    layout.path_of(digest).write_bytes(layout.path_of(digest).read_bytes() + b" ")
    outcome = sync(registry, (f"oci:{layout.folder}", "app:1"))
    assert [failure["reason"] for failure in outcome.facts["failures"]] == ["digest_mismatch"]
    assert methods(registry) == ["HEAD"]


def test_a_wrong_password_costs_one_request_per_image(registry, layout):
    layout.image(b"1")
    record = {**registry.record_dict, "password": "not-the-password"}
    outcome = sync(record, (f"oci:{layout.folder}", "app:1"))
    assert [failure["reason"] for failure in outcome.facts["failures"]] == ["unauthorized"]
    assert not outcome.changed
    assert methods(registry) == ["HEAD"]
    assert "not-the-password" not in str(outcome)


def test_an_untrusted_registry_is_named_as_such(registry, authority, layout):
    layout.image(b"1")
    record = {**registry.record_dict, "ca_certificates": [authority.pem]}
    outcome = sync(record, (f"oci:{layout.folder}", "app:1"))
    assert [failure["reason"] for failure in outcome.facts["failures"]] == ["untrusted"]


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ([("UPPER/x", None)], r"images\[0\].source"),
        ([("oci:relative", "a:1")], r"images\[0\].source: 'relative' is not an absolute path"),
        ([("oci:/srv/x", None)], r"images\[0\].name: it is missing"),
        ([("oci:/srv/x", "a b")], r"images\[0\].name"),
        ([("oci:/srv/x", "a:1"), ("oci:/srv/y", "a:1")], r"images\[0\] and images\[1\] are both to be a:1"),
    ],
)
def test_bad_options_fail_before_anything_is_asked(registry, images, words):
    with pytest.raises(ProvisioningError, match=words):
        sync(registry, *images)
    assert registry.access_log() == []


def test_plain_http_needs_leave(registry):
    with pytest.raises(ProvisioningError, match="in clear"):
        sync({**registry.record_dict, "scheme": "http"})


def test_connections_stay_within_the_concurrency(serve, layout, authority):
    digest = layout.image(b"1")
    server = serve(Reply(headers={"Docker-Content-Digest": digest}), authority.issue("localhost"))
    record = {"endpoint": f"localhost:{server.port}", "ca_certificates": [authority.pem]}
    images = [(f"oci:{layout.folder}", f"app:{number}") for number in range(40)]
    outcome = sync(record, *images)
    assert not outcome.changed
    assert len(server.asked) == 40
    assert server.connections <= 4


def test_a_shared_blob_comes_from_another_source_where_the_first_one_fails(registry, layout, tmp_path):
    shared = random_layer(1000, 1)
    digest = layout.blob(shared)
    layout.image(shared, b"first")
    layout.path_of(digest).write_bytes(b"x" * 1000)
    whole = OciLayout(tmp_path / "whole")
    whole.image(shared, b"second")
    outcome = sync(registry, (f"oci:{layout.folder}", "one:1"), (f"oci:{whole.folder}", "two:1"))
    assert summary(outcome, "name", "action", "failed") == [("one:1", "none", True), ("two:1", "copy", False)]
    asked = [one for one in registry.access_log() if "mount=" in one.path and digest.partition(":")[2] in one.path]
    assert [one.status for one in asked] == [202, 202]


def test_what_the_registry_does_not_serve_is_no_success(serve, layout, authority):
    answers = {
        "HEAD": Reply(404),
        "POST": Reply(202, {"Location": "/v2/app/blobs/uploads/1"}),
        "PUT": Reply(201),
    }
    layout.image(b"1")
    server = serve(lambda asked: answers[asked.method], authority.issue("localhost"))
    record = {"endpoint": f"localhost:{server.port}", "ca_certificates": [authority.pem]}
    outcome = sync(record, (f"oci:{layout.folder}", "app:1"))
    assert "does not serve it" in outcome.failed
    assert summary(outcome, "action", "failed") == [("none", True)]


def test_http_from_end_to_end(serve, layout):
    digest = layout.image(b"1")
    server = serve(Reply(headers={"Docker-Content-Digest": digest}))
    record = {"endpoint": f"localhost:{server.port}", "scheme": "http"}
    assert summary(sync(record, (f"oci:{layout.folder}", "app:1"), allow_http=True), "action") == [("none",)]


MEASURE = """
import json, pathlib, sys
from ansible_collections.edgeops.registry.tests.support.syncing import sync
def most():
    [line] = [one for one in pathlib.Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM:")]
    return line.split()[1]
before = most()
registry, source, options = json.load(sys.stdin)
outcome = sync(registry, (source, "app:1"), concurrency=8, **options)
print(most(), before, outcome.failed)
"""


def test_memory_does_not_grow_with_the_size_of_a_layer(start_registry, layout, tmp_path):
    """In KiB, of the whole process; four layers at once."""
    origin, target = start_registry(), start_registry()
    layout.image(*(random_layer(64, n) * (1 << 18) for n in range(4)))
    for registry, source, options in (
        (origin, f"oci:{layout.folder}", {}),
        (target, f"{origin.endpoint}/app:1", {"sources": [origin.record_dict], "spool": str(tmp_path / "spool")}),
    ):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE],
            input=json.dumps([registry.record_dict, source, options]),
            check=True,
            capture_output=True,
            text=True,
        )
        most, before, *failed = done.stdout.split()
        assert failed == []
        assert int(most) < 64 << 10
        assert int(most) - int(before) < 12 << 10
