# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real cosign, with keys of its own and no network but the loopback interface."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import typing as t

from ansible_collections.edgeops.registry.tests.support.debian_package import program

if t.TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry

_NOWHERE = "http://127.0.0.1:9"
_OFFLINE = ("--tlog-upload=false", "--use-signing-config=false", "--yes")


class Cosign:
    """Signs and verifies images of some registries, which it reaches by the name localhost."""

    def __init__(self, folder: Path, *registries: RealRegistry) -> None:
        self._folder = folder
        folder.mkdir()
        logins = {
            f"localhost:{registry.port}": {
                "auth": base64.b64encode(f"{registry.username}:{registry.password}".encode()).decode()
            }
            for registry in registries
        }
        (folder / "config.json").write_text(json.dumps({"auths": logins}))
        (folder / "ca.pem").write_text("".join(registry.ca_pem for registry in registries))
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DOCKER_CONFIG": str(folder),
            "SSL_CERT_FILE": str(folder / "ca.pem"),
            "COSIGN_PASSWORD": "test",
            "https_proxy": _NOWHERE,
            "no_proxy": "localhost",
        }

    def make_key(self, name: str) -> str:
        """Make a key pair; the public key comes out in PEM."""
        self._run("generate-key-pair", f"--output-key-prefix={name}")
        return (self._folder / f"{name}.pub").read_text()

    def import_key(self, name: str, private_pem: str) -> None:
        """Take over a private key."""
        (self._folder / f"{name}.pem").write_text(private_pem)
        self._run("import-key-pair", f"--key={name}.pem", f"--output-key-prefix={name}")

    def sign(self, *images: str, key: str, bundle: bool) -> None:
        """Sign images.

        :param images: each as registry, repository and digest.
        :param key: its name.
        :param bundle: a Sigstore bundle instead of the tag of older versions.
        """
        self._run("sign", f"--key={key}.key", f"--new-bundle-format={str(bundle).lower()}", *_OFFLINE, *images)

    def attest(self, image: str, *, key: str) -> None:
        """Sign a statement about an image, which is no signature of the image."""
        (self._folder / "predicate.json").write_text("{}")
        self._run("attest", f"--key={key}.key", "--predicate=predicate.json", *_OFFLINE, image)

    def accepts(self, image: str, key: str) -> bool:
        """Whether cosign finds a signature by a key."""
        return not self._start("verify", f"--key={key}.pub", "--insecure-ignore-tlog", image).returncode

    def _run(self, *arguments: str) -> None:
        done = self._start(*arguments)
        assert not done.returncode, done.stderr

    def _start(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [program("cosign", "sid"), *arguments]
        return subprocess.run(
            command, cwd=self._folder, env=self._environment, capture_output=True, text=True, check=False
        )
