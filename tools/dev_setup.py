# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a virtual environment in which this checkout is an installed collection.

dev_setup.py test|newest|runtime

Quick when nothing has changed: a stamp in the environment holds the hash of all that went into it.
Exit status 3 means that no interpreter of the wanted version is on this machine.
"""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
STAMP = "edgeops.stamp"
NO_INTERPRETER = 3


@dataclasses.dataclass(frozen=True)
class Environment:
    """One virtual environment: its folder, the interpreters that will do, best first, and what it holds."""

    folder: str
    pythons: tuple[str, ...]
    requirements: tuple[str, ...]
    collections: tuple[str, ...] = ()


ENVIRONMENTS = {
    "runtime": Environment(".provision/venv", ("3.11", "3.12", "3.13"), ("requirements.txt",)),
    "newest": Environment(".venv-newest", ("3.13",), ("requirements-newest.txt",)),
    "test": Environment(
        ".venv",
        ("3.11",),
        ("requirements-test.txt", "requirements.txt", "requirements-collections.txt"),
        (
            "ansible.posix",
            "ansible.windows",
            "community.crypto",
            "community.docker",
            "community.general",
            "community.library_inventory_filtering_v1",
            "kubernetes.core",
        ),
    ),
}


def run(*command: str | pathlib.Path) -> None:
    """Run a command, shown first.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    print("+", *command, flush=True)
    subprocess.run(command, check=True)


def interpreter(versions: tuple[str, ...]) -> str | None:
    """Return the path of the first interpreter of one of `versions` that can make virtual environments.

    The system's comes first: Debian optimizes it as pyenv does not, which saves a third of all tests' computing time.
    A name in PATH may be a shim of pyenv that fails, so each candidate is asked.
    """
    for version in versions:
        installed = pathlib.Path.home().glob(f".pyenv/versions/{version}.*/bin/python3")
        for candidate in (f"/usr/bin/python{version}", shutil.which(f"python{version}"), *map(str, sorted(installed))):
            if candidate and _succeeds(candidate, "-c", "import ensurepip, venv"):
                return candidate
    return None


def _succeeds(program: str, *arguments: str) -> bool:
    return (
        pathlib.Path(program).exists()
        and subprocess.run((program, *arguments), check=False, capture_output=True).returncode == 0
    )


def unpack_collections(python: pathlib.Path, site: pathlib.Path, names: tuple[str, ...]) -> None:
    """Unpack released collections out of the `ansible` wheel: pinned, and reachable where no Galaxy server is."""
    prefixes = tuple(f"ansible_collections/{name.replace('.', '/')}/" for name in names)
    with tempfile.TemporaryDirectory() as folder:
        requirements = ROOT / "requirements-collections.txt"
        run(python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "--requirement", requirements)
        with zipfile.ZipFile(next(pathlib.Path(folder).glob("*.whl"))) as wheel:
            wheel.extractall(site, [name for name in wheel.namelist() if name.startswith(prefixes)])


def link_checkout(folder: pathlib.Path) -> None:
    """Make the checkout the collection edgeops.registry of a Python path."""
    link = folder / "ansible_collections" / "edgeops" / "registry"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(ROOT)


def fingerprint(environment: Environment) -> str:
    """Return the hash of all that decides what the environment holds."""
    files = (*(ROOT / name for name in environment.requirements), pathlib.Path(__file__))
    return hashlib.sha256(b"\0".join([str(ROOT).encode(), *(file.read_bytes() for file in files)])).hexdigest()


def build(environment: Environment, base: str) -> None:
    """Make or update the environment with the interpreter `base`.

    Raises:
        subprocess.CalledProcessError: the interpreter or pip failed, and said why.
    """
    folder = ROOT / environment.folder
    python = folder / "bin" / "python"
    if not python.exists():
        run(base, "-m", "venv", folder)
    run(python, "-m", "pip", "install", "--quiet", "--requirement", ROOT / environment.requirements[0])
    site = next(folder.glob("lib/python3.*/site-packages"))
    if environment.collections:
        unpack_collections(python, site, environment.collections)
    link_checkout(site)
    link_checkout(folder / "typing")  # mypy checks nothing that is in site-packages


def main() -> int:
    """Entry point; return the exit status."""
    environment = ENVIRONMENTS[sys.argv[1]]
    stamp = ROOT / environment.folder / STAMP
    wanted = fingerprint(environment)
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return 0
    base = interpreter(environment.pythons)
    if base is None:
        print(f"no Python {' or '.join(environment.pythons)} with venv and ensurepip found", file=sys.stderr)
        return NO_INTERPRETER
    build(environment, base)
    stamp.write_text(wanted, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
