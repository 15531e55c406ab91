# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs out of packages of other Debian releases than the host's, which are installed nowhere."""

from __future__ import annotations

import fcntl
import subprocess
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.edgeops.registry.tests.support.real_registry import CACHE

_SOURCE = """\
Types: deb
URIs: http://deb.debian.org/debian
Suites: {suite}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def program(name: str, suite: str) -> Path:
    """A program that needs no libraries, out of the package of the same name.

    :param suite: Debian's release, such as `sid`.
    """
    return unpacked(suite, name) / "usr" / "bin" / name


def unpacked(suite: str, name: str, *libraries: str) -> Path:
    """A folder with a package and those that it needs: fetched once, checked by apt."""
    folder = CACHE / f"{name}-{suite}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            with tempfile.TemporaryDirectory(prefix="edgeops-apt-") as place:
                for package in _download(suite, (name, *libraries), Path(place)):
                    subprocess.run(["/usr/bin/dpkg", "-x", package, folder], check=True)
            (folder / "done").touch()
    return folder


def _download(suite: str, names: t.Sequence[str], place: Path) -> list[Path]:
    """Let apt get packages, with lists of packages and a cache that the host's own apt never sees."""
    for folder in ("sources", "lists/partial", "cache/archives/partial"):
        (place / folder).mkdir(parents=True)
    (place / "sources" / "debian.sources").write_text(_SOURCE.format(suite=suite))
    settings = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": place / "sources",
        "Dir::State::Lists": place / "lists",
        "Dir::Cache": place / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
    }
    options = [f"--option={key}={value}" for key, value in settings.items()]
    for command in (["update"], ["download", *names]):
        subprocess.run(["/usr/bin/apt-get", "--quiet", *options, *command], cwd=place, check=True)
    return list(place.glob("*.deb"))
