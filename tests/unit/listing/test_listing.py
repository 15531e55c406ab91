# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The listing sees every kind of change, and the comparison leaves out only what it says."""

from __future__ import annotations

import json
import os
import threading

import pytest
from ansible_collections.edgeops.registry.tests.listing import listing

CHECKS = listing.CHECKS
BEFORE = {"/etc/hosts": ["0o100644", 0, 0, 1, "aa"], "/var/log/syslog": ["0o100644", 0, 0, 1, "bb"]}


def tree(root):
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "file").write_text("content", encoding="ascii")
    (root / "link").symlink_to("folder")


CHANGES = {
    "content": lambda root: (root / "folder" / "file").write_text("changed", encoding="ascii"),
    "mode": lambda root: (root / "folder" / "file").chmod(0o600),
    "time": lambda root: os.utime(root / "folder" / "file", ns=(1, 1)),
    "target": lambda root: ((root / "link").unlink(), (root / "link").symlink_to("elsewhere")),
    "new file": lambda root: (root / "folder" / "new").touch(),
    "gone": lambda root: (root / "folder" / "file").unlink(),
    "a file made and removed": lambda root: ((root / "temporary").touch(), (root / "temporary").unlink()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_listing_sees_every_change(tmp_path, change):
    root = tmp_path / "root"
    root.mkdir()
    tree(root)
    os.utime(root, ns=(0, 0))
    before = listing.list_below(str(tmp_path))
    change(root)
    assert list(listing.differences(before, listing.list_below(str(tmp_path)), CHECKS["untouched"]))


def test_a_listing_does_not_mind_what_comes_and_goes(tmp_path):
    ended, names = threading.Event(), [str(number) for number in range(50)]

    def come_and_go():
        while not ended.is_set():
            for name in names:
                (tmp_path / f"file{name}").touch()
                (tmp_path / f"folder{name}").mkdir()
            for name in names:
                (tmp_path / f"file{name}").unlink()
                (tmp_path / f"folder{name}").rmdir()

    tree(tmp_path / "tree")
    changing = threading.Thread(target=come_and_go)
    changing.start()
    try:
        for dummy in range(500):
            assert str(tmp_path / "tree" / "folder" / "file") in listing.list_below(str(tmp_path))
    finally:
        ended.set()
        changing.join()


def test_a_listing_leaves_out_what_is_skipped(tmp_path):
    tree(tmp_path)
    assert list(listing.list_below(str(tmp_path), {str(tmp_path / "folder")})) == [str(tmp_path / "link")]


@pytest.mark.parametrize(
    ("check", "after", "lines"),
    [
        ("untouched", BEFORE, []),
        ("untouched", {**BEFORE, "/etc/hosts": ["0o100644", 0, 0, 2, "aa"]}, ["changed: /etc/hosts"]),
        ("nothing_left", {**BEFORE, "/etc/hosts": ["0o100644", 0, 0, 2, "aa"]}, []),
        ("nothing_left", {**BEFORE, "/etc/hosts": ["0o100600", 0, 0, 1, "aa"]}, ["changed: /etc/hosts"]),
        ("nothing_left", {**BEFORE, "/etc/left": ["0o100600", 0, 0, 1, "aa"]}, ["new: /etc/left"]),
        ("nothing_left", {"/var/log/syslog": BEFORE["/var/log/syslog"]}, ["gone: /etc/hosts"]),
        ("nothing_left", {"/etc/hosts": BEFORE["/etc/hosts"], "/var/log/new": ["0o100600", 0, 0, 1, ""]}, []),
        ("untouched", {**BEFORE, "/var/backups": ["0o40755", 0, 0, 2, ""]}, []),
        ("untouched", {**BEFORE, "/var/backups/dpkg.status.0": ["0o100644", 0, 0, 1, "aa"]}, []),
    ],
)
def test_differences(check, after, lines):
    found = listing.differences(BEFORE, after, CHECKS[check])
    assert [": ".join(line.split(": ")[:2]) for line in found] == lines


def test_compare_reads_every_host(tmp_path):
    for folder, mode in (("before", 0o100644), ("after", 0o100600)):
        (tmp_path / folder).mkdir()
        for host in ("registry", "client"):
            content = json.dumps({"/etc/hosts": [oct(mode if host == "client" else 0), 0, 0, 0, ""]})
            (tmp_path / folder / f"{host}.json").write_text(content, encoding="utf-8")
    (found,) = listing.compare(CHECKS["nothing_left"], tmp_path / "before", tmp_path / "after")
    assert found.startswith("client: changed: /etc/hosts")
    (tmp_path / "after" / "registry.json").unlink()
    with pytest.raises(FileNotFoundError):
        listing.compare(CHECKS["nothing_left"], tmp_path / "before", tmp_path / "after")
