# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that `docker save` wrote, and images of a Docker engine, onto a real registry."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tarfile

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import parse_source
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.docker_archive import open_docker_archive
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.docker_engine import DockerEngineImage
from ansible_collections.edgeops.registry.tests.support.docker_save import engine_image, layer, new_archive, old_archive
from ansible_collections.edgeops.registry.tests.support.oci_layout import random_layer
from ansible_collections.edgeops.registry.tests.support.run_command import run_command
from ansible_collections.edgeops.registry.tests.support.skopeo import skopeo
from ansible_collections.edgeops.registry.tests.support.syncing import summary, sync

FIRST, SECOND = layer("one", random_layer(300_000, 1)), layer("two", b"2")


def test_an_old_archive_keeps_the_id_of_its_image(registry, tmp_path):
    file = tmp_path / "image.tar"
    image_id = old_archive(file, FIRST, SECOND, FIRST, tags=["team/app:1.0"])
    outcome = sync(registry, (f"docker-archive:{file}", "team/app:1.0"))
    assert not outcome.failed, outcome.failed
    served = json.loads(skopeo(registry, "inspect", "--raw", "docker://{}/team/app:1.0"))
    assert served["config"]["digest"] == image_id
    assert [one["mediaType"] for one in served["layers"]] == ["application/vnd.oci.image.layer.v1.tar"] * 3
    registry.clear_access_log()
    again = sync(registry, (f"docker-archive:{file}:team/app:1.0", None))
    assert summary(again, "name", "action", "requests") == [("team/app:1.0", "none", 1)]
    assert not again.changed


def test_a_new_archive_keeps_the_digest_of_its_image(registry, tmp_path):
    file = tmp_path / "image.tar"
    digest, dummy = new_archive(file, FIRST, SECOND, tags=["app:1.0", "app:latest"])
    for source in (f"docker-archive:{file}", f"docker-archive:{file}:app", f"docker-archive:{file}:docker.io/app:1.0"):
        outcome = sync(registry, (source, "app:1.0"))
        assert not outcome.failed, outcome.failed
        assert summary(outcome, "digest") == [(digest,)]


def test_what_another_program_has_pushed_counts_as_there(registry, tmp_path):
    """With skopeo, which compresses layers and so makes another manifest."""
    file = tmp_path / "image.tar"
    image_id = old_archive(file, FIRST, SECOND, tags=["app:1.0"])
    skopeo(registry, "copy", f"docker-archive:{file}", "docker://{}/app:1.0")
    registry.clear_access_log()
    outcome = sync(registry, (f"docker-archive:{file}", "app:1.0"))
    assert summary(outcome, "action", "requests") == [("none", 1)]
    assert [one.method for one in registry.access_log()] == ["GET"]
    old_archive(file, SECOND, tags=["app:1.0"])
    changed = sync(registry, (f"docker-archive:{file}", "app:1.0"))
    assert summary(changed, "action") == [("copy",)]
    assert json.loads(skopeo(registry, "inspect", "--raw", "docker://{}/app:1.0"))["config"]["digest"] != image_id


@pytest.mark.parametrize("level", ["deep", "verify"])
def test_it_counts_as_there_only_if_it_is_whole(registry, tmp_path, level):
    file = tmp_path / "image.tar"
    old_archive(file, FIRST, SECOND, tags=["app:1.0"])
    skopeo(registry, "copy", f"docker-archive:{file}", "docker://{}/app:1.0")
    outcome = sync(registry, (f"docker-archive:{file}", "app:1.0"), level=level)
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "action", "blobs_missing") == [("none", 0)]


def test_an_archive_may_be_compressed(registry, tmp_path):
    file = tmp_path / "image.tar"
    old_archive(file, FIRST, SECOND, tags=["app:1.0"])
    packed = tmp_path / "image.tar.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    both = sync(registry, (f"docker-archive:{file}", "app:1.0"), (f"docker-archive:{packed}", "app:2.0"))
    assert not both.failed, both.failed
    assert len(set(summary(both, "digest"))) == 1


def test_compressed_layers_are_sent_as_they_lie(registry, tmp_path):
    file = tmp_path / "image.tar"
    old_archive(file, FIRST, SECOND, packed=True)
    outcome = sync(registry, (f"docker-archive:{file}", "app:1.0"))
    assert not outcome.failed, outcome.failed
    layers = json.loads(skopeo(registry, "inspect", "--raw", "docker://{}/app:1.0"))["layers"]
    assert [one["mediaType"] for one in layers] == ["application/vnd.oci.image.layer.v1.tar+gzip"] * 2
    skopeo(registry, "copy", "docker://{}/app:1.0", f"dir:{tmp_path}/copy")  # which checks digests and diff IDs


def test_which_of_several_images(tmp_path):
    file = tmp_path / "image.tar"
    new_archive(file, FIRST, tags=["app:1.0", "other:1.0"])
    layout = open_docker_archive(str(file), run_command)
    assert layout.root(parse_source(f"docker-archive:{file}:other:1.0").tag)
    with pytest.raises(ProvisioningError, match=r"there are: .*docker.io/library/app:1.0"):
        layout.root("docker.io/library/app:2.0")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("manifest.json", b"[]", None),
        ("manifest.json", b"", "a broken manifest.json"),
        ("manifest.json", b"{}", None),
        ("manifest.json", b"[7]", "a broken manifest.json"),
        ("manifest.json", b'[{"Config": "none.json", "Layers": []}]', "has no none.json"),
        ("manifest.json", b'[{"Config": "c.json", "Layers": ["a", "b"]}]', "1 layers and 2 files for them"),
        ("manifest.json", b'[{"Config": "c.json", "Layers": ["a"]}]', "has no a"),
        ("manifest.json", b'[{"Config": "manifest.json", "Layers": []}]', "a broken manifest.json"),
        ("repositories", b"{}", "has no manifest.json"),
    ],
)
def test_what_is_no_image_of_docker(tmp_path, name, content, words):
    file = tmp_path / "image.tar"
    with tarfile.open(file, "w") as archive:
        for path, text in ((name, content), ("c.json", b'{"rootfs": {"diff_ids": ["sha256:1"]}}')):
            (tmp_path / "part").write_bytes(text)
            archive.add(tmp_path / "part", path)
    with pytest.raises(ProvisioningError, match=words or "has 0 images"):
        open_docker_archive(str(file), run_command).root("")
    assert not list(tmp_path.glob("edgeops-*"))


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../etc/passwd", "../manifest.json/..", "../nowhere"])
def test_a_layer_may_be_a_link_within_the_archive_only(tmp_path, target):
    file = tmp_path / "image.tar"
    old_archive(file, FIRST)
    link = tarfile.TarInfo("layer")
    link.type, link.linkname = tarfile.SYMTYPE, target
    with tarfile.open(file, "a") as archive:
        archive.addfile(link)
        (tmp_path / "part").write_text('[{"Config": "c.json", "Layers": ["layer"]}]')
        archive.add(tmp_path / "part", "manifest.json")
        (tmp_path / "part").write_text('{"rootfs": {"diff_ids": ["sha256:1"]}}')
        archive.add(tmp_path / "part", "c.json")
    with pytest.raises(ProvisioningError, match="no regular file inside"):
        open_docker_archive(str(file), run_command)


# A Docker engine


def test_an_image_of_the_engine(registry):
    with engine_image(FIRST) as name:
        outcome = sync(registry, (f"docker-daemon:{name}", "team/app:1.0"))
        assert not outcome.failed, outcome.failed
        image_id = subprocess.check_output(["docker", "image", "inspect", "-f", "{{.Id}}", name], text=True).strip()
        assert (
            json.loads(skopeo(registry, "inspect", "--raw", "docker://{}/team/app:1.0"))["config"]["digest"] == image_id
        )
        registry.clear_access_log()
        again = sync(registry, (f"docker-daemon:{name}", "team/app:1.0"))
        assert summary(again, "action", "requests") == [("none", 1)]


def test_what_docker_itself_saved(registry, tmp_path):
    file = tmp_path / "image.tar"
    with engine_image(SECOND, "latest") as name:
        subprocess.run(["docker", "save", "-o", file, name], check=True)
        outcome = sync(
            registry, (f"docker-archive:{file}", "app:1.0"), (f"docker-daemon:{name.partition(':')[0]}", "app:2.0")
        )
        assert not outcome.failed, outcome.failed
        [[first], [second]] = summary(outcome, "digest")
        assert first == second


def test_an_image_that_the_engine_has_not():
    with pytest.raises(ProvisioningError, match="the Docker engine has no image edgeops-nowhere:1"):
        DockerEngineImage("edgeops-nowhere:1", run_command)


def test_no_engine():
    script = (
        "from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.docker_engine import DockerEngineImage\n"
        "from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError\n"
        "try: DockerEngineImage('x', None)\n"
        "except ProvisioningError as error: print(error.reason)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"DOCKER_HOST": "unix:///nowhere"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "unreachable\n"


def test_without_the_package_docker(tmp_path):
    (tmp_path / "docker.py").write_text("raise ImportError\n")
    script = (
        "from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.docker_engine import DockerEngineImage\n"
        "from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError\n"
        "try: DockerEngineImage('x', None)\n"
        "except ProvisioningError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": tmp_path}, check=True, capture_output=True, text=True
    )
    assert "package docker is missing" in done.stdout
    assert "docker-archive:/path" in done.stdout
