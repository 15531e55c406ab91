# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry engine of project zot."""

from __future__ import annotations

import typing as t

from ansible_collections.edgeops.registry.tests.support.go_programs import install_as
from ansible_collections.edgeops.registry.tests.support.real_registry import LOOPBACK, RealRegistry

if t.TYPE_CHECKING:
    from pathlib import Path


def program() -> Path:
    """Version 1.4, built from source once. Later ones are modules of a host that not every proxy asks."""
    return install_as("github.com/project-zot/zot", "v1.4.3", "./cmd/zot", tags="containers_image_openpgp")


class Zot(RealRegistry):
    """A zot of version 1, by default, or 2. It has no access log.

    :param compat: other kinds of manifests that version 2.1 takes, such as `docker2s2`.
    """

    def __init__(self, directory: Path, *, program: Path, compat: t.Sequence[str] = ()) -> None:
        super().__init__(directory, program=program)
        self._compat = {"compat": list(compat)} if compat else {}

    def _configuration(self) -> dict[str, t.Any]:
        return {
            # Version 1 collects garbage at each push, and fails where a referrer came before its subject
            "storage": {"rootDirectory": str(self.directory / "data"), "gc": False},
            "http": {
                "address": LOOPBACK,
                "port": str(self.port),
                "tls": {"cert": str(self._leaf.certificate), "key": str(self._leaf.key)},
                "auth": {"htpasswd": {"path": str(self.directory / "htpasswd")}},
                **self._compat,
            },
            "log": {"level": "warn"},
        }
