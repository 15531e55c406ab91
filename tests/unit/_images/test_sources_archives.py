# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tar files as sources: how they are compressed, and what they must not hold."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.layout import open_layout
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.unpack import MOST_GROWTH, unpack
from ansible_collections.edgeops.registry.tests.support.oci_layout import OciLayout, random_layer, tar_of
from ansible_collections.edgeops.registry.tests.support.run_command import run_command

MIB = 1 << 20


def pack(path, kind):
    """A compressed copy of a file."""
    packed = path.with_name(f"{path.name}.{kind}")
    if kind == "gz":
        packed.write_bytes(gzip.compress(path.read_bytes()))
    else:
        subprocess.run(["zstd", "--quiet", path, "-o", packed], check=True)
    return packed


def open_archive(file):
    return open_layout(str(file), run_command, is_archive=True)


@pytest.fixture
def spool(tmp_path, monkeypatch):
    """Where temporary files go."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture(params=["gz", "zst", "zst by a package"])
def kind(request, monkeypatch):
    """A compression, and what undoes it."""
    kind, dummy, by_package = request.param.partition(" ")
    if by_package:
        monkeypatch.setattr(shutil, "which", lambda program: None)
    return kind


def test_a_compressed_archive_lies_unpacked_for_as_long_as_it_is_read(tmp_path, spool, kind):
    layout = OciLayout(tmp_path / "layout")
    digest = layout.image(random_layer(300_000, 1))
    opened = open_archive(pack(layout.archive(tmp_path / "layout.tar"), kind))
    assert opened.root("1.0") == digest
    assert [path.name for path in spool.glob("*/*")] == ["archive.tar"]
    opened.close()
    assert not list(spool.iterdir())


@pytest.mark.parametrize(
    "damage", [lambda old: old[:-20], lambda old: old[:50] + b"xyz" + old[53:]], ids=["short", "changed"]
)
def test_a_damaged_one_is_named(tmp_path, spool, kind, damage):
    layout = OciLayout(tmp_path / "layout")
    layout.image(random_layer(300_000, 1))
    file = pack(layout.archive(tmp_path / "layout.tar"), kind)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ProvisioningError, match=f"{file}.*(damaged|cannot be read as a tar file)"):
        open_archive(file)
    assert not list(spool.iterdir())


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path, spool, kind):
    plain = tmp_path / "bomb"
    with plain.open("wb") as file:
        file.truncate(100 * MIB)
    bomb = pack(plain, kind)
    assert bomb.stat().st_size * MOST_GROWTH < 64 * MIB
    with pytest.raises(ProvisioningError, match=f"{bomb} unpacks to more than {64 * MIB} bytes"):
        open_archive(bomb)
    assert not list(spool.iterdir())


def test_the_disk_is_not_filled(tmp_path, kind):
    plain = tmp_path / "plain"
    plain.write_bytes(random_layer(3 * MIB, 1))
    target = tmp_path / "target"
    packed = pack(plain, kind)
    with pytest.raises(ProvisioningError, match="unpacks to more than 2097152 bytes"):
        unpack(str(packed), str(target), run_command, free=2 * MIB)
    assert target.stat().st_size <= 2 * MIB + 512
    unpack(str(packed), str(target), run_command, free=4 * MIB)
    assert target.read_bytes() == plain.read_bytes()


def test_a_host_without_zstd_says_so(tmp_path, monkeypatch):
    (tmp_path / "x.tar.zst").write_bytes(b"\x28\xb5\x2f\xfd")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(
        ProvisioningError, match=r"compressed with zstd, which this host cannot read\. Install zstd there"
    ):
        open_archive(tmp_path / "x.tar.zst")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "name", ["../index.json", "/etc/passwd", "blobs/../../x"], ids=["above", "absolute", "above in the middle"]
)
def test_an_entry_that_leads_out_of_the_archive(tmp_path, name, packed):
    file = tmp_path / "evil.tar"
    file.write_bytes(tar_of([tarfile.TarInfo(name)], packed=packed))
    with pytest.raises(ProvisioningError, match="no regular file inside"):
        open_archive(file)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "../etc/passwd"),
        (tarfile.SYMTYPE, "index.json"),
        (tarfile.LNKTYPE, "/etc/passwd"),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
        (tarfile.FIFOTYPE, ""),
        (tarfile.DIRTYPE, ""),
        (tarfile.GNUTYPE_SPARSE, ""),
    ],
)
def test_what_is_no_regular_file_is_not_read(tmp_path, kind, target):
    entry = tarfile.TarInfo("index.json")
    entry.type, entry.linkname = kind, target
    file = tmp_path / "evil.tar"
    file.write_bytes(tar_of([tarfile.TarInfo("oci-layout"), entry]))
    with pytest.raises(ProvisioningError, match=r"no regular file inside|cannot be read as a tar file"):
        open_archive(file).root("")


def test_a_sparse_file_is_not_read(tmp_path):
    """As GNU tar writes it: little in the archive, much on disk."""
    with (tmp_path / "index.json").open("wb") as file:
        file.truncate(1 << 40)
    subprocess.run(["tar", "--sparse", "-cf", "x.tar", "index.json"], cwd=tmp_path, check=True)
    with tarfile.open(tmp_path / "x.tar", "a") as archive:
        archive.addfile(tarfile.TarInfo("oci-layout"), io.BytesIO())
    with pytest.raises(ProvisioningError, match="no regular file inside"):
        open_archive(tmp_path / "x.tar").root("")


@pytest.mark.parametrize("content", [b"", b"x" * 2000, b"\x1f\x8b damaged"], ids=["empty", "no tar", "no gzip"])
def test_what_is_no_layout(tmp_path, content):
    file = tmp_path / "x.tar"
    file.write_bytes(content)
    with pytest.raises(ProvisioningError) as caught:
        open_archive(file).root("")
    assert str(file) in str(caught.value)


def test_an_archive_that_was_cut_short_is_named(tmp_path):
    layout = OciLayout(tmp_path / "layout")
    layout.image(random_layer(300_000, 1))
    file = layout.archive(tmp_path / "layout.tar")
    file.write_bytes(file.read_bytes()[:200_000])
    with pytest.raises(ProvisioningError, match=f"{file} cannot be read as a tar file: unexpected end of data"):
        open_archive(file)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_is_too_large_is_not_read(tmp_path, kind):
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = kind, 1 << 30
    file = tmp_path / "x.tar"
    file.write_bytes(entry.tobuf())
    os.truncate(file, 2 << 30)
    with pytest.raises(ProvisioningError, match="it has a header of more than 1048576 bytes"):
        open_archive(file)


def test_a_document_that_is_too_large_is_not_read(tmp_path):
    layout = OciLayout(tmp_path / "layout")
    with (layout.folder / "index.json").open("wb") as file:
        file.truncate(33 * MIB)
    with pytest.raises(ProvisioningError, match="too large"):
        open_layout(str(layout.folder), run_command, is_archive=False).root("")
