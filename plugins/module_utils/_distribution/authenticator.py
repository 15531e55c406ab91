# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Authorization header a request carries. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
import urllib.parse

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authentication import (
    TOKEN_LIMIT,
    Challenge,
    Token,
    basic_authorization,
    find_bearer,
    find_realm,
    parse_token,
)
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.pool import Pool, Request
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

_CLIENT = "edgeops.registry"
_MARGIN = 10.0  # seconds before its end at which a token is not used any more


@dataclasses.dataclass(frozen=True)
class Credentials:
    """Who somebody is at a registry: user and password, or an identity token, or nobody.

    :param identity_token: an OAuth2 refresh token, as `docker login` keeps it for some registries.
    """

    username: str = ""
    password: str = dataclasses.field(default="", repr=False)
    identity_token: str = dataclasses.field(default="", repr=False)

    @classmethod
    def of(cls, record: Record) -> Credentials:
        """Those of a record."""
        return cls(record.username, record.password)


class Authenticator:
    """One identity at one registry: basic at once, bearer tokens once asked for, kept per scope for all threads."""

    def __init__(self, server: Server, credentials: Credentials, pool: Pool) -> None:
        self._server = server
        self._basic = basic_authorization(credentials.username, credentials.password)
        self._identity_token = credentials.identity_token
        self._pool = pool
        self._lock = threading.Lock()
        self._challenge: Challenge | None = None
        self._tokens: dict[tuple[str, ...], tuple[str, float]] = {}

    def authorization(self, scopes: tuple[str, ...]) -> tuple[str, int]:
        """The header's value, empty for none, and how many requests it took to get it.

        :raises ProvisioningError: the token server gives no token.
        """
        with self._lock:
            if self._challenge is None:
                return self._basic, 0
            header, expiry = self._tokens.get(scopes, ("", 0.0))
            if time.monotonic() < expiry:
                return header, 0
            token = self._fetch_token(self._challenge, scopes)
            header = f"Bearer {token.value}"
            self._tokens[scopes] = (header, time.monotonic() + token.seconds - _MARGIN)
            return header, 1

    def learn(self, www_authenticate: str, refused: str) -> bool:
        """Take note of a refusal; whether the same request may succeed with another header.

        :param www_authenticate: the challenges of the answer.
        :param refused: the header that did not do.
        """
        challenge = find_bearer(www_authenticate)
        if challenge is None:
            return False
        with self._lock:
            self._challenge = challenge
            self._tokens = {scopes: kept for scopes, kept in self._tokens.items() if kept[0] != refused}
        return True

    def _fetch_token(self, challenge: Challenge, scopes: tuple[str, ...]) -> Token:
        if self._identity_token:
            realm, request = self._refresh_request(challenge, scopes)
        else:
            realm, path, query = find_realm(self._server, challenge, scopes, secret=self._basic)
            headers = {"Authorization": self._basic} if self._basic else {}
            request = Request("GET", f"{path}?{query}", headers)
        with contextlib.closing(self._pool.send(realm, request)) as answer:
            return parse_token(realm, answer.status, answer.read(TOKEN_LIMIT))

    def _refresh_request(self, challenge: Challenge, scopes: tuple[str, ...]) -> tuple[Server, Request]:
        """Docker's OAuth2 token request: scopes in one field, the identity token as refresh token."""
        scope = [" ".join(scopes)] if scopes else []
        realm, path, query = find_realm(self._server, challenge, scope, secret=self._identity_token)
        grant = {"grant_type": "refresh_token", "client_id": _CLIENT, "refresh_token": self._identity_token}
        form = f"{query}&{urllib.parse.urlencode(grant)}".encode("ascii")
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(form))}
        return realm, Request("POST", path, headers, lambda: (form,))


__all__ = ("Authenticator", "Credentials")
