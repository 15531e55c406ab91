# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures and other referrers travel with their image, between real registries."""

from __future__ import annotations

import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.plugins.module_utils._images.referrers import fallback_tag
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.oci_layout import MANIFEST, random_layer
from ansible_collections.edgeops.registry.tests.support.pusher import ARTIFACT_TYPE, Pusher
from ansible_collections.edgeops.registry.tests.support.syncing import summary, sync


def tag_of(descriptor, suffix=""):
    return fallback_tag(descriptor["digest"]) + suffix


@pytest.fixture
def origin(start_registry):
    return start_registry()


@pytest.fixture
def built(origin):
    with Pusher(origin, "app") as pusher:
        yield pusher


@pytest.fixture
def stored(registry):
    with Pusher(registry, "app") as pusher:
        yield pusher


def copy(registry, origin, tag="1", **options):
    return sync(registry, (f"{origin.endpoint}/app:{tag}", None), sources=[origin.record_dict], **options)


def note(built, subject, text=b"note"):
    """Something that refers to a manifest, and stands in the list of what does."""
    referrer = built.manifest(text, subject=subject, artifactType=ARTIFACT_TYPE, annotations={"is": "a note"})
    listed = built.listed(tag_of(subject)) if built.digest_of(tag_of(subject)) else []
    built.index(*listed, referrer, tag=tag_of(subject))
    return referrer


def test_tags_of_cosign_and_referrers_travel(built, stored, registry, origin):
    child = built.manifest(random_layer(1000, 1))
    image = built.index(child, tag="1")
    signature = built.manifest(b"signature", tag=tag_of(image, ".sig"))
    attestation = built.manifest(b"attestation", tag=tag_of(child, ".att"))
    referrer = note(built, image)
    outcome = copy(registry, origin)
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "action", "digest") == [("copy", image["digest"])]
    assert stored.digest_of(tag_of(image, ".sig")) == signature["digest"]
    assert stored.digest_of(tag_of(child, ".att")) == attestation["digest"]
    assert stored.digest_of(referrer["digest"]) == referrer["digest"]
    [listed] = stored.listed(tag_of(image))
    assert listed == {**referrer, "artifactType": ARTIFACT_TYPE, "annotations": {"is": "a note"}}
    for layer in (b"signature", b"attestation", b"note"):
        assert stored.read(sha256(layer)) == layer
    written = [
        one.path.rpartition("/")[2] for one in registry.access_log() if one.method == "PUT" and "/manif" in one.path
    ]
    assert written[-1] == "1"


def test_an_image_in_sync_costs_one_request_to_each_side(built, registry, origin):
    note(built, built.manifest(b"1", tag="1"))
    copy(registry, origin)
    for one in (origin, registry):
        one.clear_access_log()
    assert summary(copy(registry, origin), "action", "requests") == [("none", 2)]
    assert [len(one.access_log()) for one in (origin, registry)] == [1, 1]


def test_looking_for_companions_costs_two_requests_per_repository(built, registry, origin):
    for tag in ("1", "2", "3"):
        built.index(built.manifest(tag.encode()), built.manifest(b"x" + tag.encode()), tag=tag)
    origin.clear_access_log()
    images = [(f"{origin.endpoint}/app:{tag}", None) for tag in ("1", "2", "3")]
    assert not sync(registry, *images, sources=[origin.record_dict]).failed
    paths = [one.path for one in origin.access_log()]
    assert len([path for path in paths if "/referrers/" in path]) == 1
    assert len([path for path in paths if "/tags/" in path]) == 1
    assert not [path for path in paths if "sha256-" in path]


def test_what_others_have_listed_stays(built, stored, registry, origin):
    image = built.manifest(b"1", tag="1")
    mine = note(built, image)
    assert stored.manifest(b"1", tag="other")["digest"] == image["digest"]
    foreign = note(stored, image, b"of this site")
    assert not copy(registry, origin).failed
    assert [one["digest"] for one in stored.listed(tag_of(image))] == [foreign["digest"], mine["digest"]]
    copy(registry, origin, check_mode=True)
    assert not sync(registry, (f"{origin.endpoint}/app:1", "app:2"), sources=[origin.record_dict]).failed
    assert len(stored.listed(tag_of(image))) == 2


def test_what_refers_to_a_referrer_travels_too_and_circles_end(built, stored, registry, origin):
    image = built.manifest(b"1", tag="1")
    first = note(built, image)
    second = note(built, first)
    built.document(json.loads(built.repository.manifest("1")), tag=tag_of(second, ".sig"))
    built.document(json.loads(built.repository.manifest("1")), tag=tag_of(image, ".sbom"))
    assert not copy(registry, origin).failed
    assert [one["digest"] for one in stored.listed(tag_of(first))] == [second["digest"]]
    assert stored.digest_of(tag_of(second, ".sig")) == stored.digest_of(tag_of(image, ".sbom")) == image["digest"]


def test_a_listed_referrer_that_is_gone_is_no_failure(built, stored, registry, origin):
    image = built.manifest(b"1", tag="1")
    gone = note(built, image)
    kept = note(built, image, b"another")
    built.delete(gone["digest"])
    assert not copy(registry, origin).failed
    assert [one["digest"] for one in stored.listed(tag_of(image))] == [kept["digest"]]


def test_none_are_copied_where_none_are_wanted(built, stored, registry, origin):
    image = built.manifest(b"1", tag="1")
    built.manifest(b"signature", tag=tag_of(image, ".sig"))
    note(built, image)
    assert not copy(registry, origin, companions=False).failed
    assert stored.digest_of("1") == image["digest"]
    assert stored.digest_of(tag_of(image, ".sig")) is None
    assert stored.digest_of(tag_of(image)) is None


def test_a_closer_look_brings_what_was_signed_later(built, stored, registry, origin):
    image = built.manifest(b"1", tag="1")
    copy(registry, origin)
    signature = built.manifest(b"signature", tag=tag_of(image, ".sig"))
    assert not copy(registry, origin).changed
    assert copy(registry, origin, level="deep", check_mode=True).changed
    assert copy(registry, origin, level="deep").changed
    assert stored.digest_of(tag_of(image, ".sig")) == signature["digest"]
    assert not copy(registry, origin, level="deep").changed


def test_a_closer_look_mends_a_list_that_lost_an_entry(built, stored, registry, origin):
    image = built.manifest(b"1", tag="1")
    first, second = note(built, image), note(built, image, b"another")
    copy(registry, origin)
    kept = next(one for one in stored.listed(tag_of(image)) if one["digest"] == first["digest"])
    for damage in (
        lambda: stored.index(kept, tag=tag_of(image)),
        lambda: stored.delete(stored.digest_of(tag_of(image))),
    ):
        damage()
        assert not copy(registry, origin).changed
        predicted = copy(registry, origin, level="deep", check_mode=True)
        outcome = copy(registry, origin, level="deep")
        assert not outcome.failed, outcome.failed
        keys = ("action", "blobs_missing")
        assert summary(predicted, *keys) == summary(outcome, *keys) == [("tag", 0)]
        assert {one["digest"] for one in stored.listed(tag_of(image))} == {first["digest"], second["digest"]}
    before = len(registry.access_log())
    assert not copy(registry, origin, level="deep").changed
    looks = [one for one in registry.access_log()[before:] if one.path.endswith(f"/manifests/{tag_of(image)}")]
    assert len(looks) == 1


def test_check_mode_foretells_the_bytes_of_lists(built, registry, origin):
    image = built.index(built.manifest(b"1"), tag="1")
    for text in (b"a note", b"b note"):
        note(built, image, text)
    predicted = copy(registry, origin, check_mode=True)
    outcome = copy(registry, origin)
    assert not outcome.failed, outcome.failed
    assert summary(predicted, "action", "bytes_sent") == summary(outcome, "action", "bytes_sent")
    again = copy(registry, origin, "1", check_mode=True)
    assert summary(again, "action", "bytes_sent") == [("none", 0)]


def test_something_else_under_the_tag_of_the_list_is_not_overwritten(built, stored, registry, origin):
    image = built.manifest(b"1", tag="1")
    note(built, image)
    theirs = stored.manifest(b"something else", tag=tag_of(image))
    outcome = copy(registry, origin)
    assert "is to list referrers, has something else" in outcome.failed
    assert stored.digest_of(tag_of(image)) == theirs["digest"]
    assert stored.digest_of("1") is None


def test_a_registry_that_lists_referrers_itself_gets_no_tag(built, origin, serve, authority):
    """No registry that can be had here does that: a small one of our own, which takes everything."""
    image = built.manifest(b"1", tag="1")
    note(built, image)
    manifests = {}

    def answer(asked):
        reference = asked.path.rpartition("/")[2]
        if "/manifests/" not in asked.path:
            return Reply(201)
        if asked.method == "PUT":
            subject = json.loads(asked.body).get("subject", {}).get("digest")
            manifests[reference] = manifests[sha256(asked.body)] = sha256(asked.body)
            return Reply(201, {"OCI-Subject": subject} if subject else {})
        found = manifests.get(reference)
        return Reply(headers={"Docker-Content-Digest": found}) if found else Reply(404)

    server = serve(answer, authority.issue("localhost"))
    record = {"endpoint": f"localhost:{server.port}", "ca_certificates": [authority.pem]}
    outcome = sync(record, (f"{origin.endpoint}/app:1", None), sources=[origin.record_dict])
    assert not outcome.failed, outcome.failed
    assert len([one for one in server.asked if one.method == "PUT"]) == 2
    assert not [one for one in server.asked if tag_of(image) in one.path and "." not in one.path]


def test_referrers_by_the_api_of_their_registry(registry, stored, serve, authority):
    """As above: a source with a list of referrers in two pages."""
    blob = b"layer"
    layer = {"mediaType": "x", "digest": sha256(blob), "size": len(blob)}
    image = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": layer, "layers": []}).encode()
    subject = {"mediaType": MANIFEST, "digest": sha256(image), "size": len(image)}
    notes = [
        json.dumps(
            {"schemaVersion": 2, "mediaType": MANIFEST, "config": layer, "layers": [], "subject": subject, "n": n}
        )
        for n in range(2)
    ]
    contents = {sha256(one.encode()): one.encode() for one in notes} | {sha256(image): image, sha256(blob): blob}

    def answer(asked):
        reference = asked.path.rpartition("/")[2]
        if "/referrers/" in asked.path:
            listed = notes if subject["digest"] in asked.path else []
            page = "n=1" in asked.path
            items = [{"mediaType": MANIFEST, "digest": sha256(one.encode()), "size": len(one)} for one in listed]
            link = {"Link": f'<{asked.path}?n=1>; rel="next"'} if listed and not page else {}
            body = json.dumps({"schemaVersion": 2, "manifests": items[1:] if page else items[:1]}).encode()
            return Reply(200, link, body)
        if reference in contents or reference == "1":
            digest = reference if reference in contents else sha256(image)
            return Reply(200, {"Docker-Content-Digest": digest}, contents[digest])
        return Reply(404)

    server = serve(answer, authority.issue("localhost"))
    record = {"endpoint": f"localhost:{server.port}", "ca_certificates": [authority.pem]}
    outcome = sync(registry, (f"localhost:{server.port}/app:1", None), sources=[record])
    assert not outcome.failed, outcome.failed
    assert {one["digest"] for one in stored.listed(tag_of(subject))} == {sha256(one.encode()) for one in notes}


@pytest.mark.parametrize(
    "listing",
    [
        Reply(200, {"Link": '</v2/app/tags/list?last=1>; rel="next"'}, b'{"name": "app", "tags": ["1"]}'),
        Reply(403, {}, b'{"errors": [{"code": "DENIED"}]}'),
        Reply(200, {}, b"<html>"),
    ],
    ids=["too many for a page", "forbidden", "no list"],
)
def test_where_the_tags_are_not_told_each_is_asked_for(registry, stored, serve, authority, listing):
    """As above: a source that tells its tags not at all, or page by page."""
    blob = b"layer"
    layer = {"mediaType": "x", "digest": sha256(blob), "size": len(blob)}
    image, signature = (
        json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": layer, "layers": [], "n": n}).encode()
        for n in range(2)
    )
    tags = {"1": image, f"{fallback_tag(sha256(image))}.sig": signature}
    contents = {sha256(one): one for one in (image, signature, blob)} | tags

    def answer(asked):
        content = contents.get(asked.path.rpartition("/")[2])
        if asked.path.endswith("/tags/list"):
            return listing
        return Reply(200, {"Docker-Content-Digest": sha256(content)}, content) if content else Reply(404)

    server = serve(answer, authority.issue("localhost"))
    record = {"endpoint": f"localhost:{server.port}", "ca_certificates": [authority.pem]}
    outcome = sync(registry, (f"localhost:{server.port}/app:1", None), sources=[record])
    assert not outcome.failed, outcome.failed
    assert stored.digest_of(f"{fallback_tag(sha256(image))}.sig") == sha256(signature)
