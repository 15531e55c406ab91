# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""containerd's `hosts.toml` of each registry (its docs/hosts.md). This module util is private to the collection.

A file has the registry itself as its `server`, and each mirror as a table; a mirror's login is a header in that table,
as containerd has no other place for one. A login at the registry itself is a matter of the kubelet, or of pull secrets.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import json
import os
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.docker_hub import DOCKER_HUB
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.claims import Content, OwnFile, claims_of
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import Engine
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.routes import Route, address, routes
from ansible_collections.edgeops.registry.plugins.module_utils._trust.files import file_name

FILE = "hosts.toml"
_HUB_API = "registry-1.docker.io"
_SECRET = re.compile(rb'^( *Authorization = ").*(")$', re.MULTILINE)


def trust(records: t.Sequence[Record], engine: Engine) -> list[FilePlan]:
    """Plans for each registry as its own server: its CA certificates and its scheme."""
    plans = []
    for directory in _directories(engine):
        for record in records:
            key = str(record.endpoint)
            if record.ca_certificates or record.scheme == "http":
                plans.append(directory.put(key, _Block(key, key, _server(record)), [key]))
            else:
                plans += directory.take(key, _claims("trust", key))
    return plans


def mirrors(records: t.Sequence[Record], engine: Engine) -> list[FilePlan]:
    """Plans for the routes of the records, in the order of the records, and against their former ones."""
    plans = []
    for directory in _directories(engine):
        for record in records:
            key, wanted = str(record.endpoint), routes(record)
            for route in wanted:
                block = _Block(key, _mirror_of(key), _mirror(record, route, engine.runtime.certificates))
                plans.append(directory.put(route.upstream, block, _order(records)))
            plans += directory.take(key, _claims("mirrors", key), kept={route.upstream for route in wanted})
    return plans


def credentials(records: t.Sequence[Record], engine: Engine) -> list[FilePlan]:
    """Plans for the login of each record at its mirrors."""
    plans = []
    for directory in _directories(engine):
        for record in records:
            key, wanted = str(record.endpoint), routes(record) if record.username else []
            for route in wanted:
                block = _Block(key, _login_of(key), _login(record, route), beside=_mirror_of(key))
                plan = directory.put(route.upstream, block, _order(records))
                plans.append(dataclasses.replace(plan, mode=0o600, enforce_mode=True))
            plans += directory.take(key, _claims("credentials", key), kept={route.upstream for route in wanted})
    return plans


def absent(part: str, endpoints: t.Iterable[Endpoint], engine: Engine) -> list[FilePlan]:
    """Plans that take back what one of these did."""
    return [
        plan
        for directory in _directories(engine)
        for key in map(str, endpoints)
        for plan in directory.take(key, _claims(part, key))
    ]


@dataclasses.dataclass(frozen=True)
class _Block:
    """What a registry wants of a file.

    :param key: the registry.
    :param claim: names the block.
    :param beside: names the one without which it means nothing.
    """

    key: str
    claim: str
    text: str
    beside: str = ""


@dataclasses.dataclass(frozen=True)
class _Directory:
    """The directory with a directory for each host, such as `/etc/containerd/certs.d`."""

    path: str
    removable: str

    def put(self, host: str, block: _Block, order: t.Sequence[str]) -> FilePlan:
        """A plan for a block of a host's file."""
        own, hiding = os.path.join(self.path, host), os.path.join(self.path, _other_name(host))

        def render(content: Content) -> Content:
            if hiding != own and os.path.lexists(hiding):
                raise ProvisioningError(
                    f"containerd reads {hiding} instead of {own}",
                    reason="conflict",
                    remedy="Remove it, so that the one that is made from the records counts",
                )
            return self._file(host).put(content, block.claim, block.text, order, beside=block.beside)

        return self._plan(host, block.key, render)

    def take(self, key: str, claims: set[str], kept: t.Collection[str] = ()) -> list[FilePlan]:
        """Plans that remove a registry's blocks wherever some are, but for these hosts."""
        try:
            hosts = sorted(set(os.listdir(self.path)) - set(kept))
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return []
        return [
            self._plan(host, key, functools.partial(self._file(host).take, claims=claims))
            for host in hosts
            if not claims.isdisjoint(claims_of(self._file(host).path))
        ]

    def _file(self, host: str) -> OwnFile:
        api = _HUB_API if host == DOCKER_HUB else host
        return OwnFile(os.path.join(self.path, host, FILE), head=f'server = "https://{api}"\n', root=host)

    def _plan(self, host: str, key: str, render: t.Callable[[Content], Content]) -> FilePlan:
        return FilePlan(self._file(host).path, render, owner=key, prune=self.removable, redact=_redact)


def _directories(engine: Engine) -> list[_Directory]:
    if not engine.runtime.has_hosts_toml:
        return []
    places = zip(engine.places(engine.runtime.certificates), engine.places(engine.runtime.removable))
    return [_Directory(place.path, removable.path) for place, removable in places]


def _other_name(host: str) -> str:
    """The name of a host's directory that containerd looks for first."""
    name, colon, port = host.rpartition(":")
    return f"{name}_{port}_" if colon else host


def _mirror_of(key: str) -> str:
    return f"{key} as a mirror"


def _login_of(key: str) -> str:
    return f"{key} login"


def _claims(part: str, key: str) -> set[str]:
    """A route takes its login along."""
    by_part = {"trust": {key}, "mirrors": {_mirror_of(key), _login_of(key)}, "credentials": {_login_of(key)}}
    return by_part[part]


def _order(records: t.Iterable[Record]) -> list[str]:
    """A table with a header has to follow its host's at once."""
    return [claim(str(record.endpoint)) for record in records for claim in (_mirror_of, _login_of)]


def _server(record: Record) -> str:
    return f'server = "{address(record)}"\n' + _authorities(record, "")


def _mirror(record: Record, route: Route, certificates: str) -> str:
    override = "  override_path = true\n" if route.prefix else ""
    authorities = _authorities(record, f"{certificates}/{record.endpoint}/", indent="  ")
    return f'[host."{route.url}"]\n  capabilities = ["pull", "resolve"]\n{override}{authorities}'


def _login(record: Record, route: Route) -> str:
    login = base64.b64encode(f"{record.username}:{record.password}".encode()).decode()
    return f'[host."{route.url}".header]\n  Authorization = "Basic {login}"\n'


def _authorities(record: Record, directory: str, indent: str = "") -> str:
    """The files of the CA certificates that are there for every container engine."""
    paths = [directory + file_name(record, certificate) for certificate in record.ca_certificates]
    return f"{indent}ca = {json.dumps(paths)}\n" if paths else ""


def _redact(content: bytes) -> bytes:
    return _SECRET.sub(rb"\1<hidden>\2", content)


__all__ = ("absent", "credentials", "mirrors", "trust")
