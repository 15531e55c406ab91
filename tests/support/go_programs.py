# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that are built with Go, once; Go itself comes along where the machine has none that will do."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import typing as t
import zipfile
from pathlib import Path

from ansible.module_utils.urls import open_url
from ansible_collections.edgeops.registry.tests.support.real_registry import CACHE

GO_VERSION = (1, 26, 8)
OLDEST_GO = (1, 26, 6)
"""What the modules below tests/kubernetes/programs ask for."""
GO_ARCHIVES = {
    "x86_64": ("amd64", "30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7"),
    "aarch64": ("arm64", "02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99"),
}
"""The name of a machine's architecture and the SHA-256 of Go's archive for it, as a module proxy has it."""


class Progress(t.NamedTuple):
    """What to say of the number of lines that a program has shown so far, and how many seconds apart at least."""

    words: str
    seconds: float


SILENCE = Progress("", float("inf"))


def install(package: str, version: str) -> Path:
    """The program of a package of a module that anybody can fetch, such as `example.com/module/cmd/program`."""
    folder = CACHE / "go-programs" / f"{package.replace('/', '-')}-{version}"
    return _once(folder, lambda part: _install(f"{package}@{version}", part)) / package.rpartition("/")[2]


def install_as(address: str, version: str, package: str, *, tags: str = "") -> Path:
    """The program of a package such as `./cmd/program` of a module that has another name than its address.

    :param tags: of the build.
    """
    name = package.rpartition("/")[2]
    folder = CACHE / "go-programs" / f"{address.replace('/', '-')}-{name}-{version}"
    return _once(folder, lambda part: _install_as(f"{address}@{version}", package, tags, part)) / name


def build(source: Path, *packages: str, flags: str = "", report_seconds: float = 10.0) -> Path:
    """The folder of the programs of these packages, built once for each state of a module's files.

    :param source: the module's folder.
    :param flags: of the linker.
    :param report_seconds: how far it is, is told no more often than that.
    """
    digest = hashlib.sha256(" ".join((*packages, flags)).encode())
    for file in sorted(source.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    folder = CACHE / "kubernetes" / f"{source.name}-{digest.hexdigest()[:12]}"
    return _once(folder, lambda part: _build(source, packages, flags, part, report_seconds))


def _once(folder: Path, make: t.Callable[[Path], None]) -> Path:
    """A folder that is made by whoever comes first, and waited for by the others."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        _lock(lock, folder.name)
        if not folder.exists():
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(folder)
    return folder


def _lock(file: t.TextIO, name: str) -> None:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    _say(f"{name}: waiting for another process that builds it")
    fcntl.flock(file, fcntl.LOCK_EX)


def _install(package: str, folder: Path) -> None:
    _say(f"{package}: building it")
    _go("install", package, GOBIN=str(folder))


def _install_as(module: str, package: str, tags: str, folder: Path) -> None:
    _say(f"{module}: building {package}")
    source = Path(json.loads(_go("mod", "download", "-json", module))["Dir"])
    _go("build", "-trimpath", "-buildvcs=false", f"-tags={tags}", "-o", f"{folder}/", package, cwd=source)


def _build(source: Path, packages: t.Sequence[str], flags: str, folder: Path, report_seconds: float) -> None:
    name = source.name
    _say(f"{name}: building it")
    required = len(re.findall(r"^\t?(?:require )?\S+ v\S+", (source / "go.mod").read_text(), re.MULTILINE))
    fetching = Progress(f"{name}: {{}} of at most {required} modules fetched", report_seconds)
    parts = _go("list", "-deps", *packages, cwd=source, progress=fetching).split()
    options = ("-v", "-trimpath", "-buildvcs=false", f"-ldflags=-s -w {flags}", "-o", f"{folder}/")
    compiling = Progress(f"{name}: {{}} of about {len(parts)} packages compiled", report_seconds)
    _go("build", *options, *packages, cwd=source, progress=compiling)


def _go(*arguments: str, cwd: Path | None = None, progress: Progress = SILENCE, **environment: str) -> str:
    """Run Go out of the way of everything else; what it prints comes out."""
    command = ["nice", "-n", "10", str(go()), *arguments]
    variables = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", **environment}
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(
            command, cwd=cwd, env=variables, stdout=output, stderr=subprocess.PIPE, text=True
        ) as process:
            lines = _follow(process.stderr or (), progress)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{''.join(lines[-20:])}")
        output.seek(0)
        return output.read()


def _follow(stream: t.Iterable[str], progress: Progress) -> list[str]:
    """The lines of a stream; every now and then their number is told."""
    lines: list[str] = []
    start = last = time.monotonic()
    for line in stream:
        lines.append(line)
        now = time.monotonic()
        if now - last >= progress.seconds:
            last = now
            _say(f"{progress.words.format(len(lines))}, {(now - start) / 60:.1f} minutes")
    return lines


def go() -> Path:
    """The machine's Go if it is new enough, one of our own otherwise."""
    found = shutil.which("go", path=f"{os.environ['PATH']}:/usr/local/go/bin")
    if found and _version(found) >= OLDEST_GO:
        return Path(found)
    version = ".".join(map(str, GO_VERSION))
    return _once(CACHE / f"go-{version}", lambda part: _fetch_go(version, part)) / "bin" / "go"


def _version(program: str) -> tuple[int, ...]:
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    done = subprocess.run([program, "env", "GOVERSION"], env=environment, check=True, capture_output=True, text=True)
    return tuple(map(int, re.findall(r"\d+", done.stdout)))


def _fetch_go(version: str, folder: Path) -> None:
    """Get Go as Go itself would, a module from a proxy."""
    architecture, digest = GO_ARCHIVES[platform.machine()]
    module = f"golang.org/toolchain@v0.0.1-go{version}.linux-{architecture}"
    proxies = re.split("[,|]", os.environ.get("GOPROXY", ""))
    proxy = next((one for one in proxies if one.startswith("http")), "https://proxy.golang.org")
    _say(f"Go {version}: fetching it from {proxy}")
    archive = folder / "archive.zip"
    with archive.open("wb") as file:
        shutil.copyfileobj(open_url(f"{proxy}/{module.replace('@', '/@v/')}.zip", timeout=60), file)
    if hashlib.sha256(archive.read_bytes()).hexdigest() != digest:
        raise ValueError(f"{proxy} has another {module} than expected")
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    archive.unlink()
    for path in (folder / module).iterdir():
        path.rename(folder / path.name)
    for program in (*folder.glob("bin/*"), *folder.glob("pkg/tool/*/*")):
        program.chmod(program.stat().st_mode | stat.S_IXUSR)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
