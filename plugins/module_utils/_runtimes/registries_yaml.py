# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The `registries.yaml` of k3s and RKE2. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.claims import Content, placed
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import Engine
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.registries_text import (
    Document,
    mapping,
    parse,
    redact,
    render,
)
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.routes import address, routes

Change = t.Callable[[Document], Document]


def trust(records: t.Sequence[Record], engine: Engine) -> list[FilePlan]:
    """Plans for each registry as an endpoint of its own, and for its CA certificates in one file."""
    plans = []
    for file in _files(engine):
        for record in records:
            bundle = "".join(certificate.pem for certificate in record.ca_certificates).encode() or None
            change = functools.partial(file.trust, record=record)
            plans += [file.bundle_plan(str(record.endpoint), bundle), file.plan(str(record.endpoint), change)]
    return plans


def mirrors(records: t.Sequence[Record], engine: Engine) -> list[FilePlan]:
    """Plans for the routes of the records, in the order of the records, and against their former ones."""
    orders: dict[str, list[str]] = {}
    for record in records:
        for route in routes(record):
            orders.setdefault(route.upstream, []).append(address(record))
    return [
        file.plan(str(record.endpoint), functools.partial(file.route, record=record, orders=orders))
        for file in _files(engine)
        for record in records
    ]


def credentials(records: t.Sequence[Record], engine: Engine) -> list[FilePlan]:
    """Plans for the login of each record, which all of the node then uses."""
    return [
        file.plan(str(record.endpoint), functools.partial(file.log_in, record=record))
        for file in _files(engine)
        for record in records
        if record.username
    ]


def absent(part: str, endpoints: t.Iterable[Endpoint], engine: Engine) -> list[FilePlan]:
    """Plans that take back what one of these did."""
    return [
        plan
        for file in _files(engine)
        for key in map(str, endpoints)
        for plan in (file.absent_plan(part, key), *([file.bundle_plan(key, None)] if part == "trust" else []))
    ]


def _files(engine: Engine) -> list[_RegistriesYaml]:
    path = engine.runtime.registries_yaml
    return [_RegistriesYaml(place.path, os.path.dirname(path)) for place in engine.places(path)]


@dataclasses.dataclass(frozen=True)
class _RegistriesYaml:
    """One such file.

    :param directory: where it lies, for those who read it.
    """

    path: str
    directory: str

    @property
    def _prune(self) -> str:
        return os.path.dirname(os.path.dirname(self.path))

    def plan(self, key: str, change: Change) -> FilePlan:
        """A plan for a change that a registry wants."""
        return FilePlan(
            self.path,
            functools.partial(self._edit, change=change),
            owner=key,
            mode=0o600,
            enforce_mode=True,
            prune=self._prune,
            redact=redact,
        )

    def absent_plan(self, part: str, key: str) -> FilePlan:
        """A plan against what a registry wanted; a file without it need not be understood."""
        change = functools.partial(self.forget, part=part, key=key)

        def forget(content: Content) -> Content:
            return self._edit(content, change) if content and key.encode() in content else content

        return dataclasses.replace(self.plan(key, change), render=forget, enforce_mode=False)

    def bundle_plan(self, key: str, content: Content) -> FilePlan:
        """A plan for the CA certificates of a registry."""
        path = os.path.join(os.path.dirname(self.path), _bundle_name(key))
        return FilePlan(path, lambda _before: content, owner=key, prune=self._prune)

    def trust(self, document: Document, record: Record) -> Document:
        """The registry as an endpoint of its own, after those that stand in for it."""
        key, url = str(record.endpoint), address(record)
        rest = [other for other in self._endpoints(document, key) if other == url or not _is_at(other, key)]
        document = self._with(document, ("mirrors", key, "endpoint"), rest if url in rest else [*rest, url])
        if record.ca_certificates:
            return self._with(document, ("configs", key, "tls", "ca_file"), self._bundle_path(key))
        return self._without_bundle(document, key)

    def route(self, document: Document, record: Record, orders: t.Mapping[str, t.Sequence[str]]) -> Document:
        """The registry as an endpoint of the upstreams that it stands in for, before those of others.

        :param orders: by upstream, the addresses of those who stand in for it, in the order in which they have to be.
        """
        key, url, wanted = str(record.endpoint), address(record), routes(record)
        for upstream in set(self._mirrors(document)) - {key, *(route.upstream for route in wanted)}:
            document = self._without_endpoint(document, upstream, key)
        for route in wanted:
            rewrite = {"^(.*)$": f"{route.prefix}/$1"} if route.prefix else {}
            others = [other for other in self._endpoints(document, route.upstream) if not _is_at(other, key)]
            self._check_rewrite(document, route.upstream, rewrite, is_shared=bool(others))
            rest = [other for other in self._endpoints(document, route.upstream) if other == url or other in others]
            endpoints = placed(rest, url, orders[route.upstream], last=False)
            document = self._with(document, ("mirrors", route.upstream, "endpoint"), endpoints)
            document = self._with(document, ("mirrors", route.upstream, "rewrite"), rewrite)
        return document

    def log_in(self, document: Document, record: Record) -> Document:
        """The login of a registry, and no other one at it."""
        login = {"username": record.username, "password": record.password}
        return self._with(document, ("configs", str(record.endpoint), "auth"), login)

    def forget(self, document: Document, part: str, key: str) -> Document:
        """Nothing of what was made for a part."""
        if part == "credentials":
            return self._with(document, ("configs", key, "auth"), None)
        if part == "trust":
            return self._without_bundle(self._without_endpoint(document, key, key), key)
        for upstream in set(self._mirrors(document)) - {key}:
            document = self._without_endpoint(document, upstream, key)
        return document

    def _edit(self, content: Content, change: Change) -> Content:
        document = parse(content, self.path)
        changed = change(document)
        return content if changed == document else render(changed, content, self.path)

    def _bundle_path(self, key: str) -> str:
        return os.path.join(self.directory, _bundle_name(key))

    def _mirrors(self, document: Document) -> Document:
        return mapping(document.get("mirrors"), self.path)

    def _endpoints(self, document: Document, upstream: str) -> list[str]:
        return [str(url) for url in mapping(self._mirrors(document).get(upstream), self.path).get("endpoint") or []]

    def _check_rewrite(self, document: Document, upstream: str, rewrite: Document, *, is_shared: bool) -> None:
        """Make sure that nobody else's repositories get renamed.

        :param is_shared: whether others stand in for the upstream.
        """
        there = mapping(self._mirrors(document).get(upstream), self.path).get("rewrite") or {}
        is_ours_alone = not is_shared and self._endpoints(document, upstream)
        if there != rewrite and not is_ours_alone and (is_shared or there):
            raise ProvisioningError(
                f"{self.path} has other endpoints or rewrites for {upstream}, and one rewrite holds for all endpoints",
                reason="conflict",
                remedy="Give the mirrors of all records the same prefix, or remove the others from the file",
            )

    def _without_endpoint(self, document: Document, upstream: str, key: str) -> Document:
        endpoints = self._endpoints(document, upstream)
        rest = [url for url in endpoints if not _is_at(url, key)]
        if rest == endpoints:
            return document
        document = self._with(document, ("mirrors", upstream, "endpoint"), rest)
        return document if rest else self._with(document, ("mirrors", upstream, "rewrite"), None)

    def _without_bundle(self, document: Document, key: str) -> Document:
        config = mapping(mapping(document.get("configs"), self.path).get(key), self.path)
        is_ours = mapping(config.get("tls"), self.path).get("ca_file") == self._bundle_path(key)
        return self._with(document, ("configs", key, "tls", "ca_file"), None) if is_ours else document

    def _with(self, document: Document, names: t.Sequence[str], value: object) -> Document:
        """A document with another value somewhere; without a value, what is empty then goes too.

        What was empty before stays: `*` without a value is k3s's way to switch its own mirror on.
        """
        name, rest = names[0], names[1:]
        before = document.get(name)
        after = self._with(mapping(before, self.path), rest, value) if rest else value
        if after or not before:
            return {**document, name: after} if after else document
        return {other: kept for other, kept in document.items() if other != name}


def _bundle_name(key: str) -> str:
    return f"edgeops-{key}.crt"


def _is_at(url: str, key: str) -> bool:
    """Whether a URL is below a registry."""
    return re.sub("^https?://", "", url).partition("/")[0] == key


__all__ = ("absent", "credentials", "mirrors", "trust")
