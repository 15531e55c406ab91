# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundles: written, carried over, checked, pushed; read and written by other programs too."""

from __future__ import annotations

import concurrent.futures
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.bundle.bundle import Contents, open_bundle
from ansible_collections.edgeops.registry.plugins.module_utils._images.referrers import fallback_tag
from ansible_collections.edgeops.registry.tests.support.debian_package import program
from ansible_collections.edgeops.registry.tests.support.oci_layout import LAYER, MANIFEST, OciLayout, random_layer
from ansible_collections.edgeops.registry.tests.support.pusher import ARTIFACT_TYPE, Pusher
from ansible_collections.edgeops.registry.tests.support.run_command import run_command
from ansible_collections.edgeops.registry.tests.support.skopeo import skopeo
from ansible_collections.edgeops.registry.tests.support.syncing import summary, sync
from hypothesis import given, settings
from hypothesis import strategies as st

SHARED = random_layer(300_000, 1)


@pytest.fixture
def layout(tmp_path):
    """Two images with a shared layer, one of them with two platforms."""
    layout = OciLayout(tmp_path / "layout")
    layout.image(SHARED, random_layer(100_000, 2), tag="one")
    layout.index((SHARED,), (random_layer(1000, 3),), tag="two")
    return layout


@pytest.fixture
def images(layout):
    return [(f"oci:{layout.folder}:one", "team/app:1.0"), (f"oci:{layout.folder}:two", "other:2.0")]


@pytest.fixture(params=["images.tar", "images"])
def path(request, tmp_path):
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk" / request.param


def write(path, images, **options):
    outcome = sync(None, *images, bundle=str(path), **options)
    assert not outcome.failed, outcome.failed
    return outcome


def snapshot(folder):
    """Every file below a folder, with its identity and time."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file): (file.stat().st_ino, file.stat().st_mtime_ns, file.read_bytes()) for file in files}


def unpacked(path, tmp_path):
    """The bundle as a folder of its own."""
    copy = tmp_path / "unpacked"
    if path.is_dir():
        shutil.copytree(path, copy)
    else:
        shutil.unpack_archive(path, copy, "tar")
    return copy


def test_there_and_back(path, images, registry):
    written = write(path, images)
    assert written.changed
    assert summary(written, "name", "action") == [("team/app:1.0", "copy"), ("other:2.0", "copy")]
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    pushed = sync(registry, from_bundle=str(path))
    assert not pushed.failed, pushed.failed
    assert sorted(summary(pushed, "name", "digest")) == sorted(summary(written, "name", "digest"))
    registry.clear_access_log()
    again = sync(registry, from_bundle=str(path))
    assert not again.changed
    assert summary(again, "requests") == [(1,), (1,)]


def test_a_second_run_writes_nothing(path, images):
    write(path, images)
    before = snapshot(path.parent)
    again = write(path, images)
    assert not again.changed
    assert summary(again, "action", "bytes_sent") == [("none", 0)] * 2
    assert snapshot(path.parent) == before


def test_check_mode_writes_nothing_and_predicts(path, images):
    predicted = write(path, images, check_mode=True)
    assert predicted.changed
    assert list(path.parent.iterdir()) == []
    done = write(path, images)
    keys = ("name", "action", "digest", "bytes_sent", "blobs_missing")
    assert summary(predicted, *keys) == summary(done, *keys)
    assert not write(path, images, check_mode=True).changed
    fewer = write(path, images[:1], check_mode=True)
    assert fewer.changed
    assert open_bundle(str(path), run_command).pins.keys() == {"team/app:1.0", "other:2.0"}


def test_it_holds_just_the_list(path, images, layout):
    write(path, images)
    layout.image(b"new", tag="three")
    outcome = write(path, [images[0], (f"oci:{layout.folder}:three", "third:1")])
    assert outcome.changed
    assert summary(outcome, "action") == [("none",), ("copy",)]
    bundle = open_bundle(str(path), run_command)
    bundle.check(2)
    assert bundle.pins.keys() == {"team/app:1.0", "third:1"}
    dropped = write(path, images[:1])
    assert dropped.changed
    assert summary(dropped, "action") == [("none",)]


def test_what_is_in_it(path, images, tmp_path):
    digests = dict(summary(write(path, images), "name", "digest"))
    folder = unpacked(path, tmp_path)
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    listed = {line.partition("  ")[2] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert files == listed | {"SHA256SUMS"}
    index = json.loads((folder / "index.json").read_text())["manifests"]
    assert {item["annotations"]["org.opencontainers.image.ref.name"]: item["digest"] for item in index} == digests
    lock = json.loads((folder / "images.lock.yml").read_text())["images"]
    assert {name: pin["digest"] for name, pin in lock.items()} == digests
    assert lock["team/app:1.0"]["platforms"] == ["linux/amd64"]
    assert lock["team/app:1.0"]["source"] == images[0][0]
    assert (folder / "blobs").stat().st_mode & 0o777 == 0o755 or path.suffix == ".tar"


def test_the_same_list_makes_the_same_file(images, tmp_path):
    for name in ("one.tar", "two.tar"):
        write(tmp_path / name, images)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_images_without_a_tag_and_a_compressed_bundle(layout, registry, tmp_path):
    digest = layout.image(b"1", tag="pinned")
    path = tmp_path / "x.tar"
    for changed in (True, False):
        assert write(path, [(f"oci:{layout.folder}:pinned", f"team/app@{digest}")]).changed is changed
    assert open_bundle(str(path), run_command).pins.keys() == {f"team/app@{digest}"}
    packed = tmp_path / "x.tar.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    pushed = sync(registry, from_bundle=str(packed))
    assert not pushed.failed, pushed.failed
    assert summary(pushed, "name", "digest") == [(f"team/app@{digest}", digest)]


def test_some_images_of_a_bundle(path, images, registry):
    write(path, images)
    outcome = sync(registry, images[1], from_bundle=str(path))
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "name") == [("other:2.0",)]
    missing = sync(registry, ("redis:7", "redis:7"), from_bundle=str(path))
    assert "there are: other:2.0, team/app:1.0" in missing.failed


# Since


@pytest.mark.parametrize("kept", ["bundle", "bundle.json"])
def test_only_what_is_new_since_an_older_bundle(path, images, layout, registry, tmp_path, kept):
    write(path, images)
    sync(registry, from_bundle=str(path))
    since = path
    if kept == "bundle.json":
        since = unpacked(path, tmp_path) / "bundle.json"
    layout.image(SHARED, random_layer(50_000, 4), tag="newer")
    newer = path.with_name(f"newer-{path.name}")
    outcome = write(newer, [(f"oci:{layout.folder}:newer", "team/app:1.1"), images[1]], since=str(since))
    assert summary(outcome, "bytes_missing", "blobs_missing") == [(50_000, 1), (0, 0)]
    size = sum(file.stat().st_size for file in [newer, *newer.rglob("*")] if file.is_file())
    assert size < 100_000
    pushed = sync(registry, from_bundle=str(newer))
    assert not pushed.failed, pushed.failed
    assert summary(pushed, "name", "action") == [("other:2.0", "none"), ("team/app:1.1", "copy")]
    third = path.with_name(f"third-{path.name}")
    write(third, [(f"oci:{layout.folder}:newer", "team/app:1.1")], since=str(newer))
    assert len(open_bundle(str(third), run_command).contents.left_out) == 3


def test_only_what_a_registry_lacks(path, images, layout, registry):
    sync(registry, *images)
    layout.image(SHARED, random_layer(50_000, 4), tag="newer")
    record = registry.record_dict
    outcome = write(path, [(f"oci:{layout.folder}:newer", "team/app:1.1")], since_registry=record)
    assert summary(outcome, "bytes_missing", "blobs_missing") == [(50_000, 1)]
    pushed = sync(registry, from_bundle=str(path))
    assert not pushed.failed, pushed.failed


def test_what_another_repository_had_is_in_the_bundle(path, images, layout, registry):
    """The blobs of one repository are not those of another, even at the same registry."""
    write(path, images[:1])
    sync(registry, from_bundle=str(path))
    newer = path.with_name(f"newer-{path.name}")
    outcome = write(newer, [(images[0][0], "moved/app:1.0"), images[0]], since=str(path))
    assert summary(outcome, "blobs_missing") == [(3,), (0,)]
    pushed = sync(registry, from_bundle=str(newer))
    assert not pushed.failed, pushed.failed


def test_what_was_left_out_and_is_not_there_is_named(path, images, registry):
    write(path, images[:1])
    newer = path.with_name(f"newer-{path.name}")
    write(newer, images[:1], since=str(path))
    outcome = sync(registry, from_bundle=str(newer))
    assert "was left out of" in outcome.failed
    assert "Push the older bundle first" in outcome.failed
    assert not outcome.changed


def test_a_bundle_without_since_has_it_all_again(path, images, layout):
    older = path.with_name(f"older-{path.name}")
    write(older, images)
    write(path, images, since=str(older))
    assert open_bundle(str(path), run_command).contents.left_out
    outcome = write(path, images)
    assert outcome.changed
    bundle = open_bundle(str(path), run_command)
    assert not bundle.contents.left_out
    bundle.check(2)


# Damage


def damage(path, tmp_path, name, change):
    """Change a file of a bundle."""
    folder = path if path.is_dir() else unpacked(path, tmp_path)
    file = folder / name
    content = change(file.read_bytes())
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    if not path.is_dir():
        with tarfile.open(path, "w") as archive:
            archive.add(folder, arcname=".")


CHANGES = {
    "changed": lambda old: old[:10] + bytes([old[10] ^ 1]) + old[11:],
    "short": lambda old: old[:-2],
    "long": lambda old: old + b"x",
    "missing": lambda old: None,
}


@pytest.mark.parametrize("kind", CHANGES)
def test_damage_is_named_by_blob_and_nothing_is_pushed(path, images, registry, tmp_path, layout, kind):
    write(path, images)
    digest = layout.blob(SHARED)
    damage(path, tmp_path, f"blobs/{digest.replace(':', '/')}", CHANGES[kind])
    with pytest.raises(ProvisioningError, match=f"{path} is damaged or incomplete: {digest}"):
        sync(registry, from_bundle=str(path))
    assert {one.method for one in registry.access_log()} == {"HEAD"}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_damaged_manifest_is_named(path, images, tmp_path, kind):
    [[digest], dummy] = summary(write(path, images), "digest")
    damage(path, tmp_path, f"blobs/{digest.replace(':', '/')}", CHANGES[kind])
    with pytest.raises(ProvisioningError, match=f"damaged or incomplete: .*{digest}"):
        open_bundle(str(path), run_command).check(2)


@pytest.mark.parametrize("name", ["index.json", "bundle.json", "images.lock.yml", "oci-layout", "SHA256SUMS"])
@pytest.mark.parametrize("kind", ["short", "missing"])
def test_a_damaged_document_is_named(path, images, tmp_path, name, kind):
    write(path, images)
    damage(path, tmp_path, name, CHANGES[kind])
    named = "oci-layout" if name == "SHA256SUMS" else name  # what has no checksum then
    with pytest.raises(ProvisioningError, match=f"damaged or incomplete: .*{named}"):
        open_bundle(str(path), run_command).check(2)


def test_a_damaged_manifest_keeps_all_from_being_pushed(path, images, registry, tmp_path):
    [[digest], dummy] = summary(write(path, images), "digest")
    damage(path, tmp_path, f"blobs/{digest.replace(':', '/')}", CHANGES["changed"])
    with pytest.raises(ProvisioningError, match=digest):
        sync(registry, from_bundle=str(path))
    assert {one.method for one in registry.access_log()} == {"HEAD"}


def test_a_bundle_that_was_cut_short(images, registry, tmp_path):
    write(tmp_path / "x.tar", images)
    os.truncate(tmp_path / "x.tar", 200_000)
    with pytest.raises(ProvisioningError, match=r"x\.tar cannot be read as a tar file: unexpected end of data"):
        sync(registry, from_bundle=str(tmp_path / "x.tar"))


# Failures


def test_a_bundle_is_written_whole_or_not_at_all(path, images, layout, tmp_path):
    write(path, images[:1])
    before = snapshot(path) if path.is_dir() else path.read_bytes()
    bad = layout.blob(random_layer(1000, 3))
    layout.path_of(bad).write_bytes(b"x" * 1000)
    outcome = sync(None, *images, bundle=str(path))
    assert bad in outcome.failed
    assert "The bundle is as it was" in outcome.failed
    assert not outcome.changed
    assert open_bundle(str(path), run_command).pins.keys() == {"team/app:1.0"}
    if path.is_dir():
        assert snapshot(path) == before
    else:
        assert path.read_bytes() == before
    layout.path_of(bad).write_bytes(random_layer(1000, 3))
    repaired = write(path, images)
    assert summary(repaired, "action", "bytes_missing")[1][1] <= 1000  # the rest had arrived
    open_bundle(str(path), run_command).check(2)


@pytest.mark.parametrize("content", ["a file", "a folder", "a layout"])
def test_what_is_no_bundle_is_left_alone(images, tmp_path, layout, content):
    path = tmp_path / "other"
    if content == "a file":
        path.write_text("mine")
    elif content == "a folder":
        path.mkdir()
        (path / "mine").write_text("mine")
    else:
        shutil.copytree(layout.folder, path)
    before = snapshot(tmp_path)
    with pytest.raises(ProvisioningError, match=f"{path}"):
        sync(None, *images, bundle=str(path))
    assert snapshot(tmp_path) == before


def test_a_folder_that_is_not_there(images, tmp_path):
    with pytest.raises(ProvisioningError, match="there is no folder"):
        sync(None, *images, bundle=f"{tmp_path}/nowhere/x.tar")


@settings(deadline=None, max_examples=50)
@given(st.binary() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps).map(str.encode))
def test_arbitrary_contents_are_a_typed_error(content):
    with pytest.raises(ProvisioningError, match="x is no bundle"):
        Contents.parse(content, "x")


def test_a_newer_bundle():
    with pytest.raises(ProvisioningError, match="is a bundle of schema 2") as caught:
        Contents.parse(b'{"schema": 2, "repositories": {}, "left_out": {}}', "x")
    assert caught.value.remedy == "Upgrade the collection"


@settings(deadline=None, max_examples=50)
@given(
    st.builds(
        Contents,
        st.frozensets(st.tuples(st.text(min_size=1), st.text())),
        st.dictionaries(st.text(), st.integers(0)),
    )
)
def test_contents_are_read_as_they_were_written(contents):
    assert Contents.parse(contents.render(), "x") == contents


# Slices of time

HURRIED = 1e-6


def test_a_bundle_is_checked_once_for_all_slices(path, images, registry, tmp_path, layout, monkeypatch):
    """What was checked is damaged behind its back, and still does not land."""
    (tmp_path / "large").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "large"))
    write(path, images)
    first = sync(registry, from_bundle=str(path), progress_interval=HURRIED)
    assert first.facts["remaining"]
    [mark] = (tmp_path / "large").iterdir()
    digest = layout.blob(SHARED)
    if path.is_dir():
        file = path / "blobs" / digest.replace(":", "/")
        file.write_bytes(CHANGES["changed"](file.read_bytes()))
        assert digest in sync(registry, from_bundle=str(path), progress_interval=60).failed
    else:
        assert not sync(registry, from_bundle=str(path), progress_interval=60).failed
    assert not mark.exists()


def test_a_bundle_that_was_replaced_is_checked_again(images, registry, tmp_path, layout, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    path = tmp_path / "x.tar"
    write(path, images)
    sync(registry, from_bundle=str(path), progress_interval=HURRIED)
    damage(path, tmp_path, f"blobs/{layout.blob(SHARED).replace(':', '/')}", CHANGES["changed"])
    with pytest.raises(ProvisioningError, match="damaged"):
        sync(registry, from_bundle=str(path), progress_interval=HURRIED)


def test_slices_go_on_where_the_last_one_ended(path, images):
    first = sync(None, *images, bundle=str(path), progress_interval=HURRIED)
    assert not first.failed
    assert first.facts["remaining"]
    assert not path.exists()
    assert write(path, images, progress_interval=60).facts["remaining"] == 0
    open_bundle(str(path), run_command).check(2)


# Other programs


def test_skopeo_and_oras_read_it(path, images, registry, tmp_path):
    digests = dict(summary(write(path, images), "name", "digest"))
    kind = "oci-archive" if path.suffix == ".tar" else "oci"
    skopeo(registry, "copy", "--all", "--preserve-digests", f"{kind}:{path}:other:2.0", "docker://{}/copied:1")
    served = skopeo(registry, "inspect", "--raw", "docker://{}/copied:1")
    assert f"sha256:{hashlib.sha256(served.encode()).hexdigest()}" == digests["other:2.0"]
    oras = program("oras", "sid")
    fetched = subprocess.run(
        [oras, "manifest", "fetch", "--descriptor", "--oci-layout", f"{path}@{digests['team/app:1.0']}"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(fetched.stdout)["digest"] == digests["team/app:1.0"]


def test_what_skopeo_writes_is_a_source(registry, images, tmp_path):
    sync(registry, *images)
    for kind in ("oci", "oci-archive"):
        skopeo(
            registry,
            "copy",
            "--all",
            "--preserve-digests",
            "docker://{}/other:2.0",
            f"{kind}:{tmp_path}/skopeo-{kind}:x:1",
        )
        outcome = sync(registry, (f"{kind}:{tmp_path}/skopeo-{kind}:x:1", "other:2.0"))
        assert summary(outcome, "action") == [("none",)]


# What accompanies an image


def test_signatures_and_referrers_travel_in_it(path, start_registry):
    origin, target = start_registry(), start_registry()
    with Pusher(origin, "app") as built:
        child = built.manifest(random_layer(1000, 1))
        image = built.index(child, tag="1")
        signature = built.manifest(b"signature", tag=f"{fallback_tag(image['digest'])}.sig")
        referrer = built.manifest(b"note", subject=child, artifactType=ARTIFACT_TYPE)
        built.index(referrer, tag=fallback_tag(child["digest"]))
        built.manifest(b"other", tag="2")
    source = (f"{origin.endpoint}/app:1", "app:1")
    for changed in (True, False):
        assert write(path, [source], sources=[origin.record_dict]).changed is changed
    written = write(path, [source, (f"{origin.endpoint}/app:2", "app:2")], sources=[origin.record_dict])
    assert summary(written, "action") == [("none",), ("copy",)]
    pushed = sync(target, from_bundle=str(path))
    assert not pushed.failed, pushed.failed
    with Pusher(target, "app") as stored:
        assert stored.digest_of(f"{fallback_tag(image['digest'])}.sig") == signature["digest"]
        [listed] = stored.listed(fallback_tag(child["digest"]))
        assert listed["digest"] == stored.digest_of(referrer["digest"]) == referrer["digest"]
    dropped = write(path, [(f"{origin.endpoint}/app:2", "app:2")], sources=[origin.record_dict])
    assert dropped.changed
    assert [entry.names for entry in open_bundle(str(path), run_command).entries] == [("app:2",)]


# Runs that end early, and two at once


KILLED = """
import os, sys, threading
from ansible_collections.edgeops.registry.plugins.module_utils._images.bundle import layout_writer
from ansible_collections.edgeops.registry.tests.support.syncing import sync

left = int(sys.argv[2])
rename = os.rename

def count(*arguments):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), 9)
    rename(*arguments)

os.rename = count
images = [tuple(one.split(",")) for one in sys.argv[3:]]
sync(None, *images, bundle=sys.argv[1], concurrency=2)
"""


@pytest.mark.parametrize("moment", [0, 1, 4, 8])
def test_a_run_that_is_killed_is_resumed(path, images, moment):
    """Killed by itself before one of the renames by which files appear."""
    command = [sys.executable, "-c", KILLED, str(path), str(moment), *(",".join(one) for one in images)]
    killed = subprocess.run(command, check=False)
    assert killed.returncode == -9
    assert not path.exists()
    resumed = write(path, images)
    assert resumed.changed
    sent = sum(missing for [missing] in summary(resumed, "blobs_missing"))
    assert sent <= 5 - min(moment, 5) + 1
    open_bundle(str(path), run_command).check(2)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_bundle_that_is_being_changed_survives_a_kill(path, images):
    write(path, images[:1])
    moment = "5" if path.suffix else "7"  # before the only file appears; between two of the small ones
    command = [sys.executable, "-c", KILLED, str(path), moment, *(",".join(one) for one in images)]
    assert subprocess.run(command, check=False).returncode == -9
    assert open_bundle(str(path), run_command).pins.keys() <= {"team/app:1.0", "other:2.0"}
    write(path, images)
    open_bundle(str(path), run_command).check(2)


def test_two_runs_at_once(path, images):
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(lambda dummy: write(path, images), range(3)))
    assert sorted(outcome.changed for outcome in outcomes) == [False, False, True]
    open_bundle(str(path), run_command).check(2)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_disk_without_room(path, images, layout):
    manifest = json.loads(layout.path_of(layout.image(b"x", tag="big")).read_bytes())
    manifest["layers"] = [{"mediaType": LAYER, "digest": "sha256:" + "0" * 64, "size": 1 << 50}]
    layout.name_it(layout.document(manifest, MANIFEST), "big")
    outcome = sync(None, (f"oci:{layout.folder}:big", "big:1"), bundle=str(path))
    assert f"needs {1 << 50} bytes more, and its disk has" in outcome.failed
    assert not path.exists()
