# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How closely image_sync looks, what it mends, and images of fewer platforms; on real registries."""

from __future__ import annotations

import collections
import subprocess

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.tests.support.oci_layout import random_layer
from ansible_collections.edgeops.registry.tests.support.pusher import Pusher
from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry
from ansible_collections.edgeops.registry.tests.support.syncing import summary, sync

LAYER = random_layer(300_000, 1)


def blob_files(registry: RealRegistry, digest):
    """Where a registry keeps a blob, and the links of its repositories to it."""
    root = registry.directory / "data" / "docker" / "registry" / "v2"
    value = digest.partition(":")[2]
    return root / "blobs" / "sha256" / value[:2] / value / "data", list(
        root.glob(f"repositories/**/_*/**/{value}/link")
    )


def lose(registry, digest):
    data, links = blob_files(registry, digest)
    for file in (data, *links):
        file.unlink()


def lose_link(registry, repository, digest):
    """Let one repository forget a blob."""
    for link in blob_files(registry, digest)[1]:
        if f"/repositories/{repository}/" in str(link):
            link.unlink()


@pytest.fixture
def caching_registry(start_registry, tmp_path):
    """As Debian configures it: its cache goes on to claim what is gone."""
    storage = {
        "filesystem": {"rootdirectory": str(tmp_path / "registry-0" / "data")},
        "delete": {"enabled": True},
        "cache": {"blobdescriptor": "inmemory"},
    }
    return start_registry(options={"storage": storage})


# Fast, deep, verify


@pytest.fixture
def seeded(registry, layout):
    layout.index((LAYER,), (random_layer(1000, 2),))
    image = (f"oci:{layout.folder}", "app:1")
    assert not sync(registry, image).failed
    registry.clear_access_log()
    return image


@pytest.mark.parametrize(
    ("level", "requests"),
    [
        ("fast", {"HEAD": 1}),
        ("deep", {"HEAD": 1 + 3, "GET": 3}),
        ("verify", {"HEAD": 1 + 3, "GET": 3 + 3}),
    ],
)
def test_what_a_healthy_image_costs(registry, seeded, level, requests):
    outcome = sync(registry, seeded, level=level)
    assert (outcome.changed, summary(outcome, "action")) == (False, [("none",)])
    assert collections.Counter(one.method for one in registry.access_log()) == requests


@pytest.mark.parametrize(("level", "heals"), [("fast", False), ("deep", True), ("verify", True)])
def test_a_lost_blob(registry, layout, seeded, level, heals):
    lose(registry, layout.blob(LAYER))
    predicted = sync(registry, seeded, level=level, check_mode=True)
    outcome = sync(registry, seeded, level=level)
    keys = ("action", "blobs_missing", "bytes_missing")
    assert summary(predicted, *keys) == summary(outcome, *keys) == [("copy", 1, 300_000) if heals else ("none", 0, 0)]
    with Pusher(registry, "app") as pusher:
        assert pusher.repository.has_blob(layout.blob(LAYER)) == heals


@pytest.mark.parametrize("level", ["deep", "verify"])
def test_blobs_that_repositories_share_are_looked_for_in_each(registry, layout, seeded, level):
    again = (f"{registry.endpoint}/app:1", "copy/app:1")
    images = [seeded, (seeded[0], "other:1"), again]
    options = {"sources": [registry.record_dict], "level": level}
    assert not sync(registry, *images, **options).failed
    for check_mode in (True, False):
        healthy = sync(registry, *images, check_mode=check_mode, **options)
        assert (healthy.changed, summary(healthy, "action", "mounts")) == (False, [("none", 0)] * 3)
    with Pusher(registry, "other") as pusher:
        lose_link(registry, "other", layout.blob(LAYER))
        assert summary(sync(registry, *images, **options), "action", "mounts") == [
            ("none", 0),
            ("copy", 1),
            ("none", 0),
        ]
        assert pusher.read(layout.blob(LAYER)) == LAYER


@pytest.mark.parametrize("order", [1, -1])
def test_a_blob_that_original_and_copy_have_lost(registry, layout, seeded, order):
    copy = (f"{registry.endpoint}/app:1", "copy/app:1")
    options = {"sources": [registry.record_dict], "level": "deep"}
    assert not sync(registry, seeded, copy, **options).failed
    lose(registry, layout.blob(LAYER))
    outcome = sync(registry, *[seeded, copy][::order], **options)
    assert (outcome.failed, summary(outcome, "action")) == ("", [("copy",)] * 2)
    with Pusher(registry, "copy/app") as pusher:
        assert pusher.read(layout.blob(LAYER)) == LAYER


def test_images_that_wait_for_each_other_are_not_done(registry, layout, seeded):
    pairs = [(f"{registry.endpoint}/{one}:1", f"{other}:1") for one, other in (("app", "copy"), ("copy", "app"))]
    options = {"sources": [registry.record_dict], "level": "deep"}
    assert not sync(registry, pairs[0], **options).failed
    lose(registry, layout.blob(LAYER))
    outcome = sync(registry, *pairs, **options)
    assert outcome.facts["failures"][0]["msg"].endswith("it waits for images that wait for it")


def test_a_lost_platform(registry, layout, seeded):
    child = layout.manifest(LAYER)["digest"]
    with Pusher(registry, "app") as pusher:
        pusher.delete(child)
        assert not sync(registry, seeded).changed
        assert summary(sync(registry, seeded, level="deep"), "action", "blobs_missing") == [("tag", 0)]
        assert pusher.digest_of(child) == child


@pytest.mark.parametrize("level", ["deep", "verify"])
def test_a_blob_that_only_the_cache_of_the_registry_has(caching_registry, layout, level):
    layout.image(LAYER)
    image = (f"oci:{layout.folder}", "app:1")
    sync(caching_registry, image)
    digest = layout.blob(LAYER)
    blob_files(caching_registry, digest)[0].unlink()
    expected = [("copy", 1) if level == "verify" else ("none", 0)]
    assert summary(sync(caching_registry, image, level=level, check_mode=True), "action", "blobs_missing") == expected
    assert summary(sync(caching_registry, image, level=level), "action", "blobs_missing") == expected
    assert blob_files(caching_registry, digest)[0].exists() == (level == "verify")


@pytest.mark.parametrize("level", ["fast", "verify"])
def test_a_new_image_with_a_blob_that_only_the_cache_has(caching_registry, layout, level):
    layout.image(LAYER, tag="1")
    digest = layout.image(LAYER, random_layer(1000, 2), tag="2")
    sync(caching_registry, (f"oci:{layout.folder}:1", "app:1"))
    data = blob_files(caching_registry, layout.blob(LAYER))[0]
    data.unlink()
    outcome = sync(caching_registry, (f"oci:{layout.folder}:2", "app:2"), level=level)
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "digest") == [(digest,)]
    assert data.exists() == (level == "verify")


def test_a_damaged_blob_that_the_registry_holds_on_to_is_a_failure(registry, layout, seeded):
    digest = layout.blob(LAYER)
    blob_files(registry, digest)[0].write_bytes(b"x" + LAYER[1:])
    outcome = sync(registry, seeded, level="verify")
    assert f"goes on to serve something else as {digest}" in outcome.failed


# What a registry says that it has, and has not


def test_garbage_collected_without_a_restart(caching_registry, layout):
    registry = caching_registry
    digest = layout.index((LAYER,), (random_layer(1000, 2),))
    image = (f"oci:{layout.folder}", "app:1")
    assert not sync(registry, image).failed
    with Pusher(registry, "app") as pusher:
        pusher.delete(digest)
        for child in (layout.manifest(LAYER), layout.manifest(random_layer(1000, 2))):
            pusher.delete(child["digest"])
        subprocess.run([registry.program, "garbage-collect", registry.configuration], check=True, capture_output=True)
        assert not blob_files(registry, layout.blob(LAYER))[0].exists()
        outcome = sync(registry, image)
        assert not outcome.failed, outcome.failed
        assert summary(outcome, "action", "digest") == [("copy", digest)]
        assert pusher.read(layout.blob(LAYER)) == LAYER
        assert pusher.digest_of("1") == digest


# Platforms


def platform_index(layout):
    manifests = [
        {**layout.manifest(random_layer(1000, n)), "platform": {"os": "linux", "architecture": name}}
        for n, name in enumerate(("amd64", "arm64", "s390x"))
    ]
    return layout.index_of(*manifests), manifests


def test_fewer_platforms_make_a_smaller_complete_index(registry, layout):
    digest, manifests = platform_index(layout)
    image = {"source": f"oci:{layout.folder}", "name": "app:1", "platforms": ["linux/amd64", "linux/arm64"]}
    predicted = sync(registry, image, check_mode=True)
    outcome = sync(registry, image)
    assert not outcome.failed, outcome.failed
    assert summary(predicted, "digest", "bytes_sent") == summary(outcome, "digest", "bytes_sent")
    [(new,)] = summary(outcome, "digest")
    assert new != digest
    assert [new in warning and digest in warning for warning in outcome.warnings] == [True]
    with Pusher(registry, "app") as pusher:
        assert pusher.digest_of("1") == new
        assert [one["digest"] for one in pusher.listed("1")] == [one["digest"] for one in manifests[:2]]
        assert pusher.digest_of(manifests[2]["digest"]) is None
    registry.clear_access_log()
    again = sync(registry, image)
    assert (again.changed, again.warnings) == (False, [])
    assert len(registry.access_log()) == 1


def test_a_platform_that_is_not_there(registry, layout):
    platform_index(layout)
    outcome = sync(registry, {"source": f"oci:{layout.folder}", "name": "app:1", "platforms": ["linux/riscv64"]})
    assert "no platform linux/riscv64. There are: linux/amd64, linux/arm64, linux/s390x" in outcome.failed


def test_fewer_platforms_under_the_digest_of_all(registry, layout):
    digest, dummy = platform_index(layout)
    outcome = sync(registry, {"source": f"oci:{layout.folder}", "name": f"app@{digest}", "platforms": ["linux/amd64"]})
    assert "cannot have the digest in its name" in outcome.failed


def test_what_is_no_platform_is_named_by_its_place(registry, layout):
    with pytest.raises(ProvisioningError, match="no platform") as caught:
        sync(registry, {"source": f"oci:{layout.folder}", "name": "app:1", "platforms": ["all"]})
    assert caught.value.part == "images[0].platforms"


def test_an_index_that_is_sparse_at_its_source_is_named_as_such(registry, layout):
    dummy, manifests = platform_index(layout)
    layout.path_of(manifests[2]["digest"]).unlink()
    outcome = sync(registry, (f"oci:{layout.folder}", "app:1"))
    assert manifests[2]["digest"].partition(":")[2] in outcome.failed
    assert "platforms" in outcome.failed
    image = {"source": f"oci:{layout.folder}", "name": "app:1", "platforms": ["linux/amd64", "linux/arm64"]}
    assert not sync(registry, image).failed


# The same registry, and what is known of it


def test_an_image_of_the_same_registry_is_mounted(registry, layout):
    digest = layout.image(LAYER)
    sync(registry, (f"oci:{layout.folder}", "from:1"))
    registry.clear_access_log()
    outcome = sync(registry, (f"{registry.endpoint}/from:1", "to/here:1"), sources=[registry.record_dict])
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "action", "digest", "blobs_missing", "mounts") == [("copy", digest, 0, 2)]
    assert not [one for one in registry.access_log() if one.method == "GET" and "/blobs/" in one.path]


def test_blobs_of_images_in_sync_are_known(start_registry, registry, layout):
    big = random_layer(2_000_000, 1)
    layout.image(big, b"1", tag="1")
    layout.image(big, b"2", tag="2")
    origin = start_registry()
    images = [(f"oci:{layout.folder}:{n}", f"repo{n}:1") for n in (1, 2)]
    sync(origin, *images)
    images = [(f"{origin.endpoint}/repo{n}:1", None) for n in (1, 2)]
    options = {"sources": [origin.record_dict], "companions": False}
    sync(registry, images[0], **options)
    predicted = sync(registry, *images, check_mode=True, **options)
    outcome = sync(registry, *images, **options)
    keys = ("action", "blobs_missing", "bytes_missing", "mounts", "bytes_mounted")
    assert summary(predicted, *keys) == summary(outcome, *keys)
    assert summary(outcome, "action", "mounts")[0] == ("none", 0)
    assert summary(outcome, "bytes_missing", "bytes_mounted")[1][0] < 1000
    assert outcome.facts["images"][1]["bytes_received"] < 1000
