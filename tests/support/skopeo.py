# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another program makes of our images: skopeo, Debian's package."""

from __future__ import annotations

import json
import subprocess
import typing as t

if t.TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry


def skopeo(registry: RealRegistry, command: str, *arguments: str) -> str:
    """Run skopeo as the registry's user; `{}` in an argument becomes its host and port."""
    return skopeo_of(registry.record_dict_for("localhost"), registry.directory, command, *arguments)


def skopeo_of(record: t.Mapping[str, t.Any], folder: Path, command: str, *arguments: str) -> str:
    """Run skopeo by what a record says."""
    (folder / "skopeo").mkdir(exist_ok=True)
    (folder / "skopeo" / "ca.crt").write_text("".join(record["ca_certificates"]))
    options = [f"cert-dir={folder}/skopeo", f"tls-verify={json.dumps(record.get('scheme') != 'http')}"]
    if record["username"]:
        options.append(f"creds={record['username']}:{record['password']}")
    sides = ("src-", "dest-") if command == "copy" else ("",)
    uses = [f"--{side}{option}" for side in sides for option in options]
    words = [argument.format(record["endpoint"]) for argument in arguments]
    done = subprocess.run(
        ["skopeo", "--insecure-policy", command, *uses, *words], check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout
