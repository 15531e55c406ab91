# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case of module registry_info. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import CaCertificate
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authentication import parse_challenges
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.catalog import Catalog
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import (
    Connect,
    Server,
    network_errors,
)
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.probe import Probe, probe_through
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.proxy import Proxies
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.registries import Registries
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

_BODY_LIMIT = 1 << 16


def describe_registry(params: t.Mapping[str, t.Any], dummy: Settings) -> Outcome:
    """Say what a registry is, whether the record works there, and what it has.

    :raises ProvisioningError: an option is wrong.
    """
    record = Record.parse(params["registry"], "registry")
    if params["limit"] < 1:
        raise ProvisioningError("must be at least 1", part="limit")
    proxies = Proxies.from_environment(os.environ)
    result = probe_through(proxies.connect, record, allow_http=params["allow_http"], timeout=params["timeout"])
    greeting = _greet(record, params["timeout"], proxies.connect)
    failure, content = _failure(record, result), _Content()
    if result.ok and params["gather"] != "registry":
        try:
            content = _read_catalog(record, params, proxies)
        except ProvisioningError as error:
            failure = error.at(registry=str(record.endpoint))
    facts = {
        "endpoint": str(record.endpoint),
        "verify": {
            "ok": result.ok,
            "reason": result.reason,
            "http_status": result.http_status,
            "requests": result.requests,
        },
        "authentication": greeting.schemes,
        "server": greeting.server,
        "certificate": {**dataclasses.asdict(result.certificate), **greeting.names} if result.certificate else None,
        "ca_certificates": [_describe_ca(certificate) for certificate in record.ca_certificates],
        "repositories": content.repositories,
        "truncated": content.truncated,
        "failures": [failure.as_failure()] if failure else [],
    }
    if failure and params["on_failure"] == "fail":
        return Outcome(changed=False, facts=facts, warnings=content.warnings, failed=str(failure))
    return Outcome(changed=False, facts={**facts, "msg": str(failure or "")}, warnings=content.warnings)


@dataclasses.dataclass(frozen=True)
class _Greeting:
    """What a registry says to a stranger.

    :param schemes: how it wants to know who asks; empty where it does not, or was not reached.
    :param server: as it calls itself.
    :param names: of its certificate.
    """

    schemes: list[str] = dataclasses.field(default_factory=list)
    server: str = ""
    names: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class _Content:
    repositories: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    truncated: bool = False
    warnings: t.Sequence[str] = ()


def _failure(record: Record, result: Probe) -> ProvisioningError | None:
    if result.ok:
        return None
    return ProvisioningError(result.msg, reason=result.reason, registry=str(record.endpoint), remedy=result.remedy)


def _greet(record: Record, timeout: float, connect: Connect) -> _Greeting:
    """One request without credentials; nothing where the registry cannot be reached, which the probe has told."""
    server = Server.of(record)
    connection = connect(server, server.tls_context(), timeout)
    with contextlib.closing(connection), contextlib.suppress(ProvisioningError), network_errors(server.endpoint):
        connection.request("GET", "/v2/")
        names = _describe_names(connection.peer_certificate()[0])
        response = connection.getresponse()
        response.read(_BODY_LIMIT)
        challenges = parse_challenges(", ".join(response.headers.get_all("WWW-Authenticate", [])))
        schemes = [challenge.scheme for challenge in challenges]
        return _Greeting(list(dict.fromkeys(schemes)), response.headers.get("Server", ""), names)
    return _Greeting()


def _describe_names(fields: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    if not fields:
        return {}

    def common(key: str) -> str:
        return ", ".join(f"{name}={value}" for relative in fields.get(key, ()) for name, value in relative)

    names = [value for dummy, value in fields.get("subjectAltName", ())]
    return {"names": names, "subject": common("subject"), "issuer": common("issuer")}


def _describe_ca(certificate: CaCertificate) -> dict[str, t.Any]:
    return {
        "fingerprint": certificate.fingerprint,
        "not_after": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(certificate.not_after)),
        "days_left": int((certificate.not_after - time.time()) // 86400),
    }


def _read_catalog(record: Record, params: t.Mapping[str, t.Any], proxies: Proxies) -> _Content:
    limit = params["limit"]
    registries = Registries(timeout=params["timeout"], allow_http=params["allow_http"], proxies=proxies)
    with contextlib.closing(registries):
        catalog = Catalog(registries.transport(record, ""), Meter())
        names = list(itertools.islice(catalog.repositories(), limit + 1))
        repositories: list[dict[str, t.Any]] = [{"name": name} for name in names[:limit]]
        if params["gather"] == "tags":
            for repository in repositories:
                repository["tags"] = catalog.tags(repository["name"]) or []
    return _Content(repositories, len(names) > limit, registries.notices.lines())


__all__ = ("describe_registry",)
