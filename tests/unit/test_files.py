# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno
import os
import stat
import subprocess

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._files import (
    make_directories,
    read_file,
    remove_file,
    write_file,
)
from ansible_collections.edgeops.registry.tests.support.child import kills, listing, with_mounts


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def state(path):
    return read_file(str(path))


def write(path, content=b"new", mode=0o600):
    write_file(str(path), content, mode, before=state(path))


def test_reading_tells_content_mode_and_owner(path):
    assert state(path) is None
    path.write_bytes(b"\x00\xff")
    path.chmod(0o640)
    read = state(path)
    assert (read.content, read.mode, read.uid, read.gid) == (b"\x00\xff", 0o640, os.geteuid(), os.getegid())


def test_a_symbolic_link_is_refused(path):
    path.symlink_to("/etc/hosts")
    with pytest.raises(ProvisioningError, match="symbolic link to /etc/hosts") as failure:
        state(path)
    assert failure.value.reason == "unsupported"
    assert failure.value.remedy


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused_and_not_waited_for(path, make):
    make(path)
    with pytest.raises(ProvisioningError, match="not a regular file"):
        state(path)


def test_a_file_is_replaced_as_a_whole(path):
    path.write_bytes(b"old and longer")
    inode = path.stat().st_ino
    write(path)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o600)
    assert path.stat().st_ino != inode
    assert listing(path.parent) == ["file"]


def test_the_mode_does_not_depend_on_the_umask(path):
    before = os.umask(0o777)
    try:
        write(path, mode=0o644)
        make_directories(str(path.parent / "a" / "b"), 0o755)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert (
        stat.S_IMODE((path.parent / "a").stat().st_mode)
        == stat.S_IMODE((path.parent / "a" / "b").stat().st_mode)
        == 0o755
    )


def test_owner_and_group_stay(path):
    path.write_bytes(b"old")
    os.chown(path, 12345, 23456)
    write(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


def test_p22_a_mount_point_is_written_in_place(path):
    source = path.parent / "source"
    source.write_bytes(b"old and longer")
    path.write_bytes(b"")
    inode = source.stat().st_ino
    for content in (b"shorter", b"longer than it ever was before", b""):
        with_mounts([("--bind", str(source), str(path))], lambda content=content: write(path, content))
        assert (source.read_bytes(), source.stat().st_ino) == (content, inode)
    assert listing(path.parent) == ["file", "source"]


def test_a_full_disk_leaves_the_file_as_it_was(path):
    mount = path.parent / "mount"
    mount.mkdir()

    def fill():
        (mount / "file").write_bytes(b"old")
        with pytest.raises(OSError, match="No space left") as failure:
            write(mount / "file", b"x" * 100_000)
        return failure.value.errno, (mount / "file").read_bytes(), listing(mount)

    assert with_mounts([("-t", "tmpfs", "-o", "size=32k", "none", str(mount))], fill) == (
        errno.ENOSPC,
        b"old",
        ["file"],
    )


def test_p22_a_full_disk_leaves_a_mount_point_as_it_was(path):
    mount = path.parent / "mount"
    mount.mkdir()
    path.write_bytes(b"")

    def fill():
        (mount / "file").write_bytes(b"old")
        os.posix_fallocate(os.open(mount / "filling", os.O_CREAT | os.O_WRONLY), 0, 24_000)
        subprocess.run(["/usr/bin/mount", "--bind", mount / "file", path], check=True)
        with pytest.raises(OSError, match="No space left"):
            write(path, b"x" * 20_000)
        return (mount / "file").read_bytes()

    assert with_mounts([("-t", "tmpfs", "-o", "size=32k", "none", str(mount))], fill) == b"old"


def test_a_kill_at_any_line_leaves_the_old_or_the_new_file(path):
    path.write_bytes(b"old")
    seen = set()
    for killed_at in kills(lambda: write(path), "/_files.py"):
        assert path.read_bytes() in (b"old", b"new"), killed_at
        seen.add(path.read_bytes())
        path.write_bytes(b"old")
    assert seen == {b"old", b"new"}
    write(path)
    assert path.read_bytes() == b"new"


def test_removing_prunes_empty_directories_up_to_the_one_named(tmp_path):
    directory = tmp_path / "a" / "b" / "c"
    make_directories(str(directory), 0o755)
    for name in ("one", "two"):
        (directory / name).write_bytes(b"")
    remove_file(str(directory / "one"), prune=str(tmp_path / "a" / "b"))
    assert listing(directory) == ["two"]
    remove_file(str(directory / "two"), prune=str(tmp_path / "a" / "b"))
    assert listing(tmp_path / "a") == []


def test_removing_without_pruning_leaves_the_directory(path):
    path.write_bytes(b"")
    remove_file(str(path), prune="")
    assert listing(path.parent) == []


def test_p22_a_kill_at_any_line_leaves_a_mount_point_that_the_next_write_mends(path):
    source = path.parent / "source"
    path.write_bytes(b"")
    source.write_bytes(b"old")

    def write_until_it_ends():
        for killed_at in kills(lambda: write(path, b"new and longer"), "/_files.py"):
            assert path.read_bytes() in (b"old", b"new and longer"), killed_at
            write(path, b"new and longer")
            assert path.read_bytes() == b"new and longer"
            write(path, b"old")

    with_mounts([("--bind", str(source), str(path))], write_until_it_ends)
    assert source.read_bytes() == b"new and longer"
    assert listing(path.parent) == ["file", "source"]


def test_what_a_kill_leaves_beside_the_file_goes_with_the_next_write(path):
    path.write_bytes(b"old")
    leftovers = 0
    for killed_at in kills(lambda: write(path), "/_files.py"):
        leftovers += len(listing(path.parent)) > 1
        write(path)
        assert listing(path.parent) == ["file"], killed_at
    assert leftovers > 3
