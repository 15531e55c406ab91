# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The peers' programs, installed nowhere: Debian's, those of its development release, and others built with Go."""

from __future__ import annotations

import platform
import subprocess
import typing as t

from ansible_collections.edgeops.registry.tests.support.debian_package import program, unpacked
from ansible_collections.edgeops.registry.tests.support.go_programs import install

GO_PROGRAMS = {
    "crane": ("github.com/google/go-containerregistry/cmd/crane", "v0.22.1"),
    "regctl": ("github.com/regclient/regclient/cmd/regctl", "v0.11.7"),
    "regsync": ("github.com/regclient/regclient/cmd/regsync", "v0.11.7"),
}
SKOPEO_LIBRARIES = ("libc6", "libgpgme45", "libgpg-error0", "libassuan9", "libsqlite3-0")


def go_program(name: str) -> str:
    """One of `GO_PROGRAMS`, built once, which takes a minute."""
    return str(install(*GO_PROGRAMS[name]))


def new_skopeo() -> list[str]:
    """Skopeo of Debian's development release, with the libraries of that release."""
    folder = unpacked("sid", "skopeo", *SKOPEO_LIBRARIES)
    libraries = folder / "usr" / "lib" / f"{platform.machine()}-linux-gnu"
    loader = next(libraries.glob("ld-linux-*"))
    return [str(loader), "--library-path", str(libraries), str(folder / "usr" / "bin" / "skopeo")]


def oras() -> str:
    """Oras of Debian's development release."""
    return str(program("oras", "sid"))


def version(command: t.Sequence[str]) -> str:
    """What a program says of its version: the first word of its output that looks like one."""
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return next(word.lstrip("v") for word in output.split() if word.lstrip("v")[:1].isdigit())
