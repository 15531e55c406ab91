# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doing something as another user. This module util is private to the collection."""

from __future__ import annotations

import json
import os
import pwd
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

T = t.TypeVar("T")


def find_account(name: str) -> pwd.struct_passwd:
    """The account of a user.

    :raises ProvisioningError: there is none.
    """
    try:
        return pwd.getpwnam(name)
    except (KeyError, ValueError) as error:  # ValueError: a NUL in the name
        raise ProvisioningError(
            f"there is no user {name!r} on this host", remedy="Create the user or leave it out"
        ) from error


def as_user(name: str, action: t.Callable[[], T]) -> T:
    """Run an action with the rights of a user: root writing below a home directory would be an escalation.

    The action runs in a forked child. What it returns must survive JSON, since the user could tamper with the
    child and richer formats could carry code into the parent.

    :raises ProvisioningError: as the action, or where this process may not become that user.
    :raises OSError: as the action.
    """
    account = find_account(name)
    if account.pw_uid == os.geteuid():
        return action()
    if os.geteuid() != 0:
        raise ProvisioningError(f"only root can act for user {name!r}", remedy="Set become")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run_in_child(account, action, writer)
    os.close(writer)
    with open(reader, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return t.cast("T", _unpack(name, answer))


def _run_in_child(account: pwd.struct_passwd, action: t.Callable[[], t.Any], writer: int) -> t.NoReturn:
    code = 1
    try:
        os.initgroups(account.pw_name, account.pw_gid)
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        with open(writer, "wb") as pipe:
            pipe.write(json.dumps(_outcome(action)).encode())
        code = 0
    finally:
        os._exit(code)


def _outcome(action: t.Callable[[], t.Any]) -> dict[str, t.Any]:
    try:
        return {"result": action()}
    except ProvisioningError as error:
        return {"failure": error.as_failure()}
    except OSError as error:
        return {"os_error": [error.errno, error.strerror, error.filename]}


def _unpack(name: str, answer: bytes) -> object:
    if not answer:
        raise ProvisioningError(f"the child that acted for user {name!r} died", reason="io")
    outcome = json.loads(answer)
    if "failure" in outcome:
        raise ProvisioningError.from_failure(outcome["failure"])
    if "os_error" in outcome:
        raise OSError(*outcome["os_error"])
    return outcome["result"]


__all__ = ("as_user", "find_account")
