# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a newcomer does: `make provision`, again, and `make unprovision`, on a machine of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import typing as t
import uuid
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.tests.listing import listing
from ansible_collections.edgeops.registry.tests.support.registry_host import SYSTEMD

ROOT = Path(__file__).parents[2]
IMAGE = "edgeops-test-systemd:bookworm"
CHECKOUT = "/root/edgeops.registry"
WHEELS = "/srv/wheels"
PASSWORD = "/etc/edgeops-registry/password"
ALONE = ("--init",)

pytestmark = pytest.mark.minutes(4)


class Machine:
    """A Debian machine with the checkout on it, as `git clone` leaves it."""

    def __init__(self, options: t.Sequence[str], command: t.Sequence[str]) -> None:
        self.name = f"edgeops-provision-{uuid.uuid4().hex[:8]}"
        _run("docker", "run", "--detach", "--name", self.name, "--hostname", "Edge-1", *options, IMAGE, *command)

    def run(self, command: str, stdin: bytes | None = None) -> str:
        """Run a shell command as root and return what it prints; it must succeed."""
        return _run("docker", "exec", "--interactive", self.name, "sh", "-c", command, stdin=stdin)

    def receive(self, folder: str, archive: bytes) -> None:
        self.run(f"mkdir -p {folder} && tar -C {folder} --no-same-owner -x", archive)

    def receive_checkout(self) -> None:
        names = _run("git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z")
        present = "\0".join(name for name in names.split("\0") if name and (ROOT / name).exists())
        self.receive(CHECKOUT, _tar(ROOT, present))

    def receive_wheels(self, folder: Path) -> None:
        """What PyPI has for `make provision`: the machine need not reach it, nor trust a proxy on the way."""
        requirements = ("--requirement", str(ROOT / "requirements.txt"))
        _run(sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder), *requirements)
        self.receive(WHEELS, _tar(folder, "."))

    def make(self, target: str) -> str:
        environment = f"PIP_NO_INDEX=1 PIP_FIND_LINKS={WHEELS}"
        output = self.run(f"{environment} make --no-print-directory -C {CHECKOUT} {target} 2>&1")
        print(output)  # shown where the test fails
        return output

    def remove(self) -> None:
        _run("docker", "rm", "--force", "--volumes", self.name)


@pytest.fixture(params=["systemd", "alone"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> t.Iterator[Machine]:
    started = Machine(SYSTEMD, ()) if request.param == "systemd" else Machine(ALONE, ("sleep", "infinity"))
    try:
        if request.param == "systemd":
            started.run("until systemctl is-system-running --wait; do :; done")
        started.run("apt-get -qq update && apt-get -qq --yes --no-install-recommends install make >/dev/null 2>&1")
        started.receive_checkout()
        started.receive_wheels(tmp_path / "wheels")
        yield started
    finally:
        started.remove()


def test_a_fresh_machine_there_and_back(machine: Machine, tmp_path: Path) -> None:
    listing.take(tmp_path / "before", [machine.name])

    first = machine.make("provision")
    assert _changed(first) > 0
    assert "edge-1.edge.internal:5000" in first
    assert re.search(r"hello:\S+ is served as sha256:", first)
    password = machine.run(f"cat {PASSWORD}")
    assert password not in first

    # A consumer that was told nothing but the name: the hosts file and the system's trust have to do the rest
    user = f"user = edge:{password}".encode()
    catalogue = machine.run("curl --silent --fail --config - https://edge-1.edge.internal:5000/v2/_catalog", user)
    assert catalogue.strip() == '{"repositories":["hello"]}'

    assert _changed(machine.make("provision")) == 0

    machine.run("pkill -KILL -x docker-registry")
    assert _changed(machine.make("provision")) <= 1
    assert machine.run(f"cat {PASSWORD}") == password

    machine.make("unprovision")
    listing.take(tmp_path / "after", [machine.name])
    assert listing.compare(listing.CHECKS["nothing_left"], tmp_path / "before", tmp_path / "after") == []


def _changed(output: str) -> int:
    (recap,) = re.findall(r"^localhost +: .*\bchanged=(\d+) .*\bfailed=0 ", output, re.MULTILINE)
    return int(recap)


def _tar(folder: Path, names: str) -> bytes:
    """An archive of some paths below a folder, which are separated by NUL."""
    command = ["tar", "-C", folder, "--null", "--files-from", "-", "-c"]
    return subprocess.run(command, input=names.encode(), capture_output=True, check=True).stdout


def _run(*command: str, stdin: bytes | None = None) -> str:
    result = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    output = result.stdout.decode()
    assert result.returncode == 0, f"{' '.join(command[:6])}: {result.returncode}\n{output}"
    return output
