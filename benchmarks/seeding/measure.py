# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run tools and measure them; a run after which an image is missing is no measurement."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authenticator import Credentials
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter, Transport

from benchmarks.seeding.tools import FLOOR, OURS, Command, Site, Tool

if t.TYPE_CHECKING:
    from benchmarks.seeding.registries import Lab, Registry
    from benchmarks.seeding.worksets import WorkSet

LAUNCHER = Path(__file__).resolve().with_name("launcher.py")
Ends = tuple[int, int]
"""A number at the source and one at the destination."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run.

    Attributes:
        wall: seconds.
        cpu: seconds, of the tool alone.
        memory: bytes, of its largest process.
        start: seconds until our engine began; 0 for the others.
        changed: whether our engine says that it changed something.
    """

    wall: float
    cpu: float
    memory: int
    requests: Ends
    connections: Ends
    bytes: Ends
    start: float = 0.0
    changed: bool = True


class FailedError(Exception):
    """A tool failed, or an image is missing at the destination."""


def look(lab: Lab, folder: Path, work: WorkSet) -> Sample:
    """Ask both registries, which have the set, for all of its names.

    Raises:
        FailedError: a name is missing.
    """
    site = _site(lab, folder)
    return _measure(lab, site, work, FLOOR.command(site, work))


def copy_twice(lab: Lab, folder: Path, work: WorkSet, tool: Tool) -> tuple[Sample, Sample]:
    """Copy a set to an empty registry, then once more.

    Raises:
        FailedError: it failed, or left something out, or ours found something to do the second time.
    """
    lab.destination.empty()
    site = _site(lab, folder)
    command = tool.command(site, work)
    first, again = (_measure(lab, site, work, command) for dummy in range(2))
    if tool is OURS and again.changed:
        message = f"{work.name}: the second run changed something"
        raise FailedError(message)
    return first, again


def launch(command: Command, environment: t.Mapping[str, str]) -> tuple[dict[str, t.Any], str]:
    """Run a command; what the launcher found out and what the command printed come out.

    Raises:
        FailedError: it failed.
    """
    with subprocess.Popen(
        [sys.executable, "-I", "-S", LAUNCHER, *command.argv],
        env={**environment, **command.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(command.text)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    errors, dummy, line = errors.rstrip().rpartition("\n")
    found: dict[str, t.Any] = json.loads(line)
    if found["status"] != 0:
        message = f"{' '.join(command.argv)}:\n{output}{errors}"
        raise FailedError(message)
    return found, output


def _site(lab: Lab, folder: Path) -> Site:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return Site(folder, lab.source, lab.destination)


def _measure(lab: Lab, site: Site, work: WorkSet, command: Command) -> Sample:
    for registry in (lab.source, lab.destination):
        registry.requests()
    environment = site.environment()
    with lab.network.edge.entered():
        before = lab.spent()
        found, output = launch(command, environment)
        spent = lab.spent().since(before)
    requests = (lab.source.requests(), lab.destination.requests())
    with lab.network.edge.entered():
        _require(lab.destination, work)
    own = json.loads(output) if output.startswith('{"start"') else {}
    return Sample(found["wall"], found["cpu"], found["memory"] << 10, requests, spent.connections, spent.bytes, **own)


def _require(registry: Registry, work: WorkSet) -> None:
    """See that the registry serves every image by its digest."""
    record = registry.record
    with contextlib.closing(Transport(Server.of(record), Credentials.of(record), timeout=10)) as transport:
        for image in work.images:
            repository, dummy, tag = image.name.partition(":")
            found = Repository(transport, repository, Meter()).manifest_digest(tag)
            if found != image.digest:
                message = f"{image.name} is {found} instead of {image.digest}"
                raise FailedError(message)
