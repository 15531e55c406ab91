# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which namespaces shall have what. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_secret import DEFAULT_ACCOUNT
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    MANAGED_BY,
    Object,
    is_terminating,
)
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record, parse_records

NAMESPACE_OPTIONS: ArgumentSpec = {
    "name": {"type": "str", "required": True},
    "labels": {"type": "dict"},
    "annotations": {"type": "dict"},
    "registries": {"type": "list", "elements": "str"},
    "service_accounts": {"type": "list", "elements": "str"},
}
"""What one namespace of the list may say, but for its users."""

SELECTION_OPTIONS: ArgumentSpec = {
    "all_namespaces": {"type": "bool", "default": False},
    "exclude": {"type": "list", "elements": "str", "default": ["kube-*"]},
    "exclude_labels": {"type": "list", "elements": "str", "default": []},
    "pull_secret": {"type": "str", "default": "edge-registry", "no_log": False},
    "service_accounts": {"type": "list", "elements": "str", "default": [DEFAULT_ACCOUNT]},
}
"""What holds for every namespace."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"(?=.{{1,253}}$){_LABEL.pattern}(\.{_LABEL.pattern})*")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a namespace shall have.

    :param labels: None: those given before stay; otherwise those given before and not here go.
    :param annotations: likewise.
    :param records: the registries that its pods may pull from with a password.
    :param accounts: names of the service accounts whose pods do.
    :param is_listed: whether it is in the list; otherwise it is there anyway, and only pods' access is seen to.
    """

    name: str
    labels: t.Mapping[str, str] | None
    annotations: t.Mapping[str, str] | None
    records: tuple[Record, ...]
    accounts: tuple[str, ...]
    is_listed: bool


@dataclasses.dataclass(frozen=True)
class Selection:
    """The options of the module that say what shall be where.

    :param everywhere: what each namespace gets that is not in the list; None: nothing.
    :param endpoints: of the records.
    """

    listed: tuple[Wanted, ...]
    everywhere: Wanted | None
    exclude: tuple[str, ...]
    exclude_labels: tuple[str, ...]
    pull_secret: str
    endpoints: tuple[Endpoint, ...]

    @classmethod
    def from_options(cls, params: t.Mapping[str, t.Any]) -> Selection:
        """From `SELECTION_OPTIONS`, `namespaces`, `registries` and `state`. Of what goes only endpoints are looked at.

        :raises ProvisioningError: one is wrong.
        """
        is_present = params["state"] == "present"
        records = parse_records(params["registries"]) if is_present else []
        endpoints = [record.endpoint for record in records] or _endpoints(params["registries"])
        names = [item["name"] for item in params["namespaces"]]
        for number, name in enumerate(names):
            _check_name(name, _LABEL, f"namespaces[{number}].name", "team-a")
            if name in names[:number]:
                raise ProvisioningError(f"{name} is there twice", part="namespaces", remedy="Keep one of them")
        _check_name(params["pull_secret"], _SUBDOMAIN, "pull_secret", "edge-registry")
        usual = Wanted("", None, None, _with_login(records), _accounts(params, "service_accounts"), is_listed=False)
        listed = [
            _parse(item, f"namespaces[{number}]", usual, records) for number, item in enumerate(params["namespaces"])
        ]
        return cls(
            listed=tuple(listed),
            everywhere=usual if params["all_namespaces"] else None,
            exclude=tuple(params["exclude"]),
            exclude_labels=tuple(params["exclude_labels"]),
            pull_secret=params["pull_secret"],
            endpoints=tuple(endpoints),
        )

    def resolve(self, found: t.Iterable[Object]) -> list[Wanted]:
        """The list, and then the other namespaces of the cluster that nothing excludes and that are not on their way out."""
        if self.everywhere is None:
            return list(self.listed)
        listed = {wanted.name for wanted in self.listed}
        others = sorted(
            item["metadata"]["name"]
            for item in found
            if not is_terminating(item) and not self._is_excluded(item["metadata"])
        )
        return [
            *self.listed,
            *(dataclasses.replace(self.everywhere, name=name) for name in others if name not in listed),
        ]

    def _is_excluded(self, metadata: t.Mapping[str, t.Any]) -> bool:
        labels = metadata.get("labels") or {}
        told = {*labels, *(f"{key}={value}" for key, value in labels.items())}
        by_name = any(fnmatch.fnmatchcase(metadata["name"], pattern) for pattern in self.exclude)
        return by_name or not told.isdisjoint(self.exclude_labels)


def _parse(item: t.Mapping[str, t.Any], where: str, usual: Wanted, records: t.Sequence[Record]) -> Wanted:
    accounts = usual.accounts if item.get("service_accounts") is None else _accounts(item, "service_accounts", where)
    return Wanted(
        name=item["name"],
        labels=_texts(item.get("labels"), f"{where}.labels"),
        annotations=_texts(item.get("annotations"), f"{where}.annotations"),
        records=usual.records if item.get("registries") is None else _chosen(item["registries"], records, where),
        accounts=accounts,
        is_listed=True,
    )


def _chosen(names: t.Iterable[str], records: t.Sequence[Record], where: str) -> tuple[Record, ...]:
    """The records of these names or endpoints; any name will do where no records are needed."""
    known = {key: record for record in records for key in (record.name, str(record.endpoint))}
    unknown = [name for name in names if records and name not in known]
    if unknown:
        raise ProvisioningError(
            f"{unknown[0]} is neither the name nor the endpoint of one of the registries",
            part=f"{where}.registries",
            remedy=f"There are {', '.join(record.name for record in records)}",
        )
    return _with_login(dict.fromkeys(known[name] for name in names if name in known))


def _with_login(records: t.Iterable[Record]) -> tuple[Record, ...]:
    return tuple(record for record in records if record.username)


def _endpoints(items: t.Iterable[t.Mapping[str, t.Any]]) -> list[Endpoint]:
    endpoints = []
    for number, item in enumerate(items):
        try:
            endpoints.append(Endpoint.parse(item["endpoint"]))
        except ProvisioningError as error:
            raise ProvisioningError(
                error.message, part=f"registries[{number}].endpoint", remedy=error.remedy
            ) from error
    return endpoints


def _accounts(options: t.Mapping[str, t.Any], option: str, where: str = "") -> tuple[str, ...]:
    place = f"{where}.{option}" if where else option
    for name in options[option]:
        _check_name(name, _SUBDOMAIN, place, DEFAULT_ACCOUNT)
    return tuple(dict.fromkeys(options[option]))


def _texts(given: t.Mapping[str, t.Any] | None, where: str) -> dict[str, str] | None:
    """Labels or annotations."""
    if given is None:
        return None
    for key, value in given.items():
        if not isinstance(value, str):
            raise ProvisioningError("must be a string", part=f"{where}.{key}", remedy="Put it in quotes")
        if key in MANAGED_BY:
            raise ProvisioningError(
                "it is how this collection knows what it has made", part=f"{where}.{key}", remedy="Leave it out"
            )
    return dict(given)


def _check_name(name: str, allowed: re.Pattern[str], where: str, example: str) -> None:
    if not allowed.fullmatch(name):
        raise ProvisioningError(
            "must be of a-z, 0-9 and -, with no - at its ends, and not longer than Kubernetes permits",
            part=where,
            remedy=f"For example {example}",
        )


__all__ = ("NAMESPACE_OPTIONS", "SELECTION_OPTIONS", "Selection", "Wanted")
