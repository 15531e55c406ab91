# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import json
import tarfile

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import (
    BLOCK,
    Descriptor,
    Manifest,
    verified_blocks,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.layout import open_layout
from ansible_collections.edgeops.registry.plugins.module_utils._images.plan import Survey, make_plans, unknown_places
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import (
    LayoutReference,
    RegistryReference,
    parse_source,
)
from ansible_collections.edgeops.registry.tests.support.oci_layout import INDEX, MANIFEST, OciLayout, tar_of
from ansible_collections.edgeops.registry.tools import hello_image
from hypothesis import given
from hypothesis import strategies as st

# References


@pytest.mark.parametrize(
    ("text", "host", "image", "endpoint"),
    [
        ("redis", "docker.io", ImageName("library/redis", "latest"), Endpoint("docker.io", 443)),
        ("docker.io/redis:7", "docker.io", ImageName("library/redis", "7"), Endpoint("docker.io", 443)),
        ("index.docker.io/team/app", "docker.io", ImageName("team/app", "latest"), Endpoint("docker.io", 443)),
        ("team/app:1", "docker.io", ImageName("team/app", "1"), Endpoint("docker.io", 443)),
        ("localhost/app:1", "localhost", ImageName("app", "1"), Endpoint("localhost", 443)),
        (
            "Registry.Example.com/a/b:1",
            "registry.example.com",
            ImageName("a/b", "1"),
            Endpoint("registry.example.com", 443),
        ),
        ("registry:5000/a", "registry:5000", ImageName("a", "latest"), Endpoint("registry", 5000)),
        ("[2001:db8::10]:5000/a:1", "[2001:db8::10]:5000", ImageName("a", "1"), Endpoint("2001:db8::10", 5000)),
        ("[2001:db8::10]/a:1", "[2001:db8::10]", ImageName("a", "1"), Endpoint("2001:db8::10", 443)),
    ],
)
def test_registry_references(text, host, image, endpoint):
    reference = parse_source(text)
    assert reference == RegistryReference(host, image)
    assert reference.endpoint == endpoint


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("oci:/srv/x", LayoutReference("/srv/x", "", is_archive=False)),
        ("oci:/srv/x:1.0", LayoutReference("/srv/x", "1.0", is_archive=False)),
        ("oci-archive:/srv/a:b/x.tar", LayoutReference("/srv/a:b/x.tar", "", is_archive=True)),
        ("oci-archive:/srv/x.tar:team/app", LayoutReference("/srv/x.tar:team/app", "", is_archive=True)),
    ],
)
def test_layout_references(text, reference):
    assert parse_source(text) == reference


@pytest.mark.parametrize(
    "text", ["", "oci:", "oci:x", "oci-archive:../x.tar", "https://registry.example.com/a", "registry.example.com/A"]
)
def test_what_is_no_reference(text):
    with pytest.raises(ProvisioningError):
        parse_source(text)


# Manifests and blobs


def parse(data):
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Manifest.parse(content, sha256(content))


BLOB = {"mediaType": "x", "digest": "sha256:" + "1" * 64, "size": 7}


@pytest.mark.parametrize("media_type", [MANIFEST, None])
def test_a_manifest(media_type):
    manifest = parse({"schemaVersion": 2, "mediaType": media_type, "config": BLOB, "layers": [BLOB]})
    assert (manifest.media_type, manifest.blobs, manifest.children) == (
        MANIFEST,
        (Descriptor("x", BLOB["digest"], 7),),
        (),
    )


def test_layers_that_lie_elsewhere_are_left_there():
    foreign = {**BLOB, "digest": "sha256:" + "2" * 64, "urls": ["https://example.com/"]}
    assert len(parse({"schemaVersion": 2, "config": BLOB, "layers": [foreign]}).blobs) == 1


def test_an_index():
    manifest = parse({"schemaVersion": 2, "mediaType": INDEX, "manifests": [BLOB]})
    assert (manifest.blobs, [child.digest for child in manifest.children]) == ((), [BLOB["digest"]])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        {"schemaVersion": 1},
        {"schemaVersion": 2, "mediaType": "text/plain"},
        {"schemaVersion": 2, "layers": []},
        {"schemaVersion": 2, "config": BLOB},
        {"schemaVersion": 2, "config": BLOB, "layers": [7]},
        {"schemaVersion": 2, "config": {**BLOB, "digest": "sha256:../../x"}, "layers": []},
        {"schemaVersion": 2, "config": {**BLOB, "digest": "md5:" + "1" * 32}, "layers": []},
        {"schemaVersion": 2, "config": {**BLOB, "size": -1}, "layers": []},
        {"schemaVersion": 2, "config": {**BLOB, "size": "many"}, "layers": []},
    ],
)
def test_broken_manifests(data):
    with pytest.raises(ProvisioningError):
        parse(data)


@given(st.binary())
def test_arbitrary_bytes_are_a_typed_error(content):
    with pytest.raises(ProvisioningError):
        parse(content)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_a_good_blob_comes_out_whole(size):
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    blocks = verified_blocks(io.BytesIO(content), Descriptor("x", sha256(content), size))
    assert b"".join(bytes(block) for block in blocks) == content


@pytest.mark.parametrize(
    "damage",
    [lambda old: old[:-1], lambda old: old + b"x", lambda old: b"x" + old[1:]],
    ids=["short", "long", "changed"],
)
def test_of_a_bad_blob_the_end_is_held_back(damage):
    content = b"a" * (BLOCK + 10)
    blocks = verified_blocks(io.BytesIO(damage(content)), Descriptor("x", sha256(content), len(content)))
    passed = []
    with pytest.raises(ProvisioningError, match="something else"):
        passed.extend(map(len, blocks))
    assert BLOCK <= sum(passed) < len(content)


# Layouts


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "name", ["../index.json", "/etc/passwd", "blobs/../../x"], ids=["above", "absolute", "above in the middle"]
)
def test_an_entry_that_leads_out_of_the_archive(tmp_path, name, packed):
    file = tmp_path / "evil.tar"
    file.write_bytes(tar_of([tarfile.TarInfo(name)], packed=packed))
    with pytest.raises(ProvisioningError, match="no regular file inside"):
        open_layout(str(file), is_archive=True)


def test_a_link_in_an_archive_is_not_followed(tmp_path):
    link = tarfile.TarInfo("index.json")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    file = tmp_path / "evil.tar"
    file.write_bytes(tar_of([tarfile.TarInfo("oci-layout"), link]))
    with pytest.raises(ProvisioningError, match="no regular file inside"):
        open_layout(str(file), is_archive=True).root("")


def test_a_link_in_a_folder_may_not_lead_out(tmp_path):
    layout = OciLayout(tmp_path / "layout")
    digest = layout.image(b"1")
    (tmp_path / "outside").write_bytes(layout.path_of(digest).read_bytes())
    layout.path_of(digest).unlink()
    layout.path_of(digest).symlink_to(tmp_path / "outside")
    with pytest.raises(ProvisioningError, match="no regular file inside"):
        open_layout(str(layout.folder), is_archive=False).read(digest)


@pytest.mark.parametrize("content", [b"", b"x" * 2000, b"\x1f\x8b damaged"], ids=["empty", "no tar", "no gzip"])
def test_what_is_no_layout(tmp_path, content):
    file = tmp_path / "x.tar"
    file.write_bytes(content)
    with pytest.raises(ProvisioningError) as caught:
        open_layout(str(file), is_archive=True).root("")
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("index", [b"", b"[]", b'{"manifests": 7}', b'{"manifests": [{}]}', b'{"manifests": [7]}'])
def test_a_broken_index(tmp_path, index):
    layout = OciLayout(tmp_path / "layout")
    (layout.folder / "index.json").write_bytes(index)
    with pytest.raises(ProvisioningError):
        open_layout(str(layout.folder), is_archive=False).root("")


def test_which_of_several_images(tmp_path):
    layout = OciLayout(tmp_path / "layout")
    digests = [layout.image(bytes([number]), tag=f"v{number}") for number in range(2)]
    opened = open_layout(str(layout.folder), is_archive=False)
    assert [opened.root(f"v{number}") for number in range(2)] == digests
    for tag in ("", "v9"):
        with pytest.raises(ProvisioningError, match="there are: v0, v1"):
            opened.root(tag)


# Plans


def survey(name, *blobs):
    descriptors = tuple(Descriptor("x", digest, size) for digest, size in blobs)
    return Survey(ImageName.parse(name), "root", None, (Manifest("root", MANIFEST, b"{}", (), descriptors),))


def test_each_blob_is_looked_for_once_in_its_first_home():
    surveys = [survey("a:1", ("s", 5)), survey("b:1", ("s", 5), ("t", 1)), survey("a:2", ("t", 1))]
    assert unknown_places(surveys) == {("a", "s"): 0, ("b", "t"): 1}


def test_largest_first_once_and_mounted_elsewhere():
    surveys = [survey("a:1", ("s", 5), ("u", 9)), survey("b:1", ("s", 5), ("t", 1)), survey("a:2", ("s", 5))]
    first, second, third = make_plans(surveys, set())
    assert [(step.blob.digest, step.origin) for step in first.steps] == [("u", ""), ("s", "")]
    assert [(step.blob.digest, step.origin) for step in second.steps] == [("s", "a"), ("t", "")]
    assert (third.steps, third.awaited, third.action) == ((), (("a", "s"),), "copy")
    assert [(plan.bytes_sent, plan.bytes_mounted) for plan in (first, second, third)] == [(16, 0), (3, 5), (2, 0)]


def test_what_is_there_is_left_alone():
    surveys = [survey("a:1", ("s", 5)), Survey(ImageName("a", "2"), "root", "root")]
    assert [plan.action for plan in make_plans(surveys, {("a", "s")})] == ["tag", "none"]


# The image that says hello


def test_the_hello_image_is_built_the_same_everywhere():
    assert hello_image.build() == hello_image.DEFAULT_FILE.read_bytes()


def test_the_hello_image_has_two_platforms():
    layout = open_layout(str(hello_image.DEFAULT_FILE), is_archive=True)
    root = Manifest.parse(layout.read(layout.root("1")), layout.root(""))
    platforms = [json.loads(layout.read(parse_child(layout, child)))["architecture"] for child in root.children]
    assert platforms == ["amd64", "arm64"]
    assert hello_image.DEFAULT_FILE.stat().st_size < 20_000


def parse_child(layout, child):
    return Manifest.parse(layout.read(child.digest), child.digest).blobs[0].digest
