# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real registry engine, Debian's package, on this machine."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import itertools
import json
import os
import re
import secrets
import socket
import ssl
import subprocess
import time
import typing as t
from pathlib import Path

import bcrypt
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.tests.support.authority import Authority

CACHE = Path.home() / ".cache" / "edgeops-registry-tests"
HOST = "registry.edge.test"
LOOPBACK = "127.0.0.1"
PATIENCE = 180.0  # seconds for what takes one where nothing else runs
_ENVIRONMENT = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}  # distribution 3 would look for a collector of traces
_LOG_LINE = re.compile(r'"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[0-9.]+" (?P<status>[0-9]{3}) ')


class Request(t.NamedTuple):
    """One line of the access log."""

    method: str
    path: str
    status: int


def engine() -> Path:
    """The engine's program, unpacked from Debian's package and installed nowhere."""
    program = CACHE / "docker-registry" / "usr" / "bin" / "docker-registry"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            if not list(CACHE.glob("docker-registry_*.deb")):
                subprocess.run(["/usr/bin/apt-get", "download", "docker-registry"], cwd=CACHE, check=True)
            package = next(iter(CACHE.glob("docker-registry_*.deb")))
            subprocess.run(["/usr/bin/dpkg", "-x", package, CACHE / "docker-registry"], check=True)
    return program


class RealRegistry:
    """A registry with TLS, a password and an access log.

    :param options: further sections of its configuration.
    :param program: another engine than Debian's.
    :param address: where it is for others than this machine, if for anybody.
    """

    def __init__(
        self,
        directory: Path,
        *,
        options: t.Mapping[str, t.Any] | None = None,
        program: Path | None = None,
        address: str = LOOPBACK,
        **identity: str,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.address = address
        self.port = free_port()
        self.username = identity.get("username", "edge")
        self.password = identity.get("password", secrets.token_urlsafe(16))
        self._options = dict(options or {})
        self.program = program or engine()
        self._adopt(Authority(directory / "pki"))
        self._process: subprocess.Popen[bytes] | None = None
        self._marks = itertools.count()
        self._write_password()

    @property
    def configuration(self) -> Path:
        return self.directory / "config.yml"

    @property
    def endpoint(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def record_dict(self) -> dict[str, t.Any]:
        return self.record_dict_for(HOST)

    @property
    def record(self) -> Record:
        return Record.parse(self.record_dict)

    def record_dict_for(self, host: str) -> dict[str, t.Any]:
        """The record with another of the names in its certificate: localhost or 127.0.0.1."""
        return {
            "endpoint": f"{host}:{self.port}",
            "addresses": [self.address] if host == HOST else [],
            "ca_certificates": [self.ca_pem],
            "username": self.username,
            "password": self.password,
        }

    def start(self) -> None:
        self.configuration.write_text(json.dumps({**self._configuration(), **self._options}))
        with (self.directory / "access.log").open("ab") as log, (self.directory / "error.log").open("ab") as errors:
            self._process = subprocess.Popen(
                [self.program, "serve", self.configuration], env=_ENVIRONMENT, stdout=log, stderr=errors
            )
        wait_until(self._answers, f"the registry does not start: {self.directory / 'error.log'}")

    def show_ca(self) -> None:
        """Serve the CA behind the certificate, from the next start on."""
        with self._leaf.certificate.open("a") as file:
            file.write(self.ca_pem)

    def collect_garbage(self) -> None:
        """Stop, remove the blobs that no manifest refers to, start again."""
        self.stop()
        command: list[str | Path] = [self.program, "garbage-collect", self.configuration]
        subprocess.run(command, env=_ENVIRONMENT, check=True, capture_output=True)
        self.start()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def change_authority(self, authority: Authority) -> None:
        """Stop, and start with a certificate of another CA, which is in `ca_pem` and in the records."""
        self.stop()
        self._adopt(authority)
        self.start()

    def change_password(self, password: str | None = None) -> str:
        """Give the user another password, without a restart; the new one is in `password` and in the records."""
        self.password = password or secrets.token_urlsafe(16)
        self._write_password()
        return self.password

    def access_log(self) -> list[Request]:
        """The requests so far, in order."""
        mark = f"/v2/?mark={next(self._marks)}"
        self._ask(mark)
        wait_until(lambda: mark in self._log(), "the access log does not get the mark")
        lines = (_LOG_LINE.search(line) for line in self._log().splitlines())
        found = [Request(line["method"], line["path"], int(line["status"])) for line in lines if line]
        return [request for request in found if not request.path.startswith("/v2/?mark=")]

    def clear_access_log(self) -> None:
        """Forget the requests so far."""
        self.access_log()
        (self.directory / "access.log").write_bytes(b"")

    def _configuration(self) -> dict[str, t.Any]:
        return {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": False}},
            "storage": {"filesystem": {"rootdirectory": str(self.directory / "data")}, "delete": {"enabled": True}},
            "http": {
                "addr": f"{LOOPBACK if self.address == LOOPBACK else ''}:{self.port}",
                "secret": "x" * 32,
                "tls": {"certificate": str(self._leaf.certificate), "key": str(self._leaf.key)},
            },
            "auth": {"htpasswd": {"realm": "test", "path": str(self.directory / "htpasswd")}},
        }

    def _adopt(self, authority: Authority) -> None:
        self.authority = authority
        self.ca_pem = authority.pem
        self._leaf = authority.issue(HOST, "localhost", *{LOOPBACK, self.address})

    def _write_password(self) -> None:
        digest = bcrypt.hashpw(self.password.encode(), bcrypt.gensalt(4)).decode()
        (self.directory / "htpasswd").write_text(f"{self.username}:{digest}\n")

    def _log(self) -> str:
        return (self.directory / "access.log").read_text()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            self._ask("/v2/?mark=start")
            return True
        return False

    def _ask(self, path: str) -> None:
        context = ssl.create_default_context(cadata=self.ca_pem)
        with contextlib.closing(
            http.client.HTTPSConnection(LOOPBACK, self.port, timeout=PATIENCE, context=context)
        ) as connection:
            connection.request("GET", path)
            connection.getresponse().read()


def free_port() -> int:
    """A port of 127.0.0.1 where nothing listens, and that the system, which hands out higher ones, gives to nobody else."""
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind((LOOPBACK, port))
            return port


def wait_until(condition: t.Callable[[], bool], complaint: str, seconds: float = PATIENCE) -> None:
    """Poll a condition until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.02)
