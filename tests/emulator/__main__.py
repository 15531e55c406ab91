# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulator of the PowerShell interface of Azure Stack Edge (Minishell), a process of its own.

python -m ansible_collections.edgeops.registry.tests.emulator [--certificate PEM --key PEM] [--knobs JSON] [--kubeconfig FILE]

It speaks the real protocols: WSMan over HTTP with message encryption, or over HTTPS where a certificate is given,
NTLM, and PSRP. It is built from public documentation and has never been compared with a physical device. The wordings
and ids of the device's own errors are not public: the emulator's are invented.

The first line of its input is the password of EdgeUser, and it serves until the input ends; or, where --password-file
names a file that holds the password, until it is terminated. The first line of its output is
JSON with the ports: `port` of WSMan, `control` of the control channel, `kubernetes` of the Kubernetes API. The control
channel is HTTP on the loopback interface: GET / tells what happened so far, POST / with a JSON mapping sets knobs (see
`knobs.Knobs`), DELETE / makes it as it was at the start.

With an administrator's kubeconfig, its Kubernetes is that cluster: its cmdlets make namespaces and users there.
"""

from __future__ import annotations

import argparse
import dataclasses
import http.server
import json
import os
import pathlib
import signal
import sys
import tempfile
import threading
import typing as t

from ansible_collections.edgeops.registry.tests.emulator.cluster import RealKubernetes
from ansible_collections.edgeops.registry.tests.emulator.device import Device
from ansible_collections.edgeops.registry.tests.emulator.knobs import Knobs
from ansible_collections.edgeops.registry.tests.emulator.kubernetes import Kubernetes
from ansible_collections.edgeops.registry.tests.emulator.server import Server

USER = "EdgeUser"


class Control(http.server.ThreadingHTTPServer):
    """The control channel."""

    daemon_threads = True

    def __init__(self, server: Server) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._server = server
        self._device = server.device

    def report(self) -> dict[str, t.Any]:
        return {
            "shells_opened": self._server.opened,
            "shells_closed": self._server.closed,
            "logins": self._server.logins,
            "cmdlets": self._device.cmdlets_run,
            "namespaces": sorted(self._device.kubernetes.namespaces),
            "users": sorted(self._device.kubernetes.users),
            "grants": sorted(self._device.kubernetes.grants),
            "pods": list(self._device.kubernetes.pods),
            "pods_made": self._device.kubernetes.pods_made,
            "knobs": dataclasses.asdict(self._device.knobs),
        }

    def turn(self, values: dict[str, t.Any]) -> None:
        for name, value in values.items():
            getattr(self._device.knobs, name)
            setattr(self._device.knobs, name, value)

    def forget(self) -> None:
        self._server.opened = self._server.closed = self._server.logins = 0
        for shell in self._server.shells.values():
            shell.close()
        self._server.shells.clear()
        self._device.forget()


class _Handler(http.server.BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    server: Control

    def do_GET(self) -> None:
        self._reply(self.server.report())

    def do_POST(self) -> None:
        self.server.turn(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._reply({})

    def do_DELETE(self) -> None:
        self.server.forget()
        self._reply({})

    def _reply(self, content: dict[str, t.Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


def main() -> None:
    """Serve as the documentation says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--password-file", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--kubeconfig", type=pathlib.Path)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--knobs", type=json.loads, default={})
    options = parser.parse_args()
    password = (options.password_file.read_text() if options.password_file else sys.stdin.readline()).strip()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
    with tempfile.TemporaryDirectory(prefix="edgeops-emulator-") as folder:
        accounts = pathlib.Path(folder, "accounts")
        # pyspnego compares the domain as the client spelt it
        accounts.touch(mode=0o600)
        accounts.write_text("".join(f"{domain}:{USER}:{password}\n" for domain in ("", "~", ".")))
        os.environ["NTLM_USER_FILE"] = str(accounts)
        place = pathlib.Path(folder)
        kubernetes = RealKubernetes(place, options.kubeconfig) if options.kubeconfig else Kubernetes(place)
        device = Device(Knobs(**options.knobs), kubernetes)
        server = Server(device, options.port, (options.certificate, options.key) if options.certificate else None)
        control = Control(server)
        for listener in (server, control):
            threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        ports = {
            "port": server.server_address[1],
            "control": control.server_address[1],
            "kubernetes": device.kubernetes.port,
        }
        print(json.dumps(ports), flush=True)
        if options.password_file:
            signal.pause()
        sys.stdin.read()


if __name__ == "__main__":
    main()
