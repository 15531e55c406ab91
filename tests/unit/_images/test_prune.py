# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pruning real registries, in this process."""

from __future__ import annotations

import collections
import json
import shutil

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.tests.support import distribution3
from ansible_collections.edgeops.registry.tests.support.oci_layout import random_layer
from ansible_collections.edgeops.registry.tests.support.pruning import actions, prune, rule
from ansible_collections.edgeops.registry.tests.support.registry_content import NOTATION, RepositoryContent

RELEASES = r"\d+\.\d+\.\d+"
READING = {"GET", "HEAD"}
DIGEST = "sha256:" + "a" * 64


both_engines = pytest.mark.parametrize("registry", ["2.8", "3"], indirect=True)


@pytest.fixture
def registry(request, start_registry):
    """The engine of Debian, or the one that is asked for."""
    is_new = getattr(request, "param", "2.8") == "3"
    return start_registry(program=distribution3.program() if is_new else None)


@pytest.fixture
def app(registry):
    return content(registry, "team/app")


def content(registry, name):
    return RepositoryContent(registry.record_dict_for("127.0.0.1"), name)


def stored_bytes(registry):
    blobs = registry.directory / "data" / "docker" / "registry" / "v2" / "blobs"
    return sum(path.stat().st_size for path in blobs.glob("sha256/*/*/data"))


def methods(registry):
    return collections.Counter(request.method for request in registry.access_log())


@both_engines
def test_the_newest_stay_whole_and_the_rest_comes_free(registry, app):
    shared = random_layer(50_000, 0)
    for number in range(1, 6):
        app.index((shared, random_layer(1000, number)), (random_layer(2000, number + 10),), tag=f"1.0.{number}")
    kept = {tag: app.pull_whole(tag) for tag in ("1.0.4", "1.0.5")}
    registry.clear_access_log()

    preview = prune(registry, rule(RELEASES, 2), check_mode=True, diff=True)
    assert preview.changed
    assert app.tags() == [f"1.0.{number}" for number in range(1, 6)]
    assert [(tag["name"], tag["action"]) for tag in preview.facts["tags"]] == [
        *((f"team/app:1.0.{number}", "delete") for number in (1, 2, 3)),
        *((f"team/app:1.0.{number}", "keep") for number in (4, 5)),
    ]
    assert [tag["reason"] for tag in preview.facts["tags"]][2:4] == [
        "it is not among the newest 2 of keep[0]",
        "it is among the newest 2 of keep[0]",
    ]
    assert len(preview.facts["manifests"]) == 3 * 3
    [diff] = preview.diff
    assert [line.split()[0] for line in diff["before"].splitlines()] == [f"1.0.{number}" for number in range(1, 6)]
    assert [line.split() for line in diff["after"].splitlines()] == [list(item) for item in kept.items()]

    before = stored_bytes(registry)
    done = prune(registry, rule(RELEASES, 2), diff=True)
    assert (done.facts, done.diff, done.changed, done.failed) == (preview.facts, preview.diff, True, "")
    assert app.tags() == ["1.0.4", "1.0.5"]
    assert stored_bytes(registry) == before
    registry.collect_garbage()
    assert stored_bytes(registry) == before - done.facts["bytes_freed"]
    assert {tag: app.pull_whole(tag) for tag in kept} == kept

    registry.clear_access_log()
    again = prune(registry, rule(RELEASES, 2), diff=True)
    assert (again.changed, again.diff, again.facts["manifests"], again.facts["bytes_freed"]) == (False, [], [], 0)
    # the catalog, the tags, 2 indexes with 2 images each, and once whether there is a list of referrers
    assert methods(registry) == {"GET": 1 + 1 + 2 + 4 + 1}


@both_engines
def test_only_the_tag_goes_where_its_digest_is_needed(registry, app):
    digest = app.image(b"1", tag="1.0.0")
    app.tag(digest, "build-7", "stable")
    child = app.image(b"2", tag="build-8")
    parent = app.index_of(
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": child, "size": 1}, tag="2.0.0"
    )
    outcome = prune(registry, rule("build-.*", 0), rule("stable"))
    assert not outcome.failed
    assert actions(outcome) == {
        "1.0.0": "keep",
        "2.0.0": "keep",
        "build-7": "untag",
        "build-8": "untag",
        "stable": "keep",
    }
    assert (outcome.facts["manifests"], outcome.facts["bytes_freed"]) == ([], 0)
    assert app.tags() == ["1.0.0", "2.0.0", "stable"]
    assert app.pull_whole("1.0.0") == app.pull_whole("stable") == digest
    assert app.pull_whole("2.0.0") == parent
    assert not prune(registry, rule("build-.*", 0), rule("stable")).changed
    registry.collect_garbage()
    assert app.pull_whole("1.0.0") == digest
    assert app.pull_whole("2.0.0") == parent


def test_what_several_tags_have_goes_with_the_last_of_them(registry, app):
    app.tag(app.image(b"1", tag="1.0.0"), "1.0", "old")
    app.image(b"2", tag="2.0.0")
    outcome = prune(registry, rule(rf"{RELEASES}|1\.0|old", 1))
    assert actions(outcome) == {"1.0": "delete", "1.0.0": "delete", "2.0.0": "keep", "old": "delete"}
    assert app.tags() == ["2.0.0"]


@both_engines
def test_signatures_share_the_fate_of_their_image(registry, app):
    images = {tag: app.index((tag.encode(),), (tag.encode() + b"arm",), tag=tag) for tag in ("1.0.0", "2.0.0")}
    signatures = {}
    for tag, digest in images.items():
        first = app.signature(digest, payload=tag.encode())
        second = app.referrer(digest, payload=tag.encode() + b"b")
        third = app.referrer(digest, NOTATION, payload=tag.encode() + b"n")
        signatures[tag] = [first, second, third, app.signature(second, suffix="att", payload=tag.encode() + b"a")]
    outcome = prune(registry, rule(RELEASES, 1))
    assert not outcome.failed
    assert app.tags() == sorted(
        [
            "2.0.0",
            *(f"{images['2.0.0'].replace(':', '-')}{suffix}" for suffix in ("", ".sig")),
            tag_of(signatures["2.0.0"][1]),
        ]
    )
    assert [app.has(digest) for digest in signatures["1.0.0"]] == [False] * 4
    assert [app.has(digest) for digest in signatures["2.0.0"]] == [True] * 4
    assert not prune(registry, rule(RELEASES, 1)).changed
    registry.collect_garbage()
    for digest in (images["2.0.0"], *signatures["2.0.0"]):
        assert app.pull_whole(digest) == digest


def tag_of(digest):
    return f"{digest.replace(':', '-')}.att"


def test_a_kept_referrer_keeps_its_subject(registry, app):
    child = app.image(b"1", tag="build-1")
    subject = app.index_of(
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": child, "size": 1}, tag="old"
    )
    app.referrer(subject, tag="sbom")
    outcome = prune(registry, rule("old|build-.*", 0))
    assert (actions(outcome)["old"], actions(outcome)["build-1"]) == ("untag", "untag")
    assert "old" not in app.tags()
    assert app.pull_whole(subject) == subject
    assert app.pull_whole("sbom")


def test_signatures_without_their_image_stay_unless_asked(registry, app):
    app.image(b"1", tag="1.0.0")
    app.signature(DIGEST)
    assert actions(prune(registry, rule(".*", 1), unmatched="delete"))[tag_of(DIGEST)[:-4] + ".sig"] == "keep"
    outcome = prune(registry, rule(".*", 1), orphans="delete")
    assert actions(outcome)[tag_of(DIGEST)[:-4] + ".sig"] == "delete"
    assert app.tags() == ["1.0.0"]


def test_by_date_of_creation(registry, app):
    app.image(b"old", tag="blue", created="2024-01-01T00:00:00Z")
    app.index((b"middle",), (b"middle arm",), tag="red", created="2025-06-01T12:00:00.123456789+02:00")
    app.image(b"new", tag="green", created="2026-01-01T00:00:00Z")
    app.image(b"undated", tag="grey")
    app.image(b"zero", tag="white", created="0001-01-01T00:00:00Z")
    outcome = prune(registry, rule(".*", 2, by="created"))
    assert actions(outcome) == {"blue": "delete", "red": "keep", "green": "keep", "grey": "keep", "white": "keep"}
    assert {tag["reason"] for tag in outcome.facts["tags"] if tag["name"].endswith(("grey", "white"))} == {
        "it has no date of creation, which keep[0] goes by"
    }


def test_images_that_are_listed_stay(registry, app):
    first, second = app.image(b"1", tag="1.0.0"), app.image(b"2", tag="2.0.0")
    app.image(b"3", tag="3.0.0")
    options = {"keep_images": [f"team/app@{first}", f"team/app:2.0.0@{second}"], "unmatched": "delete"}
    outcome = prune(registry, **options)
    assert actions(outcome) == {"1.0.0": "keep", "2.0.0": "keep", "3.0.0": "delete"}
    assert outcome.facts["tags"][0]["reason"] == "it is in keep_images"
    for missing in ("team/app:4.0.0", "team/other:1.0.0"):
        with pytest.raises(ProvisioningError, match=f"{missing} is not at the registry"):
            prune(registry, keep_images=[missing], unmatched="delete")
    assert app.tags() == ["1.0.0", "2.0.0"]
    assert not prune(registry, repositories=["team/app"], keep_images=["team/other:1.0.0"]).changed


def test_the_images_of_a_lock_file_stay(registry, app, tmp_path):
    first, moved = app.image(b"1", tag="1.0.0"), app.image(b"2", tag="was-2.0.0")
    app.image(b"2 again", tag="2.0.0")
    app.image(b"3", tag="3.0.0")
    pin = {"source": "x", "size": 1, "platforms": [], "created": ""}
    pins = {"team/app:1.0.0": {**pin, "digest": first}, "team/app:2.0.0": {**pin, "digest": moved}}
    lock = tmp_path / "images.lock.yml"
    lock.write_text(json.dumps({"schema": 1, "images": {**pins, "team/app:4.0.0": {**pin, "digest": DIGEST}}}))
    with pytest.raises(ProvisioningError, match=r"lock_file: team/app:4.0.0@.* is not at the registry"):
        prune(registry, lock_file=str(lock), unmatched="delete")
    lock.write_text(json.dumps({"schema": 1, "images": pins}))
    outcome = prune(registry, lock_file=str(lock), unmatched="delete")
    assert actions(outcome) == {"1.0.0": "keep", "2.0.0": "keep", "3.0.0": "delete", "was-2.0.0": "keep"}
    assert outcome.facts["tags"][0]["reason"] == "it is in lock_file"
    lock.write_text("images: {}")
    for path, words in (
        (lock, "is no lock file"),
        (tmp_path / "none", "there is no .*none"),
        (tmp_path, "regular file"),
    ):
        with pytest.raises(ProvisioningError, match=words):
            prune(registry, lock_file=str(path), unmatched="delete")


@both_engines
def test_bytes_that_another_repository_needs_do_not_come_free(registry, app):
    shared = random_layer(10_000, 1)
    app.image(shared, tag="1.0.0")
    app.image(b"2", tag="2.0.0")
    content(registry, "other").image(shared, b"x", tag="1.0.0")
    before = stored_bytes(registry)
    outcome = prune(registry, rule(RELEASES, 1))
    registry.collect_garbage()
    assert 0 < outcome.facts["bytes_freed"] < 1000
    assert stored_bytes(registry) == before - outcome.facts["bytes_freed"]
    assert content(registry, "other").pull_whole("1.0.0")


@pytest.mark.parametrize(
    ("keep", "options", "words"),
    [
        ([rule("1[")], {}, r"keep\[0\].tags: '1\[' is no regular expression"),
        ([rule("x", -1)], {}, r"keep\[0\].newest: must not be negative"),
        ([rule("x", repositories="A b")], {}, r"keep\[0\].repositories: 'A b'"),
        ([], {"repositories": ["team/app:1.0.0"]}, r"repositories\[0\]: 'team/app:1.0.0' is more than a repository"),
        ([], {"keep_images": ["Team/app"]}, r"keep_images\[0\]"),
        ([], {"max_delete": -1}, "max_delete: must not be negative"),
        ([], {"concurrency": 0}, "concurrency: must be from 1 to 64"),
    ],
)
def test_bad_options_fail_before_anything_is_asked(registry, keep, options, words):
    with pytest.raises(ProvisioningError, match=words):
        prune(registry, *keep, **options)
    assert registry.access_log() == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_was_hardly_meant_is_refused(registry, app, check_mode):
    for number in range(4):
        app.image(bytes([number]), tag=f"1.0.{number}")
    with pytest.raises(ProvisioningError, match="the rules keep none of the 4 tags"):
        prune(registry, unmatched="delete", check_mode=check_mode)
    with pytest.raises(ProvisioningError, match="3 tags would go, and 2 may"):
        prune(registry, rule(RELEASES, 1), max_delete=2, check_mode=check_mode)
    assert set(methods(registry)) - {"POST", "PUT"} == READING - {"HEAD"}
    assert len(app.tags()) == 4
    assert prune(registry, unmatched="delete", allow_empty=True, max_delete=4, check_mode=check_mode).changed
    assert len(app.tags()) == (4 if check_mode else 0)


@pytest.mark.parametrize("check_mode", [True, False])
@both_engines
def test_a_registry_that_permits_no_deletion_loses_nothing(start_registry, tmp_path, registry, check_mode):
    storage = {"filesystem": {"rootdirectory": str(tmp_path / "data")}, "delete": {"enabled": False}}
    strict = start_registry(options={"storage": storage}, program=registry.program)
    app = content(strict, "app")
    app.tag(app.image(b"1", tag="1.0.0"), "build-1")
    app.image(b"2", tag="2.0.0")
    with pytest.raises(ProvisioningError, match=r"does not permit to delete.*storage.delete.enabled") as caught:
        prune(strict, rule(f"{RELEASES}|build-.*", 1), check_mode=check_mode)
    assert caught.value.reason == "unsupported"
    assert methods(strict)["DELETE"] == 1
    assert app.tags() == ["1.0.0", "2.0.0", "build-1"]
    assert not prune(strict, rule(RELEASES, 2)).changed


def test_a_repository_that_cannot_be_read_is_left_alone(registry, app):
    for number in range(2):
        app.image(bytes([number]), tag=f"1.0.{number}")
    bad = content(registry, "bad")
    digest = bad.image(b"1", tag="1.0.0")
    bad.image(b"2", tag="2.0.0")
    blobs = registry.directory / "data" / "docker" / "registry" / "v2" / "blobs" / "sha256"
    path = blobs / digest[7:9] / digest[7:] / "data"
    path.write_bytes(path.read_bytes() + b" ")
    outcome = prune(registry, rule(RELEASES, 1))
    assert [failure["part"] for failure in outcome.facts["failures"]] == ["bad"]
    assert "1 repositories" in outcome.failed
    assert (bad.tags(), app.tags()) == (["1.0.0", "2.0.0"], ["1.0.1"])


def test_a_tag_without_a_manifest_harms_nothing(registry, app):
    digest = app.image(b"1", tag="1.0.0")
    app.image(b"2", tag="2.0.0")
    app.image(b"3", tag="3.0.0")
    revisions = registry.directory / "data/docker/registry/v2/repositories/team/app/_manifests/revisions/sha256"
    shutil.rmtree(revisions / digest[7:])
    outcome = prune(registry, rule(RELEASES, 1))
    assert actions(outcome) == {"1.0.0": "keep", "2.0.0": "delete", "3.0.0": "keep"}
    assert outcome.facts["tags"][0]["reason"] == "the registry has no manifest for it"


@both_engines
def test_an_empty_registry_and_an_unknown_repository(registry, app):
    assert not prune(registry, rule(RELEASES, 1)).changed
    assert not prune(registry, rule(RELEASES, 1), repositories=["no/such"]).changed
    app.image(b"1", tag="1.0.0")
    assert prune(registry, unmatched="delete", allow_empty=True).changed
    assert app.tags() == []
    assert not prune(registry, unmatched="delete", allow_empty=True).changed
