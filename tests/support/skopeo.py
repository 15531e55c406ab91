# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another program makes of our images: skopeo, Debian's package."""

from __future__ import annotations

import subprocess
import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry


def skopeo(registry: RealRegistry, command: str, *arguments: str) -> str:
    """Run skopeo as the registry's user; `{}` in an argument becomes its host and port."""
    place = registry.record_dict_for("localhost")["endpoint"]
    (registry.directory / "skopeo").mkdir(exist_ok=True)
    (registry.directory / "skopeo" / "ca.crt").write_text(registry.ca_pem)
    login = f"{registry.username}:{registry.password}"
    sides = ("src-", "dest-") if command == "copy" else ("",)
    uses = [f"--{side}cert-dir={registry.directory}/skopeo" for side in sides]
    uses += [f"--{side}creds={login}" for side in sides]
    words = [argument.format(place) for argument in arguments]
    done = subprocess.run(
        ["skopeo", "--insecure-policy", command, *uses, *words], check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout
