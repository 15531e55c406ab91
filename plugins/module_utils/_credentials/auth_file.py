# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins in Docker's config.json and in containers-auth.json(5). This module util is private to the collection.

Everything that is not the login of one registry stays byte for byte.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import show_nothing
from ansible_collections.edgeops.registry.plugins.module_utils._credentials.json_text import (
    parse,
    remove_member,
    set_member,
)
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

DOCKER_HUB = "https://index.docker.io/v1/"
_DOCKER_HUB_HOSTS = ("docker.io", "index.docker.io", "registry-1.docker.io")
_ALIAS = re.compile(r"(?:https?://)?([^/]+)(?:/|/v[12]/?)?", re.IGNORECASE)
_SHOWN = ("credsStore", "credHelpers")
_HIDDEN = "<hidden>"


def set_login(content: bytes | None, path: str, record: Record, *, store: str | None) -> bytes:
    """Content with the record's login, such that the clients of this file use it.

    :param path: for errors.
    :param store: what to do where a `credsStore` would hide the login: `fail`, or `bypass` it for this registry alone;
        None: the clients of this file know no `credsStore`.
    :raises ProvisioningError: the content cannot be understood, or a credential helper is in the way.
    """
    text = _text(content, path) or "{}"
    document = _parse(text, path)
    for alias in _aliases(document, record.endpoint):
        text = remove_member(text, "auths", alias)
    login = base64.b64encode(f"{record.username}:{record.password}".encode()).decode()
    for key in _keys(record.endpoint):
        if not _is_login(_section(document, "auths").get(key), login):
            text = set_member(text, "auths", key, {"auth": login})
        if _must_bypass(document, key, path, store):
            text = set_member(text, "credHelpers", key, "")
    return text.encode()


def remove_login(content: bytes | None, path: str, endpoint: Endpoint) -> bytes | None:
    """Content without any login at the registry, None where nothing else was in it.

    :raises ProvisioningError: the content cannot be understood.
    """
    text = _text(content, path)
    if content is None or not text:
        return content
    document = _parse(text, path)
    edited = text
    for name in (*_keys(endpoint), *_aliases(document, endpoint)):
        edited = remove_member(edited, "auths", name)
    for key in _keys(endpoint):
        if _section(document, "credHelpers").get(key) == "":
            edited = remove_member(edited, "credHelpers", key)
    if edited == text:
        return content
    return None if parse(edited) in ({}, {"auths": {}}) else edited.encode()


def redact(content: bytes) -> bytes:
    """What a diff may show: the structure, the registries' names and the credential helpers, but no other value."""
    try:
        document = _parse(_text(content, "") or "{}", "")
    except ProvisioningError:
        return show_nothing(content)
    shown = {key: value if key in _SHOWN else _hide(value) for key, value in document.items()}
    return (json.dumps(shown, indent=4) + "\n").encode()


def _hide(value: object) -> object:
    if isinstance(value, dict):
        return {key: _hide(inner) for key, inner in value.items()}
    return [_hide(inner) for inner in value] if isinstance(value, list) else _HIDDEN


def _keys(endpoint: Endpoint) -> tuple[str, ...]:
    """The names under which clients look the login up: as the image names the registry, which may leave port 443 out."""
    if _is_docker_hub(endpoint):
        return (DOCKER_HUB,)
    host = str(endpoint).removesuffix(":443")
    return (str(endpoint), host) if endpoint.port == 443 else (str(endpoint),)


def _is_docker_hub(endpoint: Endpoint) -> bool:
    return endpoint.port == 443 and endpoint.host in _DOCKER_HUB_HOSTS


def _aliases(document: t.Mapping[str, t.Any], endpoint: Endpoint) -> list[str]:
    """Other names of the same registry: clients fall back to these, and one of two logins is then stale.

    `host:port/path` without a scheme is none: it is podman's login for a part of a registry.
    """
    keys = _keys(endpoint)
    return [name for name in _section(document, "auths") if name not in keys and _names(name, endpoint)]


def _names(name: str, endpoint: Endpoint) -> bool:
    alias = _ALIAS.fullmatch(name)
    if not alias:
        return False
    host = alias.group(1)
    if _is_docker_hub(endpoint) and host.lower() in _DOCKER_HUB_HOSTS:
        return True
    try:
        return Endpoint.parse(host) == endpoint
    except ProvisioningError:
        return False


def _is_login(entry: object, login: str) -> bool:
    """Whether clients read this login from an entry; a token would go before it."""
    if not isinstance(entry, dict) or entry.get("identitytoken") or entry.get("registrytoken"):
        return False
    return entry.get("auth") == login


def _must_bypass(document: t.Mapping[str, t.Any], key: str, path: str, store: str | None) -> bool:
    """Whether a credential store would hide the login, and may be bypassed.

    :raises ProvisioningError: the user's own choice is in the way.
    """
    helpers = _section(document, "credHelpers")
    if helpers.get(key):
        raise ProvisioningError(
            f"{path} names the credential helper {helpers[key]!r} for this registry, so that clients ignore a login there",
            reason="conflict",
            part="credentials",
            remedy=f"Remove {key} from credHelpers in {path}, or leave this file out",
        )
    if store is None or key in helpers or not document.get("credsStore"):
        return False
    if store == "fail":
        raise ProvisioningError(
            f"{path} names the credential store {document['credsStore']!r}, so that Docker ignores a login there",
            reason="conflict",
            part="credentials",
            remedy="Set credential_store to bypass to keep the password of this registry alone in the file",
        )
    return True


def _section(document: t.Mapping[str, t.Any], name: str) -> dict[str, t.Any]:
    section = document.get(name)
    return section if isinstance(section, dict) else {}


def _text(content: bytes | None, path: str) -> str:
    """The content as text, empty where it is blank."""
    try:
        text = (content or b"").decode()
    except UnicodeDecodeError as error:
        raise _unparsable(f"{path} is not UTF-8") from error
    return text if text.strip(" \t\r\n") else ""


def _parse(text: str, path: str) -> dict[str, t.Any]:
    try:
        document = parse(text)
    except json.JSONDecodeError as error:
        raise _unparsable(f"{path} line {error.lineno} column {error.colno}: {error.msg}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise _unparsable(f"{path}: {error}") from error
    for name in ("auths", "credHelpers"):
        if not (document.get(name) is None or isinstance(document[name], dict)):
            raise _unparsable(f"{path}: {name} is not an object")
    return document


def _unparsable(message: str) -> ProvisioningError:
    return ProvisioningError(
        message, reason="unparsable", part="credentials", remedy="Correct the file: it is left as it is until then"
    )


__all__ = ("DOCKER_HUB", "redact", "remove_login", "set_login")
