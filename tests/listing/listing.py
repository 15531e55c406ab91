# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on the file systems of test hosts, and what has changed there.

listing.py here                          print the listing of this machine
listing.py take FOLDER CONTAINER...      write one listing per container
listing.py compare CHECK BEFORE AFTER    compare two folders; CHECK is a name in CHECKS

A listing is JSON: path -> [type and mode, owner, group, mtime in ns, SHA-256 or target of the link].
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import hashlib
import json
import os
import pathlib
import stat
import subprocess
import sys
import typing as t

Entry = list[str | int]
Listing = dict[str, Entry]
MTIME = 3
SHOWN = 50  # lines

KERNEL = {"/proc", "/sys", "/dev", "/run"}
"""Kernel's views and, in /run, the state of running programs: gone at the next boot."""

ENGINES = {"/var/lib/docker", "/var/lib/containerd", "/var/lib/containers"}
"""What a container engine keeps: tests ask the engine."""

CLUSTER = {"/var/lib/cni", "/var/lib/etcd", "/var/lib/kubelet"}
"""What a Kubernetes node keeps: tests ask the cluster."""


@dataclasses.dataclass(frozen=True)
class Check:
    """How two listings are compared.

    :param times: whether modification times count.
    :param noise: pattern of paths that do not count -> why.
    """

    times: bool
    noise: t.Mapping[str, str]


LOGS = {
    "/var/log/*": "logs",
    "/var/lib/systemd/timers/*": "when the machine's own timers last ran",
    "/var/backups*": "what one of those timers backs up at midnight",
}
CHECKS = {
    "untouched": Check(times=True, noise={**LOGS, "/tmp": "where Ansible unpacks its modules, and removes them"}),
    "nothing_left": Check(
        times=False,
        noise={
            **LOGS,
            "/var/cache/apt/*": "package caches",
            "/var/lib/apt/*": "package lists",
            "/var/lib/dpkg/*-old": "dpkg's backups",
            "/etc/passwd-": "backup of the program that changed it",
            "/etc/shadow-": "backup of the program that changed it",
            "/etc/group-": "backup of the program that changed it",
            "/etc/gshadow-": "backup of the program that changed it",
        },
    ),
}


def entry(path: pathlib.Path) -> Entry:
    """Describe one path."""
    status = path.lstat()
    content = ""
    if stat.S_ISREG(status.st_mode):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    elif stat.S_ISLNK(status.st_mode):
        content = str(path.readlink())
    return [oct(status.st_mode), status.st_uid, status.st_gid, status.st_mtime_ns, content]


def list_below(root: str = "/", skipped: t.AbstractSet[str] = frozenset(KERNEL | ENGINES | CLUSTER)) -> Listing:
    """List all that is below `root`, except below the folders `skipped` and what is mounted read-only."""
    listing = {}
    for folder, folders, files in os.walk(root):
        here = pathlib.Path(folder)
        folders[:] = [name for name in folders if str(here / name) not in skipped and not _is_read_only(here / name)]
        for path in map(here.joinpath, [*folders, *files]):
            with contextlib.suppress(FileNotFoundError):  # what goes meanwhile is not there
                listing[str(path)] = entry(path)
    return listing


def _is_read_only(folder: pathlib.Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    return False


def take(folder: pathlib.Path, containers: t.Sequence[str]) -> None:
    """List containers side by side, each into a file of its name.

    :raises subprocess.CalledProcessError: a container cannot be listed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own_source = pathlib.Path(__file__).read_bytes()
    running = []
    for container in containers:
        with (folder / f"{container}.json").open("wb") as file:
            command = ["docker", "exec", "-i", container, "python3", "-", "here"]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file)
        if process.stdin is not None:
            process.stdin.write(own_source)
            process.stdin.close()
        running.append(process)
    for process in running:
        if process.wait():
            raise subprocess.CalledProcessError(process.returncode, process.args)


def differences(before: Listing, after: Listing, check: Check) -> t.Iterator[str]:
    """Say what differs, one line per path."""
    for path in sorted(before.keys() | after.keys()):
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in check.noise):
            continue
        old, new = (_comparable(listing.get(path), check) for listing in (before, after))
        if old is None:
            yield f"new: {path}"
        elif new is None:
            yield f"gone: {path}"
        elif old != new:
            yield f"changed: {path}: {old} -> {new}"


def _comparable(entry_: Entry | None, check: Check) -> Entry | None:
    if entry_ is None or check.times:
        return entry_
    return [*entry_[:MTIME], *entry_[MTIME + 1 :]]


def compare(check: Check, before: pathlib.Path, after: pathlib.Path) -> list[str]:
    """Compare two folders of listings.

    :raises FileNotFoundError: a host was listed before and was not listed after.
    """
    found = []
    for file in sorted(before.glob("*.json")):
        old, new = (json.loads((folder / file.name).read_text(encoding="utf-8")) for folder in (before, after))
        found += [f"{file.stem}: {line}" for line in differences(old, new, check)]
    return found


def main(arguments: t.Sequence[str]) -> int:
    """Entry point; return the exit status."""
    command, *rest = arguments
    if command == "here":
        json.dump(list_below(), sys.stdout)
    elif command == "take":
        take(pathlib.Path(rest[0]), rest[1:])
    elif command == "compare":
        found = compare(CHECKS[rest[0]], pathlib.Path(rest[1]), pathlib.Path(rest[2]))
        print(*found[:SHOWN], sep="\n", end="")
        print(f"\n{len(found)} differences" if found else "")
        return 1 if found else 0
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
