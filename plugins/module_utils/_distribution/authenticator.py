# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Authorization header a request carries. This module util is private to the collection."""

from __future__ import annotations

import threading
import time

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authentication import (
    Challenge,
    basic_authorization,
    fetch_token,
    find_bearer,
)
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server

_MARGIN = 10.0  # seconds before its end at which a token is not used any more


class Authenticator:
    """One identity at one registry: basic at once, bearer tokens once asked for, kept per scope for all threads."""

    def __init__(self, server: Server, username: str, password: str, timeout: float) -> None:
        self._server = server
        self._basic = basic_authorization(username, password)
        self._timeout = timeout
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
            token = fetch_token(
                self._server, self._challenge, scopes=scopes, authorization=self._basic, timeout=self._timeout
            )
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


__all__ = ("Authenticator",)
