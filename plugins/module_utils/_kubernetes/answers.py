# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the Kubernetes API refused a request. This module util is private to the collection."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

_DENIED = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_TERMINATING = "NamespaceTerminating"
_BUSY = (429, 500, 502, 503, 504)


class ApiError(ProvisioningError):
    """An answer of the Kubernetes API that is no success.

    :param status: HTTP status.
    :param cause: the API's own word for it, such as `AlreadyExists` or `Conflict`; empty where it gave none.
    """

    def __init__(self, message: str, *, status: int, cause: str, **place: str) -> None:
        super().__init__(message, **place)
        self.status = status
        self.cause = cause


def refusal(status: int, body: bytes, part: str) -> ApiError:
    """The error for an answer.

    :param body: a `Status` object of the API, or whatever a proxy before it sent.
    :param part: what was asked for, such as `secrets shop/edge-registry`.
    """
    told = _parse(body)
    message, cause = str(told.get("message") or f"the answer is HTTP {status}"), str(told.get("reason") or "")
    reason, remedy = _explain(status, cause, message, told.get("details") or {})
    return ApiError(message, status=status, cause=cause, reason=reason, part=part, remedy=remedy)


def _parse(body: bytes) -> dict[str, t.Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _explain(status: int, cause: str, message: str, details: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """Reason and remedy."""
    if status == 403:
        return _explain_forbidden(message, details)
    if status in _BUSY:
        return "busy", "Run again when the API server is ready: kubectl get --raw /readyz"
    if cause == "Conflict":
        return "conflict", "Another program manages the same fields: let one of the two do it"
    remedies = {
        401: ("unauthorized", "Its token or certificate has ended or is of another cluster: get a new kubeconfig"),
        404: ("invalid", "Look whether it is there, and whether the cluster serves that API version"),
    }
    return remedies.get(status, ("invalid", "Correct the option that it came from"))


def _explain_forbidden(message: str, details: t.Mapping[str, t.Any]) -> tuple[str, str]:
    if any(item.get("reason") == _TERMINATING for item in details.get("causes", ())):
        return "busy", "Run again when the namespace is gone; kubectl get namespace -o yaml says what holds it up"
    if "exceeded quota" in message:
        return "forbidden", "Raise the ResourceQuota, or remove what uses it up"
    return "forbidden", _grant(message)


def _grant(message: str) -> str:
    denied = _DENIED.search(message)
    if not denied:
        return "Look at the policies and admission webhooks of the cluster"
    group = f".{denied['group']}" if denied["group"] else ""
    kind = "role" if denied["namespace"] else "clusterrole"
    place = f" --namespace={denied['namespace']}" if denied["namespace"] else ""
    return (
        f"Allow it, with kubectl create {kind} NAME --verb={denied['verb']} --resource={denied['resource']}{group}{place}"
        f" and a {kind}binding for {denied['user']}"
    )


__all__ = ("ApiError", "refusal")
