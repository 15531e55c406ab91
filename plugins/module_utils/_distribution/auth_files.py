# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials that a host keeps: Docker's config.json, containers-auth.json(5). This module util is private to the collection."""

from __future__ import annotations

import base64
import json
import re

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authenticator import Credentials
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.docker_hub import (
    DOCKER_HUB,
    HUB_HOSTS,
    HUB_LOGIN,
)
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand, ask

_NO_USER = "<token>"  # what a credential helper says where the secret is an identity token
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_URL = re.compile(r"(?:https?://)?(?P<host>[^/]+)(?P<path>/.*)?", re.DOTALL)
_API_PATHS = ("/v1", "/v2")


class AuthFile:
    """The logins of one file, with the credential helpers that it names.

    :param content: of the file.
    :param path: how errors name it.
    :raises ProvisioningError: it cannot be understood. Nothing of it is in the message.
    """

    def __init__(self, content: bytes, path: str, run_command: RunCommand) -> None:
        self._path = path
        self._run_command = run_command
        try:
            document = json.loads(content)
            self._auths = {_place(key): entry for key, entry in (document.get("auths") or {}).items()}
            self._helpers = {_place(key): str(name) for key, name in (document.get("credHelpers") or {}).items()}
            self._store = str(document.get("credsStore") or "")
        except (ValueError, AttributeError) as error:
            raise ProvisioningError(
                f"{path} is no file of registry logins", reason="unparsable", remedy="Correct it, or log in again"
            ) from error
        self._said: dict[tuple[str, str], Credentials | None] = {}

    @classmethod
    def read(cls, path: str, run_command: RunCommand) -> AuthFile:
        """Read a file.

        :raises ProvisioningError: it cannot be read or understood.
        """
        try:
            with open(path, "rb") as file:
                return cls(file.read(), path, run_command)
        except OSError as error:
            raise ProvisioningError(
                f"{path} cannot be read: {error.strerror}", reason="io", remedy="Correct the path, or leave it out"
            ) from error

    def credentials(self, host: str, repository: str) -> Credentials | None:
        """Those for a repository: of the most specific entry, in the order in which container engines look for them.

        :param host: host, or host:port, as in the name of the image.
        :raises ProvisioningError: an entry is broken, or a credential helper fails.
        """
        registry = _place(host)
        if registry in self._helpers:
            name = self._helpers[registry]
            return self._ask(name, registry) if name else self._entry(registry, repository)
        return self._entry(registry, repository) or (self._ask(self._store, registry) if self._store else None)

    def _entry(self, registry: str, repository: str) -> Credentials | None:
        names = repository.split("/")
        places = ["/".join((registry, *names[:count])) for count in range(len(names), -1, -1)]
        found = ((place, _parse_entry(self._auths[place])) for place in places if place in self._auths)
        for place, credentials in found:
            if credentials is None:
                raise ProvisioningError(
                    f"the login for {place} in {self._path} is broken", reason="unparsable", remedy="Log in again"
                )
            if credentials != Credentials():
                return credentials
        return None

    def _ask(self, name: str, registry: str) -> Credentials | None:
        if (name, registry) not in self._said:
            self._said[name, registry] = self._ask_helper(name, registry)
        return self._said[name, registry]

    def _ask_helper(self, name: str, registry: str) -> Credentials | None:
        """Docker's protocol of credential helpers: the registry on standard input, JSON on standard output."""
        program = f"docker-credential-{name}"
        if not _HELPER.fullmatch(name):
            raise self._failure(program, "has no possible name")
        server = HUB_LOGIN if registry == DOCKER_HUB else registry
        code, output, dummy = ask(self._run_command, [program, "get"], server)
        if code != 0:
            if "credentials not found" in output:
                return None
            raise self._failure(program, f"ended with {code} when asked for {registry}")
        try:
            answer = json.loads(output)
            username, secret = str(answer["Username"]), str(answer["Secret"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._failure(program, f"gives no credentials for {registry}") from error
        return Credentials(identity_token=secret) if username == _NO_USER else Credentials(username, secret)

    def _failure(self, program: str, what: str) -> ProvisioningError:
        return ProvisioningError(
            f"the credential helper {program}, which {self._path} names, {what}",
            reason="unauthorized",
            remedy="Correct it there, or put the credentials into the record",
        )


def _place(key: str) -> str:
    """Registry, or registry and path, as every spelling of it in a file means it."""
    match = _URL.fullmatch(key)
    if match is None:
        return key
    host = match["host"].lower().removesuffix(":443")
    path = (match["path"] or "").rstrip("/")
    return (DOCKER_HUB if host in HUB_HOSTS else host) + ("" if path in _API_PATHS else path)


def _parse_entry(entry: object) -> Credentials | None:
    """An item of `auths`, empty ones as they stand beside a helper included; None where it is broken."""
    if not isinstance(entry, dict):
        return None
    try:
        username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
        if entry.get("auth"):
            username, dummy, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
            password = password.rstrip("\0")
    except (ValueError, TypeError):
        return None
    token = str(entry.get("identitytoken") or "")
    if token:
        return Credentials(identity_token=token)
    return Credentials(username, password) if username and password else Credentials()


__all__ = ("AuthFile",)
