# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every registry that keeps to the specification: those that are had here, and those that are brought along."""

from __future__ import annotations

import hashlib
import secrets

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.image_info import describe_images
from ansible_collections.edgeops.registry.plugins.module_utils._images.referrers import fallback_tag
from ansible_collections.edgeops.registry.tests.support import distribution3, zot
from ansible_collections.edgeops.registry.tests.support.brought_registry import (
    PROGRAM,
    URL,
    brought,
    record_of_url,
    registry_of_program,
)
from ansible_collections.edgeops.registry.tests.support.pruning import prune, rule
from ansible_collections.edgeops.registry.tests.support.pusher import ARTIFACT_TYPE, Pusher
from ansible_collections.edgeops.registry.tests.support.skopeo import skopeo_of
from ansible_collections.edgeops.registry.tests.support.syncing import summary, sync
from ansible_collections.edgeops.registry.tests.support.zot import Zot

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


@pytest.fixture(params=["distribution 2", "distribution 3", "zot 1", *brought()])
def record(request, start_registry, tmp_path):
    """The record of one; what is made in it has names of its own."""
    if request.param == URL:
        yield record_of_url()
    elif request.param in ("zot 1", PROGRAM):
        folder = tmp_path / "other"
        registry = registry_of_program(folder) if request.param == PROGRAM else Zot(folder, program=zot.program())
        registry.start()
        yield registry.record_dict_for("localhost")
        registry.stop()
    else:
        registry = start_registry(program=distribution3.program() if request.param == "distribution 3" else None)
        yield registry.record_dict_for("localhost")


@pytest.fixture
def repository():
    return f"edgeops-test/{secrets.token_hex(6)}"


def to(record, *images, **options):
    return sync(record, *images, allow_http=record.get("scheme") == "http", **options)


def layer():
    """One that no registry has."""
    return secrets.token_bytes(100_000)


def test_what_arrives_is_what_others_pull(record, repository, layout, tmp_path):
    shared = layer()
    digest = layout.index((shared, layer()), (layer(),), tag="index")
    layout.image(shared, layer(), tag="image")
    images = [(f"oci:{layout.folder}:{tag}", f"{repository}/{tag}:1.0") for tag in ("index", "image")]
    predicted = to(record, *images, check_mode=True)
    outcome = to(record, *images)
    assert not outcome.failed, outcome.failed
    keys = ("action", "digest", "blobs_missing", "bytes_missing", "bytes_sent")
    assert summary(predicted, *keys) == summary(outcome, *keys)
    assert summary(outcome, "action") == [("copy",)] * 2
    raw = skopeo_of(record, tmp_path, "inspect", "--raw", f"docker://{{}}/{repository}/index:1.0")
    assert f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}" == digest
    skopeo_of(record, tmp_path, "copy", "--all", f"docker://{{}}/{repository}/index:1.0", f"oci:{tmp_path}/pulled")
    again = to(record, *images)
    assert (again.changed, summary(again, "action", "requests")) == (False, [("none", 1)] * 2)
    assert not to(record, *images, level="verify").changed


def test_another_tag_sends_manifests_only(record, repository, layout):
    digest = layout.image(layer())
    to(record, (f"oci:{layout.folder}", f"{repository}:1"))
    outcome = to(record, (f"oci:{layout.folder}", f"{repository}:2"))
    assert summary(outcome, "action", "digest", "blobs_missing") == [("tag", digest, 0)]


def test_an_image_of_dockers_keeps_its_digest_or_is_refused(record, repository, layout):
    """Some registries take no manifests of these types, which is told; nothing is converted."""
    config = layout.document({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers"}}, DOCKER_CONFIG)
    content = layer()
    parts = [{"mediaType": DOCKER_LAYER, "digest": layout.blob(content), "size": len(content)}]
    data = {"schemaVersion": 2, "mediaType": DOCKER, "config": config, "layers": parts}
    digest = layout.name_it(layout.document(data, DOCKER), "1")
    outcome = to(record, (f"oci:{layout.folder}", f"{repository}:1"))
    if outcome.failed:
        assert [failure["reason"] for failure in outcome.facts["failures"]] == ["unsupported"]
    else:
        assert summary(to(record, (f"oci:{layout.folder}", f"{repository}:1")), "action", "digest") == [
            ("none", digest)
        ]


def test_companions_travel_there_and_on(record, repository, start_registry, registry):
    origin = start_registry()
    with Pusher(origin, "app") as built:
        image = built.manifest(layer(), tag="1")
        tag = fallback_tag(image["digest"])
        built.manifest(b"signature", tag=f"{tag}.sig")
        note = built.manifest(b"note", subject=image, artifactType=ARTIFACT_TYPE)
        built.index(note, tag=tag)
    source = (f"{origin.endpoint}/app:1", f"{repository}:1")
    options = {"sources": [origin.record_dict], "level": "deep"}
    assert not to(record, source, **options).failed
    assert not to(record, source, **options).changed
    onward = sync(registry, (f"{record['endpoint']}/{repository}:1", "app:1"), sources=[record], allow_http=True)
    assert not onward.failed, onward.failed
    with Pusher(registry, "app") as stored:
        assert stored.digest_of(f"{tag}.sig")
        assert [one["digest"] for one in stored.listed(tag)] == [note["digest"]]


def test_what_is_there_is_told_and_goes_by_rules(record, repository, layout):
    for tag in ("1.0.0", "1.1.0"):
        layout.image(layer(), tag=tag)
        to(record, (f"oci:{layout.folder}:{tag}", f"{repository}:{tag}"))
    options = {"auth_file": None, "concurrency": 4, "timeout": 10.0, "allow_http": record.get("scheme") == "http"}
    told = describe_images({"registry": record, "images": [repository], **options}, Settings())
    assert sorted(told.facts["digests"]) == [f"{repository}:1.0.0", f"{repository}:1.1.0"]
    try:
        prune(record, rule(".*", newest=1), repositories=[repository], allow_http=options["allow_http"])
    except ProvisioningError as error:
        if error.reason != "unsupported":  # it permits no deletion
            raise
    else:
        left = describe_images({"registry": record, "images": [repository], **options}, Settings())
        assert sorted(left.facts["digests"]) == [f"{repository}:1.1.0"]
