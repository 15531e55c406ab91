# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated device, started and told what to be like."""

from __future__ import annotations

import contextlib
import http.client
import json
import secrets
import subprocess
import sys
import typing as t

from ansible_collections.edgeops.registry.tests.support.authority import Leaf

if t.TYPE_CHECKING:
    from pathlib import Path

EMULATOR = "ansible_collections.edgeops.registry.tests.emulator"
USER = "EdgeUser"


class EdgeDevice:
    """A device of its own, over HTTPS where it has a certificate, else over HTTP.

    :param port: of WSMan; 0: any.
    :param user_password: of EdgeUser; empty: any.
    :param kubeconfig: of the administrator of a cluster that is to be the device's own.
    :param knobs: as `tests.emulator.knobs.Knobs` has them.
    """

    def __init__(
        self,
        leaf: Leaf | None = None,
        *,
        port: int = 0,
        user_password: str = "",
        kubeconfig: Path | None = None,
        **knobs: t.Any,
    ) -> None:
        self.password = user_password or secrets.token_urlsafe(16)
        certificate = ["--certificate", leaf.certificate, "--key", leaf.key] if leaf else []
        cluster = ["--kubeconfig", kubeconfig] if kubeconfig else []
        self._process = subprocess.Popen(
            [sys.executable, "-m", EMULATOR, "--port", str(port), "--knobs", json.dumps(knobs), *certificate, *cluster],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._stdin.write(f"{self.password}\n".encode())
        self._stdin.flush()
        ports = json.loads(self._stdout.readline())
        self.port: int = ports["port"]
        self.kubernetes_port: int = ports["kubernetes"]
        self._control_port: int = ports["control"]

    @property
    def _stdin(self) -> t.IO[bytes]:
        return t.cast("t.IO[bytes]", self._process.stdin)

    @property
    def _stdout(self) -> t.IO[bytes]:
        return t.cast("t.IO[bytes]", self._process.stdout)

    @property
    def report(self) -> dict[str, t.Any]:
        """What happened so far."""
        return t.cast("dict[str, t.Any]", json.loads(self._ask("GET")))

    @property
    def cmdlets(self) -> list[str]:
        """The cmdlets that were run so far."""
        return t.cast("list[str]", self.report["cmdlets"])

    def turn(self, **knobs: t.Any) -> None:
        """Set knobs."""
        self._ask("POST", json.dumps(knobs).encode())

    def forget(self) -> None:
        """Be as at the start: knobs, state and counts."""
        self._ask("DELETE")

    def stop(self) -> None:
        """End the process."""
        self._process.communicate()

    def _ask(self, method: str, content: bytes | None = None) -> bytes:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._control_port, timeout=60)) as connection:
            connection.request(method, "/", content)
            return connection.getresponse().read()
