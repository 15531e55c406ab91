# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines of the benchmark: SSH hosts, one Docker engine and one registry, all of them containers."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

import bcrypt

HERE = Path(__file__).resolve().parent
IMAGE = "edgeops-test-fleet:bookworm"
PREFIX = f"edgeops-fleet-{os.getpid()}"
PORT = 5000
OURS, PEERS = "ours.registry.test", "peers.registry.test"
"""One registry under two names, so that neither side finds what the other has set up."""
USERNAME = "edge"
START_SECONDS = 60
ENGINE_RIGHTS = (
    *("--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN"),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
)


def run(*command: str | Path, text: str = "", check: bool = True) -> str:
    """Run a command with `text` as its input and return what it prints.

    Raises:
        subprocess.CalledProcessError: `check`, and it failed; its standard error has been shown.
    """
    return subprocess.run(command, check=check, input=text, stdout=subprocess.PIPE, text=True).stdout


def build_image() -> None:
    """Build the image of the containers; Docker's layer cache makes a second build take a second."""
    run(HERE.parent.parent / "tools" / "build_images", "client")
    run("docker", "build", "--quiet", "--tag", IMAGE, HERE / "image")


@contextlib.contextmanager
def fleet(size: int) -> t.Iterator[Path]:
    """Start `size` SSH hosts and their registry; gone again, whatever happens, when the context ends.

    Returns:
        A folder, private and gone at the end too, with `inventory.json` in it.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fleet-")))
        stack.callback(_remove)
        run("docker", "network", "create", PREFIX)
        hosts = [f"client{number:02}" for number in range(1, size + 1)]
        password = secrets.token_urlsafe(16)
        _start_registry(password)
        _start_engine()
        _start_hosts(hosts, folder / "key")
        stack.callback(_close_connections, folder)
        _seed(password)
        _write_inventory(folder, hosts, password)
        yield folder


def _remove() -> None:
    containers = run("docker", "ps", "--all", "--quiet", "--filter", f"name={PREFIX}-").split()
    if containers:
        run("docker", "rm", "--force", "--volumes", *containers)
    run("docker", "volume", "rm", "--force", PREFIX)
    run("docker", "network", "rm", PREFIX, check=False)


def _close_connections(folder: Path) -> None:
    """End the SSH connections that outlive a play."""
    for path in folder.glob("ansible/cp/*"):
        run("ssh", "-q", "-O", "exit", "-o", f"ControlPath={path}", "host", check=False)


def _start(name: str, *arguments: str) -> None:
    run("docker", "run", "--detach", "--name", f"{PREFIX}-{name}", "--hostname", name, "--network", PREFIX, *arguments)


def _addresses() -> dict[str, str]:
    """Every container's address by its name within the fleet."""
    containers = json.loads(run("docker", "network", "inspect", "--format", "{{json .Containers}}", PREFIX))
    return {
        container["Name"].removeprefix(f"{PREFIX}-"): container["IPv4Address"].split("/")[0]
        for container in containers.values()
    }


def _wait_for_port(address: str, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
            return
        time.sleep(0.1)
    message = f"nothing answers at {address}:{port} after {START_SECONDS} s"
    raise TimeoutError(message)


def _start_registry(password: str) -> None:
    entry = f"{USERNAME}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=5)).decode()}"
    _start("registry", "--env", f"HTPASSWD={entry}", IMAGE, "start-registry", OURS, PEERS)
    _wait_for_port(_addresses()["registry"], PORT)


def _start_engine() -> None:
    """One engine for all: it is what the peers' Docker modules talk to; it never runs a container."""
    names = ("--add-host", f"{PEERS}:{_addresses()['registry']}")
    volumes = ("--volume", f"{PREFIX}:/engine", "--volume", "/var/lib/docker")
    options = ("--host", "unix:///engine/docker.sock", "--bridge", "none", "--iptables=false")
    _start("engine", *names, *volumes, *ENGINE_RIGHTS, IMAGE, "dockerd", *options)


def _start_hosts(hosts: list[str], key: Path) -> None:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    public = key.with_suffix(".pub").read_text(encoding="ascii").strip()
    for host in hosts:
        _start(host, "--env", f"AUTHORIZED_KEY={public}", "--volume", f"{PREFIX}:/engine", IMAGE, "start-host")
    addresses = _addresses()
    for host in hosts:
        _wait_for_port(addresses[host], 22)


def _certificate_authority() -> str:
    return run("docker", "exec", f"{PREFIX}-registry", "cat", "/srv/ca.crt")


def _seed(password: str) -> None:
    """Push the image that the peers pull."""
    registry = f"{PEERS}:{PORT}"
    script = f"""
        set -eu
        export DOCKER_HOST=unix:///engine/docker.sock
        timeout {START_SECONDS} sh -c 'until docker version >/dev/null 2>&1; do sleep 0.1; done'
        mkdir -p /etc/docker/certs.d/{registry}
        printf '%s\\n' "$CA" > /etc/docker/certs.d/{registry}/ca.crt
        docker login --username {USERNAME} --password-stdin {registry}
        tar -C /usr/bin -c true | docker import - {registry}/proof:1
        docker push {registry}/proof:1
    """
    execute = ("docker", "exec", "--interactive", "--env", f"CA={_certificate_authority()}")
    run(*execute, f"{PREFIX}-engine", "sh", "-c", script, text=password)


def _write_inventory(folder: Path, hosts: list[str], password: str) -> None:
    addresses = _addresses()
    authority = _certificate_authority()
    variables = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(folder / "key"),
        "ansible_python_interpreter": "/usr/bin/python3",
        "edge_registry_records": [
            {
                "endpoint": f"{OURS}:{PORT}",
                "addresses": [addresses["registry"]],
                "ca_certificates": [authority],
                "username": USERNAME,
                "password": password,
            }
        ],
        "peers_endpoint": f"{PEERS}:{PORT}",
        "peers_address": addresses["registry"],
        "peers_ca": authority,
        "peers_username": USERNAME,
        "peers_password": password,
    }
    group = {"vars": variables, "hosts": {host: {"ansible_host": addresses[host]} for host in hosts}}
    (folder / "inventory.json").write_text(json.dumps({"edge_clients": group}), encoding="utf-8")
