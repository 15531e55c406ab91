# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker engine, too, refuses what a registry's CA has no power over."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._authority import Authority, pem
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._names import Names
from ansible_collections.edgeops.registry.tests.support.rogue import rogue_leaf

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
CERTS_D = Path("/etc/docker/certs.d")
HERE = "the bridge's address"


class NoImage(BaseHTTPRequestHandler):
    """A registry without images."""

    def do_GET(self):
        self.answer()

    def do_HEAD(self):
        self.answer()

    def answer(self):
        body = b"{}" if self.path == "/v2/" else b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such image"}]}'
        self.send_response(200 if self.path == "/v2/" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture(scope="module")
def bridge():
    """An address of this machine that the engine does not take for its own, which it would trust blindly."""
    network = f"edgeops-constraints-{os.getpid()}"
    subprocess.run(["docker", "network", "create", network], check=True, capture_output=True)
    text = subprocess.run(["docker", "network", "inspect", network], check=True, capture_output=True, text=True).stdout
    [config] = json.loads(text)[0]["IPAM"]["Config"]
    yield config.get("Gateway") or str(ipaddress.ip_network(config["Subnet"])[1])
    subprocess.run(["docker", "network", "rm", network], check=True, capture_output=True)


@pytest.fixture
def pull(bridge, tmp_path):
    """What the engine says of a server with a certificate of a CA that it trusts for it."""
    servers, folders = [], []

    def run(authority, *alternatives):
        leaf = rogue_leaf(tmp_path, authority, *alternatives)
        server = ThreadingHTTPServer((bridge, 0), NoImage)
        servers.append(server)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.certificate, leaf.key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"{bridge}:{server.server_port}"
        folders.append(CERTS_D / endpoint)
        folders[-1].mkdir(parents=True)
        (folders[-1] / "ca.crt").write_bytes(pem(authority.certificate))
        done = subprocess.run(["docker", "pull", f"{endpoint}/some/image"], check=False, capture_output=True, text=True)
        return done.stderr

    existed = CERTS_D.exists()
    yield run
    for server in servers:
        server.shutdown()
        server.server_close()
    for folder in folders:
        shutil.rmtree(folder)
    if not existed:
        CERTS_D.rmdir()


@pytest.mark.parametrize(
    ("names", "alternatives"),
    [
        (["192.0.2.10"], [HERE]),
        (["registry.test"], [HERE]),
        (["registry.test"], [HERE, "registry.test"]),
        ([HERE], [HERE, "other.test"]),
        ([HERE], [HERE, "192.0.2.10"]),
        ([HERE], [HERE, "2001:db8::10"]),
        ([HERE], [HERE, "email:root@other.test"]),
        ([HERE], [HERE, "uri:https://other.test/"]),
        ([HERE, "registry.test"], [HERE, "other.test"]),
    ],
)
def test_docker_refuses_other_names(bridge, pull, names, alternatives):
    def here(items):
        return [bridge if item == HERE else item for item in items]

    authority = Authority.create(Names.parse(here(names)), 30, NOW)
    complaint = pull(authority, *here(alternatives))
    assert "x509" in complaint
    assert "constraint" in complaint


@pytest.mark.parametrize("more", [[], ["registry.test"], ["below.registry.test"]])
def test_docker_accepts_own_names(bridge, pull, more):
    authority = Authority.create(Names.parse([bridge, "registry.test"]), 30, NOW)
    complaint = pull(authority, bridge, *more)
    assert "x509" not in complaint
    assert "no such image" in complaint or "not found" in complaint
