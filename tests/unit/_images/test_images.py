# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import json
from pathlib import Path

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
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import (
    EngineReference,
    LayoutReference,
    RegistryReference,
    parse_source,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.layout import open_layout
from ansible_collections.edgeops.registry.tests.support.oci_layout import INDEX, MANIFEST, OciLayout
from ansible_collections.edgeops.registry.tests.support.run_command import run_command
from ansible_collections.edgeops.registry.tools import hello_image
from hypothesis import given, settings
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
        ("oci:/srv/x", LayoutReference("oci", "/srv/x")),
        ("oci:/srv/x:1.0", LayoutReference("oci", "/srv/x", "1.0")),
        ("oci:~/x:1.0", LayoutReference("oci", str(Path.home() / "x"), "1.0")),
        ("oci-archive:/srv/x.tar:team/app:1.0", LayoutReference("oci-archive", "/srv/x.tar", "team/app:1.0")),
        ("docker-archive:/srv/x.tar", LayoutReference("docker-archive", "/srv/x.tar")),
        (
            "docker-archive:/srv/x.tar:redis",
            LayoutReference(
                "docker-archive", "/srv/x.tar", "docker.io/library/redis:latest", ImageName("library/redis", "latest")
            ),
        ),
        ("docker-daemon:team/app:1.0", EngineReference("team/app:1.0", ImageName("team/app", "1.0"))),
    ],
)
def test_other_references(text, reference):
    assert parse_source(text) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        "oci:",
        "oci:x",
        "oci-archive:../x.tar",
        "docker-archive:/x.tar:UPPER",
        "docker-daemon:",
        "https://registry.example.com/a",
        "registry.example.com/A",
    ],
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


@settings(deadline=None, max_examples=50)
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


def test_a_link_in_a_folder_may_not_lead_out(tmp_path):
    layout = OciLayout(tmp_path / "layout")
    digest = layout.image(b"1")
    (tmp_path / "outside").write_bytes(layout.path_of(digest).read_bytes())
    layout.path_of(digest).unlink()
    layout.path_of(digest).symlink_to(tmp_path / "outside")
    with pytest.raises(ProvisioningError, match="no regular file inside"):
        open_layout(str(layout.folder), run_command, is_archive=False).read(digest)


@pytest.mark.parametrize("index", [b"", b"[]", b'{"manifests": 7}', b'{"manifests": [{}]}', b'{"manifests": [7]}'])
def test_a_broken_index(tmp_path, index):
    layout = OciLayout(tmp_path / "layout")
    (layout.folder / "index.json").write_bytes(index)
    with pytest.raises(ProvisioningError):
        open_layout(str(layout.folder), run_command, is_archive=False).root("")


def test_which_of_several_images(tmp_path):
    layout = OciLayout(tmp_path / "layout")
    digests = [layout.image(bytes([number]), tag=f"v{number}") for number in range(2)]
    opened = open_layout(str(layout.folder), run_command, is_archive=False)
    assert [opened.root(f"v{number}") for number in range(2)] == digests
    for tag in ("", "v9"):
        with pytest.raises(ProvisioningError, match="there are: v0, v1"):
            opened.root(tag)


# The image that says hello


def test_the_hello_image_is_built_the_same_everywhere():
    assert hello_image.build() == hello_image.DEFAULT_FILE.read_bytes()


def test_the_hello_image_has_two_platforms():
    layout = open_layout(str(hello_image.DEFAULT_FILE), run_command, is_archive=True)
    root = Manifest.parse(layout.read(layout.root("1")), layout.root(""))
    platforms = [json.loads(layout.read(parse_child(layout, child)))["architecture"] for child in root.children]
    assert platforms == ["amd64", "arm64"]
    assert hello_image.DEFAULT_FILE.stat().st_size < 20_000


def parse_child(layout, child):
    return Manifest.parse(layout.read(child.digest), child.digest).blobs[0].digest
