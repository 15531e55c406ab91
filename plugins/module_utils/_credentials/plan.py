# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The auth files of a client. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import functools
import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._credentials.auth_file import (
    redact,
    remove_login,
    set_login,
)
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

CREDENTIAL_STORE = ("fail", "bypass")
"""What to do where a `credsStore` would hide a login."""


@dataclasses.dataclass(frozen=True)
class AuthFile:
    """A file that keeps logins.

    :param path: absolute path.
    :param account: name of the user as whom it is written; None: the user that runs the module.
    """

    path: str
    account: str | None = None

    @property
    def knows_credential_store(self) -> bool:
        """Whether its clients read `credsStore`: Docker does, the kubelet and those of containers-auth.json(5) do not."""
        return os.path.basename(self.path) == "config.json" and not self.path.endswith("/kubelet/config.json")

    @property
    def private_directory(self) -> str:
        """The hidden directory, such as ~/.docker, that it lies in; empty for a file of the system.

        The innermost one: a home directory may be hidden itself.
        """
        parts = os.path.dirname(self.path).split(os.sep)
        hidden = max((number for number, part in enumerate(parts) if part.startswith(".")), default=-1)
        return os.sep.join(parts[: hidden + 1])


def present(
    records: t.Iterable[Record], auth_files: t.Sequence[AuthFile], *, credential_store: str = "fail"
) -> list[FilePlan]:
    """Plans that put each record's login into each file; nothing for an anonymous record.

    :param credential_store: one of `CREDENTIAL_STORE`.
    """
    logins = [record for record in records if record.username]
    return [_present(file, record, credential_store) for file in auth_files for record in logins]


def absent(endpoints: t.Sequence[Endpoint], auth_files: t.Sequence[AuthFile]) -> list[FilePlan]:
    """Plans that remove the logins at these endpoints, and each file and private directory that is empty then."""
    return [
        _plan(file, endpoint, functools.partial(remove_login, path=file.path, endpoint=endpoint), enforce_mode=False)
        for file in auth_files
        for endpoint in endpoints
    ]


def _present(file: AuthFile, record: Record, credential_store: str) -> FilePlan:
    store = credential_store if file.knows_credential_store else None
    render = functools.partial(set_login, path=file.path, record=record, store=store)
    return _plan(file, record.endpoint, render, enforce_mode=True)


def _plan(
    file: AuthFile, endpoint: Endpoint, render: t.Callable[[bytes | None], bytes | None], *, enforce_mode: bool
) -> FilePlan:
    return FilePlan(
        file.path,
        render,
        owner=str(endpoint),
        mode=0o600,
        enforce_mode=enforce_mode,
        directory_mode=0o700 if file.private_directory else 0o755,
        account=file.account,
        prune=file.private_directory,
        redact=redact,
    )


__all__ = ("CREDENTIAL_STORE", "AuthFile", "absent", "present")
