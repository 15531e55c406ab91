# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose /etc and trust anchors are its own as well, for modules that write there."""

from __future__ import annotations

import base64
import shutil
import typing as t
from pathlib import Path

from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.host import Host

CONFIG = "root/.docker/config.json"
OTHER = {"auth": base64.b64encode(b"other:0ther").decode()}
SECRET = "t0p-s3cret-value"
SHARE = Path("/usr/local/share")
BUNDLE = "ssl/certs/ca-certificates.crt"
FILES = {
    "ca-certificates.conf": "",
    "group": "root:x:0:\n",
    "host.conf": "multi on\n",  # Debian's: all lines of a name count, not only the first one
    "nsswitch.conf": "hosts: files\n",
}


def auth(record: t.Mapping[str, t.Any]) -> str:
    """A record's login as clients keep it."""
    return base64.b64encode(f"{record['username']}:{record['password']}".encode()).decode()


class ClientHost(Host):
    """Like `Host`, with all that module `client` may write; the program that refreshes the trust store is the real one.

    The hosts file is a regular one, and the only source of names. One foreign CA is trusted.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.etc = directory / "etc"
        self.anchors = directory / "share" / "ca-certificates"
        self.anchors.mkdir(parents=True)
        self.more_mounts: list[tuple[Path, Path]] = []
        (self.etc / "ssl" / "certs").mkdir(parents=True)
        shutil.copytree("/etc/alternatives", self.etc / "alternatives", symlinks=True)
        for name, text in FILES.items():
            (self.etc / name).write_text(text)
        self.hosts_file = self.hosts_file.rename(self.etc / "hosts")
        self.passwd = self.passwd.rename(self.etc / "passwd")
        self.bundle = self.etc / BUNDLE
        self.put(
            "share/ca-certificates/site.crt",
            Authority(directory.parent / "site", name="Site CA").path.read_bytes(),
            0o644,
        )
        self.run(["/usr/sbin/update-ca-certificates"])

    @property
    def mounts(self) -> list[tuple[Path, Path]]:
        """The directory comes last, so that what it holds stays below the others' mounts."""
        own = [(self.etc, Path("/etc")), (self.anchors.parent, SHARE)]
        return [*own, *self.more_mounts, *super().mounts[-1:]]

    def put(self, path: str, content: bytes, mode: int = 0o600) -> Path:
        """Make a file, and what is above it.

        :param path: relative to the directory, such as `root/.docker/config.json`.
        """
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(mode)
        return file

    def listing(self) -> dict[str, tuple[t.Any, ...]]:
        """All but the links to alternatives, which nobody writes."""
        return {path: state for path, state in super().listing().items() if "/alternatives" not in path}


__all__ = ("CONFIG", "OTHER", "SECRET", "ClientHost", "auth")
