# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container of the test images as a host for modules."""

from __future__ import annotations

import json
import subprocess
import sysconfig
import typing as t
from pathlib import Path

from ansible_collections.edgeops.registry.tests.support.host import COLLECTION, Result

CHECKOUT = Path(__file__).resolve().parents[2]
SITE = sysconfig.get_paths()["purelib"]
OPTIONS = (
    "--network=host",
    "--cap-add=SYS_ADMIN",
    "--cap-add=NET_ADMIN",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--cgroupns=private",
    "--tmpfs=/run",
    "--volume=/var/lib/docker",
    "--volume=/var/lib/containers",
)


def build_images(*targets: str) -> None:
    """Build images of test hosts, such as `kubernetes`; quick where nothing has changed."""
    done = subprocess.run([CHECKOUT / "tools" / "build_images", *targets], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)


class Container:
    """A host that is made for one test. Its hosts file is a mount point, its Python Debian's.

    By default it has no init system and is on the network of the machine that runs the tests.

    :param options: of `docker run`.
    :param command: instead of the image's own, if there is one.
    """

    def __init__(
        self, image: str, *, options: t.Sequence[str] = OPTIONS, command: t.Sequence[str] = ("sleep", "infinity")
    ) -> None:
        mounts = [f"--volume={path}:{path}:ro" for path in (SITE, CHECKOUT)]
        start = ["docker", "run", "--detach", "--rm", *options, *mounts, image, *command]
        self._name = subprocess.run(start, check=True, capture_output=True, text=True).stdout.strip()

    def remove(self) -> None:
        subprocess.run(["docker", "rm", "--force", "--volumes", self._name], check=True, capture_output=True)

    def run(self, *argv: str, stdin: str = "", detach: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command there, as root."""
        options = ["--detach"] if detach else ["--interactive"]
        command = ["docker", "exec", *options, "--env", f"PYTHONPATH={SITE}", self._name, *argv]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)

    def module(self, name: str, *, check: bool = False, diff: bool = False, **options: t.Any) -> Result:
        """Run a module of this collection, as Ansible does."""
        arguments = {"ANSIBLE_MODULE_ARGS": {**options, "_ansible_check_mode": check, "_ansible_diff": diff}}
        module = f"{COLLECTION}.plugins.modules.{name}"
        done = self.run("python3", "-B", "-m", module, stdin=json.dumps(arguments))
        return Result(done.returncode, json.loads(done.stdout.splitlines()[-1]))

    def listing(self) -> list[str]:
        """Kind, mode, owner and content of everything that a client module may touch."""
        find = (
            r"find /etc /root /usr/local /home -xdev ! -path '/etc/ld.so.cache'"
            r" \( -type f -printf '%p %m %u ' -exec md5sum {} \; -o -printf '%p %m %u %l\n' \) | sort; md5sum /etc/hosts"
        )
        return self.run("sh", "-c", find).stdout.splitlines()
