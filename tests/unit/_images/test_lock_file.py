# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lock files: what they say, and what they make of images whose sources have changed."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.lock_file import Pin, parse_lock, render_lock
from ansible_collections.edgeops.registry.tests.support.oci_layout import CONFIG, INDEX, LAYER, MANIFEST, OciLayout
from ansible_collections.edgeops.registry.tests.support.syncing import summary, sync
from hypothesis import given, settings
from hypothesis import strategies as st

DIGEST = "sha256:" + "a" * 64
PIN = Pin("docker.io/library/redis:7", DIGEST, 1000, ("linux/amd64", "linux/arm64/v8"), "2026-01-02T03:04:05Z")


def test_a_lock_file_is_json_and_yaml():
    content = render_lock({"redis:7": PIN})
    assert parse_lock(content, "x") == {"redis:7": PIN}
    assert yaml.safe_load(content) == json.loads(content)
    assert content.startswith(b"{\n")


@settings(deadline=None, max_examples=50)
@given(
    st.dictionaries(
        st.text(), st.builds(Pin, st.text(), st.just(DIGEST), st.integers(0), st.tuples(st.text()), st.text())
    )
)
def test_what_is_written_is_read(pins):
    assert parse_lock(render_lock(pins), "x") == pins


def test_the_order_of_images_does_not_matter():
    assert render_lock({"a": PIN, "b": PIN}) == render_lock({"b": PIN, "a": PIN})


def item(**changes):
    pin = {"source": "x", "digest": DIGEST, "size": 1, "platforms": [], "created": "", **changes}
    return json.dumps({"schema": 1, "images": {"app:1": pin}}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"images: {}",
        b"[]",
        b"{}",
        b'{"schema": 1}',
        b'{"schema": 1, "images": []}',
        b'{"schema": 1, "images": {"app:1": 7}}',
        item(digest="sha256:../../x"),
        item(digest=7),
        item(size="many"),
        item(platforms=None),
    ],
)
def test_what_is_no_lock_file(content):
    with pytest.raises(ProvisioningError, match=r"^/srv/lock is no lock file\."):
        parse_lock(content, "/srv/lock")


def test_a_newer_lock_file():
    with pytest.raises(
        ProvisioningError, match=r"has schema 2 and this version of edgeops\.registry reads 1"
    ) as caught:
        parse_lock(b'{"schema": 2, "images": {"app:1": {}}}', "/srv/lock")
    assert caught.value.remedy == "Upgrade the collection"


@settings(deadline=None, max_examples=50)
@given(st.binary())
def test_arbitrary_bytes_are_a_typed_error(content):
    with pytest.raises(ProvisioningError):
        parse_lock(content, "x")


# With images


def add_image(layout, tag, *, created="2026-01-01T00:00:00Z", layer=b"layer", architecture="amd64"):
    return layout.name_it(manifest_of(layout, created, layer, architecture), tag)


def manifest_of(layout, created, layer, architecture):
    config = layout.document(
        {"os": "linux", "architecture": architecture, "created": created, "rootfs": {"type": "layers", "diff_ids": []}},
        CONFIG,
    )
    layers = [{"mediaType": LAYER, "digest": layout.blob(layer), "size": len(layer)}]
    return layout.document({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}, MANIFEST)


@pytest.fixture
def layout(tmp_path):
    return OciLayout(tmp_path / "layout")


@pytest.fixture
def locked(registry, tmp_path):
    """Run the module with a lock file."""

    def run(*images, **options):
        return sync(registry, *images, lock_file=str(tmp_path / "images.lock.yml"), **options)

    return run


@pytest.fixture
def pins(tmp_path):
    return lambda: parse_lock((tmp_path / "images.lock.yml").read_bytes(), "x")


def test_it_is_made_once_and_stays(locked, layout, pins, tmp_path):
    digest = add_image(layout, "a", layer=b"12345")
    source = f"oci:{layout.folder}:a"
    predicted = locked((source, "app:1"), update_lock=True, check_mode=True, diff=True)
    assert predicted.changed
    assert digest in predicted.diff[-1]["after"]
    assert not (tmp_path / "images.lock.yml").exists()
    made = locked((source, "app:1"), update_lock=True)
    assert made.changed
    [pin] = pins().values()
    size = sum(path.stat().st_size for path in (layout.folder / "blobs" / "sha256").iterdir())
    assert pin == Pin(source, digest, size, ("linux/amd64",), "2026-01-01T00:00:00Z")
    for options in ({}, {"update_lock": True}):
        again = locked((source, "app:1"), **options)
        assert not again.changed
        assert summary(again, "requests") == [(1,)]


def test_an_index_by_its_platforms(locked, layout, pins):
    items = []
    for architecture in ("arm64", "amd64"):
        platform = {"os": "linux", "architecture": architecture}
        items.append(
            {**manifest_of(layout, "2026-01-01T00:00:00Z", architecture.encode(), architecture), "platform": platform}
        )
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": items}
    index["annotations"] = {"org.opencontainers.image.created": "2026-02-03T04:05:06.789+01:00"}
    layout.name_it(layout.document(index, INDEX), "a")
    assert not locked((f"oci:{layout.folder}:a", "app:1"), update_lock=True).failed
    [pin] = pins().values()
    assert (pin.platforms, pin.created) == (("linux/amd64", "linux/arm64"), "2026-02-03T03:05:06Z")


def test_a_source_that_has_drifted_is_refused_until_asked_for(locked, layout, pins):
    old = add_image(layout, "a")
    source = f"oci:{layout.folder}:a"
    locked((source, "app:1"), update_lock=True)
    new = add_image(layout, "a", created="2026-01-02T00:00:00Z")
    refused = locked((source, "app:1"))
    assert f"its source has {new} and" in refused.failed
    assert not refused.changed
    assert pins()["app:1"].digest == old
    taken = locked((source, "app:1"), update_lock=True)
    assert summary(taken, "digest", "digest_before") == [(new, old)]
    assert pins()["app:1"].digest == new


def test_an_older_image_is_a_downgrade(locked, layout, pins):
    new = add_image(layout, "a", created="2026-01-02T00:00:00Z")
    source = f"oci:{layout.folder}:a"
    locked((source, "app:1"), update_lock=True)
    old = add_image(layout, "a", created="2026-01-01T23:59:59Z")
    refused = locked((source, "app:1"), update_lock=True)
    assert "an image of 2026-01-01T23:59:59Z, and the lock file one of 2026-01-02T00:00:00Z" in refused.failed
    assert pins()["app:1"].digest == new
    allowed = locked((source, "app:1"), update_lock=True, allow_downgrade=True)
    assert not allowed.failed
    assert pins()["app:1"].digest == old


def test_a_registry_is_never_asked_for_a_tag(locked, layout, start_registry, tmp_path):
    origin = start_registry()
    digest = add_image(layout, "a")
    sync(origin, (f"oci:{layout.folder}:a", "team/app:1"))
    source, options = f"{origin.endpoint}/team/app:1", {"sources": [origin.record_dict]}
    locked((source, "app:1"), update_lock=True, **options)
    add_image(layout, "b", created="2026-01-02T00:00:00Z", layer=b"newer")
    sync(origin, (f"oci:{layout.folder}:b", "team/app:1"))
    origin.clear_access_log()
    again = locked((source, "app:1"), **options)
    assert summary(again, "digest", "action") == [(digest, "none")]
    assert origin.access_log() == []
    elsewhere = sync(start_registry(), (source, "app:1"), lock_file=f"{tmp_path}/images.lock.yml", **options)
    assert summary(elsewhere, "digest", "action") == [(digest, "copy")]
    assert not [one for one in origin.access_log() if one.path.endswith("manifests/1")]


def test_what_is_not_in_it_is_refused(locked, layout, pins):
    add_image(layout, "a")
    source = f"oci:{layout.folder}:a"
    locked((source, "app:1"), update_lock=True)
    outcome = locked((source, "app:1"), (source, "app:2"))
    assert "app:2: " in outcome.failed
    assert "has it not. Run with update_lock: true" in outcome.failed
    elsewhere = locked((f"oci:{layout.folder}", "app:1"))
    assert f"has {source} as the source of it" in elsewhere.failed


def test_it_has_just_the_list_and_what_failed_as_it_was(locked, layout, pins):
    add_image(layout, "a")
    add_image(layout, "b", layer=b"b")
    one, two = ((f"oci:{layout.folder}:{tag}", f"app:{tag}") for tag in "ab")
    locked(one, two, update_lock=True)
    before = pins()
    add_image(layout, "a", created="2020-01-01T00:00:00Z")
    assert locked(one, two, update_lock=True).failed
    assert pins() == before
    assert locked(two, update_lock=True).changed
    assert pins().keys() == {"app:b"}


def test_one_that_is_missing_or_broken(locked, layout, tmp_path):
    add_image(layout, "a")
    source = f"oci:{layout.folder}:a"
    with pytest.raises(ProvisioningError, match=r"there is no .*/images\.lock\.yml\. Copy it there"):
        locked((source, "app:1"))
    (tmp_path / "images.lock.yml").write_text("mine")
    with pytest.raises(ProvisioningError, match="is no lock file"):
        locked((source, "app:1"), update_lock=True)
    assert (tmp_path / "images.lock.yml").read_text() == "mine"
