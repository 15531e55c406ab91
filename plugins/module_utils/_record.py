# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry record. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import (
    CaCertificate,
    parse_ca_certificates,
)
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint, parse_address
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

SCHEMA = 1
_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # control characters, and what UTF-8 cannot carry
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LISTS = {
    "addresses": "[192.0.2.10]",
    "ca_certificates": "[PEM]",
    "mirrors": "[{upstream: docker.io, prefix: mirror/docker.io}]",
}
_REPOSITORY = re.compile(r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*")


@dataclasses.dataclass(frozen=True)
class Mirror:
    """An upstream registry that this one stands in for.

    :param upstream: host, or host:port, of the upstream.
    :param prefix: repository path under which its images lie here, empty for the root.
    """

    upstream: str
    prefix: str


@dataclasses.dataclass(frozen=True)
class Record:
    """One identity at one registry.

    :param name: names our files and markers.
    :param addresses: for the hosts entry, at most one per family; empty where DNS resolves the name.
    :param ca_certificates: empty for a registry whose CA is public.
    :param username: empty for anonymous use.
    """

    name: str
    endpoint: Endpoint
    scheme: str
    addresses: tuple[str, ...]
    ca_certificates: tuple[CaCertificate, ...]
    username: str
    password: str = dataclasses.field(repr=False)
    mirrors: tuple[Mirror, ...] = ()

    @classmethod
    def parse(cls, data: t.Mapping[str, t.Any], where: str = "record") -> Record:
        """Read a record; keys with the value null count as left out, keys named `x_*` are ignored.

        :param where: how errors name the record.
        :raises ProvisioningError: a key is unknown, missing or wrong. The value is never part of the message.
        """
        try:
            return _parse(data)
        except ProvisioningError as error:
            place = f"{where}.{error.part}" if error.part else where
            raise ProvisioningError(error.message, reason=error.reason, part=place, remedy=error.remedy) from error

    def as_dict(self) -> dict[str, t.Any]:
        """The record as plain data, with its password: the inverse of `parse`."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "endpoint": str(self.endpoint),
            "scheme": self.scheme,
            "addresses": list(self.addresses),
            "ca_certificates": [certificate.pem for certificate in self.ca_certificates],
            "username": self.username,
            "password": self.password,
            "mirrors": [dataclasses.asdict(mirror) for mirror in self.mirrors],
        }


KEYS = ("schema", *(field.name for field in dataclasses.fields(Record)))


def parse_records(items: t.Iterable[t.Mapping[str, t.Any]], where: str = "registries") -> list[Record]:
    """Read a list of records.

    :raises ProvisioningError: one is wrong, or two are for the same endpoint.
    """
    records = [Record.parse(item, f"{where}[{number}]") for number, item in enumerate(items)]
    endpoints = [record.endpoint for record in records]
    for number, endpoint in enumerate(endpoints):
        if endpoint in endpoints[:number]:
            raise ProvisioningError(
                f"{where}[{endpoints.index(endpoint)}] and {where}[{number}] are both for {endpoint}",
                remedy="Keep one: a client knows one identity per registry",
            )
    return records


def _parse(data: t.Mapping[str, t.Any]) -> Record:
    if not isinstance(data, t.Mapping):
        raise ProvisioningError("it is not a mapping of keys to values", remedy=f"Its keys are {', '.join(KEYS)}")
    given = {key: value for key, value in data.items() if value is not None and not str(key).startswith("x_")}
    _check_keys(given)
    _check_schema(given.get("schema", SCHEMA))
    endpoint = Endpoint.parse(_text(given, "endpoint"))
    username, password = _credentials(given)
    return Record(
        name=_name(given, endpoint),
        endpoint=endpoint,
        scheme=_scheme(given),
        addresses=_addresses(given),
        ca_certificates=_ca_certificates(given),
        username=username,
        password=password,
        mirrors=_mirrors(given, endpoint),
    )


def _check_keys(given: t.Mapping[str, t.Any]) -> None:
    for key in given:
        if key not in KEYS:
            near = difflib.get_close_matches(str(key), KEYS, n=1)
            remedy = f"Did you mean {near[0]}?" if near else f"Known keys: {', '.join(KEYS)}; your own start with x_"
            raise ProvisioningError("it is not a key of a registry record", part=str(key), remedy=remedy)


def _check_schema(schema: object) -> None:
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise ProvisioningError("must be a whole number from 1", part="schema")
    if schema > SCHEMA:
        raise ProvisioningError(
            f"this version of edgeops.registry reads schema {SCHEMA} and the record is newer",
            part="schema",
            remedy="Upgrade the collection",
        )


def _text(given: t.Mapping[str, t.Any], key: str, default: str | None = None) -> str:
    value = given.get(key, default)
    if value is None:
        raise ProvisioningError("it is missing", part=key)
    if not isinstance(value, str):
        raise ProvisioningError("must be a string", part=key, remedy="Put it in quotes")
    return str(value)  # sheds Ansible's tagged subclass


def _list(given: t.Mapping[str, t.Any], key: str) -> list[t.Any]:
    value = given.get(key, [])
    if not isinstance(value, (list, tuple)):
        raise ProvisioningError("must be a list", part=key, remedy=f"Write it as one: {key}: {_LISTS[key]}")
    return list(value)


def _name(given: t.Mapping[str, t.Any], endpoint: Endpoint) -> str:
    name = _text(given, "name", "") or re.sub(r"[^a-z0-9]+", "-", str(endpoint)).strip("-")[-63:].strip("-")
    if not _NAME.fullmatch(name):
        raise ProvisioningError("must be 1 to 63 of a-z, 0-9 and -, with no - at its ends", part="name")
    return name


def _scheme(given: t.Mapping[str, t.Any]) -> str:
    scheme = _text(given, "scheme", "https")
    if scheme not in ("https", "http"):
        raise ProvisioningError("must be https or http", part="scheme")
    return scheme


def _addresses(given: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    families: dict[int, str] = {}
    for item in _list(given, "addresses"):
        address = parse_address(item) if isinstance(item, str) else None
        if address is None or (address.version == 6 and "%" in str(address)):
            raise ProvisioningError(
                "must be IP addresses without a zone",
                part="addresses",
                remedy="For example [192.0.2.10]; leave it out where DNS resolves the name",
            )
        if address.version in families:
            raise ProvisioningError(
                f"holds two IPv{address.version} addresses", part="addresses", remedy="Keep one per family"
            )
        families[address.version] = str(address)
    return tuple(families.values())


def _ca_certificates(given: t.Mapping[str, t.Any]) -> tuple[CaCertificate, ...]:
    found: dict[str, CaCertificate] = {}
    for number, item in enumerate(_list(given, "ca_certificates")):
        place = f"ca_certificates[{number}]"
        if not isinstance(item, str):
            raise ProvisioningError("must be a string in PEM", part=place)
        try:
            found.update({certificate.fingerprint: certificate for certificate in parse_ca_certificates(item)})
        except ProvisioningError as error:
            raise error.at(part=place) from error
    return tuple(found.values())


def _credentials(given: t.Mapping[str, t.Any]) -> tuple[str, str]:
    username, password = _text(given, "username", ""), _text(given, "password", "")
    if bool(username) != bool(password):
        missing, there = ("password", "username") if username else ("username", "password")
        raise ProvisioningError(f"it is missing, and {there} is there", part=missing, remedy="Give both, or neither")
    if ":" in username or _UNSENDABLE.search(username + password):
        raise ProvisioningError(
            "username must have no colon, and neither may have control characters (RFC 7617)",
            part="username",
            remedy="Take others, for example edge, and put the password into a key of its own",
        )
    return username, password


def _mirrors(given: t.Mapping[str, t.Any], endpoint: Endpoint) -> tuple[Mirror, ...]:
    mirrors = []
    for number, item in enumerate(_list(given, "mirrors")):
        place = f"mirrors[{number}]"
        if not isinstance(item, t.Mapping) or not set(item) <= {"upstream", "prefix"}:
            raise ProvisioningError("must have the keys upstream and prefix", part=place)
        upstream, prefix = item.get("upstream"), item.get("prefix") or ""
        if not isinstance(upstream, str) or not _is_host(upstream) or upstream.lower() == str(endpoint):
            raise ProvisioningError("must be another registry's host, or host:port", part=f"{place}.upstream")
        if not isinstance(prefix, str) or (prefix and not _REPOSITORY.fullmatch(prefix)):
            raise ProvisioningError("must be a repository path", part=f"{place}.prefix")
        mirrors.append(Mirror(str(upstream).lower(), str(prefix)))
    return tuple(mirrors)


def _is_host(text: str) -> bool:
    try:
        Endpoint.parse(text if re.search(":[0-9]+$", text) else f"{text}:443")
    except ProvisioningError:
        return False
    return True


__all__ = ("KEYS", "SCHEMA", "Mirror", "Record", "parse_records")
