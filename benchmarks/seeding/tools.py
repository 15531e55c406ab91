# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who copies images: our engine and its peers, each with the settings that suit it best."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import sys
import typing as t
from pathlib import Path

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import MANIFEST_TYPES
from ansible_collections.edgeops.registry.plugins.modules.image_sync import ARGUMENT_SPEC, CONSTRAINTS

from benchmarks.seeding import programs

if t.TYPE_CHECKING:
    from benchmarks.seeding.registries import Registry
    from benchmarks.seeding.worksets import WorkSet

HERE = Path(__file__).resolve().parent
JOBS = 8
PROCESSES = 4
"""For programs that copy one image at a time."""


@dataclasses.dataclass(frozen=True)
class Command:
    """What is started.

    Attributes:
        text: its standard input.
        environment: beside what every command gets.
    """

    argv: t.Sequence[str]
    text: str = ""
    environment: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Site:
    """Where a tool works.

    Attributes:
        folder: its own, empty before it is used for the first time, with what it needs to log in.
    """

    folder: Path
    source: Registry
    destination: Registry

    def pairs(self, work: WorkSet) -> list[tuple[str, str]]:
        """Where every image is and where it is to be."""
        ends = (self.source.endpoint, self.destination.endpoint)
        return [(f"{ends[0]}/{image.name}", f"{ends[1]}/{image.name}") for image in work.images]

    def write(self, name: str, text: str) -> str:
        """Write a file; its path comes out."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def environment(self) -> dict[str, str]:
        """What every command gets: nobody's own settings, and both registries' CAs and passwords as Docker keeps them."""
        registries = (self.source, self.destination)
        logins = {one.endpoint: {"auth": _basic(one)} for one in registries}
        self.write("config.json", json.dumps({"auths": logins}))
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder),
            "_CONTAINERS_ROOTLESS_UID": "1",  # so that skopeo has its cache below XDG_DATA_HOME
            "DOCKER_CONFIG": str(self.folder),
            "SSL_CERT_FILE": self.write("ca.crt", "".join(one.ca_pem for one in registries)),
        }


@dataclasses.dataclass(frozen=True)
class Tool:
    """Something that copies images.

    Attributes:
        command: what it takes to copy a set.
        version: what shows its version, empty where it has none of its own.
    """

    name: str
    title: str
    command: t.Callable[[Site, WorkSet], Command]
    version: t.Callable[[], t.Sequence[str]] | None = None


def _ours(site: Site, work: WorkSet) -> Command:
    images = [
        {"source": source, "name": image.name}
        for (source, dummy), image in zip(site.pairs(work), work.images, strict=True)
    ]
    given = {
        "registry": site.destination.record_dict,
        "sources": [site.source.record_dict],
        "images": images,
        "concurrency": JOBS,
    }
    checked = ArgumentSpecValidator(ARGUMENT_SPEC, **CONSTRAINTS).validate(given)
    if checked.error_messages:
        raise ValueError(checked.error_messages)
    params = site.write("params.json", json.dumps(checked.validated_parameters))
    return Command([sys.executable, str(HERE / "engine.py"), params])


def _floor(site: Site, work: WorkSet) -> Command:
    paths = [f"/v2/{image.name.replace(':', '/manifests/')}" for image in work.images]
    questions = [
        {
            "host": one.address,
            "port": one.port,
            "ca": str(one.authority.path),
            "authorization": f"Basic {_basic(one)}",
            "accept": ", ".join(MANIFEST_TYPES),
            "paths": paths,
        }
        for one in (site.source, site.destination)
    ]
    return Command([sys.executable, str(HERE / "floor.py"), site.write("floor.json", json.dumps(questions))])


def _regsync(site: Site, work: WorkSet) -> Command:
    logins = [
        {**_regclient_host(one), "registry": one.endpoint, "repoAuth": False} for one in (site.source, site.destination)
    ]
    steps = [{"source": source, "target": target, "type": "image"} for source, target in site.pairs(work)]
    settings = {"version": 1, "creds": logins, "defaults": {"parallel": JOBS}, "sync": steps}
    return Command([programs.go_program("regsync"), "once", "-c", site.write("regsync.yml", json.dumps(settings))])


def _regctl(site: Site, work: WorkSet) -> Command:
    hosts = {one.endpoint: _regclient_host(one) for one in (site.source, site.destination)}
    file = site.write("regctl.json", json.dumps({"hosts": hosts}))
    return _each(site, work, [programs.go_program("regctl"), "image", "copy"], {"REGCTL_CONFIG": file})


def _crane(site: Site, work: WorkSet) -> Command:
    command = [programs.go_program("crane"), "copy", "--jobs", str(JOBS)]
    if work.repository and len(work.images) > 1:
        ends = [f"{one.endpoint}/{work.repository}" for one in (site.source, site.destination)]
        return Command([*command, "--all-tags", *ends])
    return _each(site, work, command)


def _oras(site: Site, work: WorkSet) -> Command:
    command = [programs.oras(), "cp", "--no-tty", "--concurrency", str(JOBS)]
    for side in ("from", "to"):
        command += [f"--{side}-registry-config", str(site.folder / "config.json")]
    return _each(site, work, command)


def _skopeo(program: t.Callable[[], t.Sequence[str]]) -> t.Callable[[Site, WorkSet], Command]:
    def command(site: Site, work: WorkSet) -> Command:
        names: dict[str, list[str]] = {}
        for image in work.images:
            repository, dummy, tag = image.name.partition(":")
            names.setdefault(repository, []).append(tag)
        authority = site.write("certs/ca.crt", site.source.ca_pem + site.destination.ca_pem)
        certificates = str(Path(authority).parent)
        source = {"images": names, "tls-verify": True, "cert-dir": certificates}
        file = site.write("skopeo.yml", json.dumps({site.source.endpoint: source}))
        options = ["--all", "--authfile", str(site.folder / "config.json"), "--dest-cert-dir", certificates]
        ends = ["--src", "yaml", "--dest", "docker", file, site.destination.endpoint]
        return Command([*program(), "--insecure-policy", "sync", *options, *ends])

    return command


def _each(
    site: Site, work: WorkSet, command: t.Sequence[str], environment: t.Mapping[str, str] | None = None
) -> Command:
    """One process per image, some at a time."""
    pairs = site.pairs(work)
    if len(pairs) == 1:
        return Command([*command, *pairs[0]], environment=environment or {})
    lines = "".join(f"{source} {target}\n" for source, target in pairs)
    return Command(["xargs", f"-P{PROCESSES}", "-n2", *command], lines, environment or {})


def _regclient_host(registry: Registry) -> dict[str, t.Any]:
    return {
        "tls": "enabled",
        "regcert": registry.ca_pem,
        "user": registry.username,
        "pass": registry.password,
        "reqConcurrent": JOBS,
    }


def _basic(registry: Registry) -> str:
    return base64.b64encode(f"{registry.username}:{registry.password}".encode()).decode()


def _version_of(program: str, *arguments: str) -> t.Callable[[], t.Sequence[str]]:
    return lambda: [programs.go_program(program), *arguments]


FLOOR = Tool("floor", "floor of a look", _floor)
OURS = Tool("ours", "ours", _ours)
PEERS = (
    Tool("regsync", "regsync", _regsync, _version_of("regsync", "version")),
    Tool("regctl", "regctl", _regctl, _version_of("regctl", "version")),
    Tool("crane", "crane", _crane, _version_of("crane", "version")),
    Tool("oras", "oras", _oras, lambda: [programs.oras(), "version"]),
    Tool("skopeo", "skopeo sync", _skopeo(programs.new_skopeo), lambda: [*programs.new_skopeo(), "--version"]),
    Tool("skopeo-old", "skopeo sync", _skopeo(lambda: ["skopeo"]), lambda: ["skopeo", "--version"]),
)
