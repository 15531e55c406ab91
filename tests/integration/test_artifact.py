# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as users get it: built, installed from its archive, with nothing else of the checkout in reach."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = {"meta", "playbooks", "plugins", "roles"}
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())


class Installed(t.NamedTuple):
    """The collection in an environment that has never seen the checkout."""

    collection: Path
    bin: Path
    environment: dict[str, str]

    def run(self, program: str, *arguments: str) -> str:
        result = subprocess.run(
            [self.bin / program, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("artifact")
    venv, collections = folder / "venv", folder / "collections"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin" / "pip", "install", "--quiet", "--requirement", ROOT / "requirements.txt"], check=True)
    settings = {"ANSIBLE_HOME": str(folder / "home"), "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    place = Installed(
        collections / "ansible_collections" / "edgeops" / "registry",
        venv / "bin",
        {**{key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}, **settings},
    )
    place.run("ansible-galaxy", "collection", "build", "--output-path", str(folder), str(ROOT))
    (archive,) = folder.glob("*.tar.gz")
    place.run(
        "ansible-galaxy", "collection", "install", "--offline", "--collections-path", str(collections), str(archive)
    )
    for path in place.collection.iterdir():
        if path.name not in NEEDED:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return place


@pytest.mark.parametrize(("kind", "folder"), [("module", "modules"), ("filter", "filter")])
def test_every_plugin_is_documented(installed: Installed, kind: str, folder: str) -> None:
    documented = json.loads(installed.run("ansible-doc", "--json", "--list", "--type", kind, "edgeops.registry"))
    shipped = {
        f"edgeops.registry.{path.stem}"
        for path in (ROOT / "plugins" / folder).iterdir()
        if path.suffix in {".py", ".yml"}
    }
    assert shipped <= documented.keys()
    installed.run("ansible-doc", "--type", kind, *sorted(documented))


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_documented(installed: Installed, role: str) -> None:
    assert "main" in installed.run("ansible-doc", "--type", "role", f"edgeops.registry.{role}")


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_playbook_is_found_by_name(installed: Installed, playbook: str) -> None:
    installed.run("ansible-playbook", "--syntax-check", "--inventory", "localhost,", f"edgeops.registry.{playbook}")
