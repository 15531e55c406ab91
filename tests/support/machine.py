# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory that stands for the root of a machine."""

from __future__ import annotations

import hashlib
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.edgeops.registry.plugins.module_utils._trust.store import SystemStore, find_store
from ansible_collections.edgeops.registry.tests.support.authority import Authority

REFRESH = "/usr/sbin/update-ca-certificates"


class Machine:
    """What container engines and Debian's trust store of a machine look like to the code, below a directory.

    The program that refreshes the store is the real one, told to work there.
    """

    def __init__(self, directory: Path, *, store: bool = True) -> None:
        self.root = str(directory)
        self.path = directory
        self.put("etc/hosts", "127.0.0.1\tlocalhost\n")
        self.refreshes = directory / "var" / "log" / "refreshes"
        self.put("var/log/refreshes", "")
        if store:
            self._make_store()

    @property
    def store(self) -> SystemStore:
        return find_store(self.root)

    @property
    def anchors(self) -> Path:
        return self.path / "usr/local/share/ca-certificates"

    @property
    def bundle(self) -> Path:
        return self.path / "etc/ssl/certs/ca-certificates.crt"

    def put(self, path: str, text: str = "", mode: int = 0o644) -> Path:
        """Make a file, and what is above it."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def install(self, *programs: str) -> None:
        """Have these programs in /usr/bin."""
        for program in programs:
            self.put(f"usr/bin/{program}", mode=0o755)

    def refreshed(self) -> int:
        """How often the store was refreshed."""
        return len(self.refreshes.read_text().splitlines())

    def listing(self) -> dict[str, tuple[t.Any, ...]]:
        """Kind, mode and content of everything, but for the log of the refreshes."""
        found = {}
        for path in sorted(self.path.rglob("*")):
            if path != self.refreshes:
                content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
                found[str(path)] = (oct(path.lstat().st_mode), content)
        return found

    def _make_store(self) -> None:
        self.anchors.mkdir(parents=True)
        self.bundle.parent.mkdir(parents=True)
        self.put("etc/ca-certificates.conf", "public.crt\n")
        self.put("usr/share/ca-certificates/public.crt", Authority(self.path / "public", name="Public CA").pem)
        options = {
            "certsconf": "etc/ca-certificates.conf",
            "certsdir": "usr/share/ca-certificates",
            "localcertsdir": "usr/local/share/ca-certificates",
            "etccertsdir": "etc/ssl/certs",
            "hooksdir": "nowhere",
        }
        arguments = " ".join(f"--{name} '{self.path / value}'" for name, value in options.items())
        script = f'#!/bin/sh\nset -eu\necho "$*" >>\'{self.refreshes}\'\nexec {REFRESH} {arguments} "$@"\n'
        program = self.put("usr/sbin/update-ca-certificates", script, 0o755)
        subprocess.run([program], check=True, capture_output=True)
        self.refreshes.write_text("")
