# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication of registries: basic and bearer. This module util is private to the collection."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import typing as t
import urllib.parse

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import (
    Connection,
    Server,
    network_errors,
    resolve,
    unreachable,
)
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

TOKEN_LIMIT = 1 << 20
_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PARAMETER = rf'(?P<key>{_WORD})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]*))'
_TOKEN68 = r"[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))"  # what some schemes have in the place of parameters
_ITEM = re.compile(rf"[\s,]*(?:{_PARAMETER}|(?P<scheme>{_WORD})(?:\s+{_TOKEN68})?)")


@dataclasses.dataclass(frozen=True)
class Challenge:
    """One challenge of a WWW-Authenticate header (RFC 9110, section 11.3).

    :param scheme: lower case.
    :param parameters: by lower case name.
    """

    scheme: str
    parameters: t.Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Token:
    """A bearer token.

    :param seconds: how long it is good for.
    """

    value: str = dataclasses.field(repr=False)
    seconds: float


def basic_authorization(username: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617, in UTF-8); empty without a user."""
    if not username:
        return ""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def parse_challenges(header: str) -> list[Challenge]:
    """The challenges of a WWW-Authenticate header; several headers are to be joined by commas."""
    challenges: list[Challenge] = []
    for item in _ITEM.finditer(header):
        if item["scheme"]:
            challenges.append(Challenge(item["scheme"].lower(), {}))
        elif challenges:
            value = item["plain"] if item["quoted"] is None else re.sub(r"\\(.)", r"\1", item["quoted"])
            last = challenges.pop()
            challenges.append(Challenge(last.scheme, {**last.parameters, item["key"].lower(): value}))
    return challenges


def find_bearer(header: str) -> Challenge | None:
    """The challenge that asks for a bearer token and says where to get it."""
    challenges = parse_challenges(header)
    return next((one for one in challenges if one.scheme == "bearer" and one.parameters.get("realm")), None)


def fetch_token(
    server: Server,
    challenge: Challenge,
    *,
    scopes: t.Sequence[str],
    authorization: str,
    connect: t.Callable[[Server], Connection],
) -> Token:
    """Get a bearer token from the realm of a challenge, with one request (Docker token authentication).

    :param server: the registry that sent the challenge; its CA and the system's vouch for the realm.
    :param authorization: basic authorization, empty for anonymous; it goes to a realm with TLS only.
    :param connect: makes the connection to the realm.
    :raises ProvisioningError: the realm is unusable, cannot be reached, or gives no token.
    """
    realm, path, query = find_realm(server, challenge, scopes, secret=authorization)
    headers = {"Authorization": authorization} if authorization else {}
    with network_errors(realm.endpoint):
        connection = connect(realm)
        try:
            connection.request("GET", f"{path}?{query}", headers=headers)
            response = connection.getresponse()
            status, body = response.status, response.read(TOKEN_LIMIT)
        finally:
            connection.close()
    return parse_token(realm, status, body)


def find_realm(
    server: Server, challenge: Challenge, scopes: t.Sequence[str], *, secret: str
) -> tuple[Server, str, str]:
    """The token server of a challenge, the path there and the query that asks for a token.

    :param secret: what is to be sent there, empty for nothing.
    :raises ProvisioningError: the realm is no URL of HTTP, or has no TLS and there is a secret to be sent.
    """
    url, realm = resolve(challenge.parameters["realm"], server)
    if secret and realm.scheme != "https" and realm.endpoint != server.endpoint:
        raise ProvisioningError(
            f"the token server {realm.endpoint} has no TLS, so the password is not sent there",
            reason="unauthorized",
            remedy="Give the registry a realm with https",
        )
    query = urllib.parse.parse_qsl(url.query)
    if "service" in challenge.parameters:
        query.append(("service", challenge.parameters["service"]))
    query += [("scope", scope) for scope in scopes]
    return realm, url.path or "/", urllib.parse.urlencode(query)


def parse_token(realm: Server, status: int, body: bytes) -> Token:
    """The token in the answer of a token server.

    :raises ProvisioningError: there is none.
    """
    if status != 200:
        raise _refusal(realm, status)
    try:
        data = json.loads(body)
        value = data.get("token") or data["access_token"]
        return Token(str(value), float(data.get("expires_in") or 60))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProvisioningError(
            f"the token server {realm.endpoint} gives no token",
            reason="not_a_registry",
            remedy="Check the token server",
        ) from error


def _refusal(realm: Server, status: int) -> ProvisioningError:
    if status in (400, 401, 403):
        return ProvisioningError(
            f"the token server {realm.endpoint} refuses the credentials (HTTP {status})",
            reason="unauthorized",
            remedy="Correct username and password in the record",
        )
    return unreachable(f"the token server {realm.endpoint} answers HTTP {status}", "Check the token server")


__all__ = (
    "TOKEN_LIMIT",
    "Challenge",
    "Token",
    "basic_authorization",
    "fetch_token",
    "find_bearer",
    "find_realm",
    "parse_challenges",
    "parse_token",
)
