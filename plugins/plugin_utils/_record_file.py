# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of registry records on the controller, plain or vaulted. This plugin util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, VaultSecret, is_encrypted, match_best_secret
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.plugin_utils._record_text import (
    drop_record,
    put_record,
    read_items,
    show_records,
)


@dataclasses.dataclass(frozen=True)
class _Opened:
    """The text of a file, and the id of the secret that opened it, None where it was not encrypted."""

    text: str
    vault_id: str | None


@dataclasses.dataclass(frozen=True)
class RecordFile:
    """Reads and writes the content of a record file.

    :param secrets: the vault secrets at hand, by their ids.
    :param vault_id: the id of the secret to encrypt with; None leaves a file as it is, plain or vaulted.
    """

    secrets: t.Sequence[tuple[str, VaultSecret]] = dataclasses.field(repr=False)
    vault_id: str | None = None

    def put(self, content: bytes | None, record: Record) -> bytes:
        """The file with a record, which replaces the one for the same endpoint.

        :raises ProvisioningError: the file cannot be decrypted or understood, or the secret is not at hand.
        """
        opened = self._open(content or b"")
        return self._close(content, opened, put_record(opened.text, record))

    def drop(self, content: bytes | None, endpoint: Endpoint) -> bytes | None:
        """The file without the record of an endpoint; None where that was all that it held.

        :raises ProvisioningError: as `put`.
        """
        if content is None:
            return None
        opened = self._open(content)
        after = drop_record(opened.text, endpoint)
        if after == opened.text:
            return content
        return self._close(content, opened, after) if after.strip("-\n ") else None

    def find(self, content: bytes, endpoint: Endpoint) -> Record | None:
        """The record of an endpoint, None where it is not there.

        :raises ProvisioningError: the file cannot be decrypted or understood.
        """
        records = (item.record for item in read_items(self._open(content).text))
        return next((record for record in records if record.endpoint == endpoint), None)

    def show(self, content: bytes) -> bytes:
        """The records without their secrets."""
        return show_records(self._open(content).text).encode()

    def _open(self, content: bytes) -> _Opened:
        vault_id = None
        if is_encrypted(content):
            try:
                content, vault_id = VaultLib(self.secrets).decrypt_and_get_vault_id(content)[:2]
            except AnsibleError as error:
                raise ProvisioningError(
                    "it is encrypted, and no vault secret at hand opens it", remedy="Give the secret with --vault-id"
                ) from error
        try:
            return _Opened(bytes(content).decode(), vault_id)
        except UnicodeDecodeError as error:
            raise ProvisioningError(
                "it is not UTF-8", reason="unparsable", remedy="Restore it, or move it away"
            ) from error

    def _close(self, content: bytes | None, opened: _Opened, after: str) -> bytes:
        """The bytes to write: those that are there where nothing changes, since encrypting differs every time."""
        vault_id = self.vault_id or opened.vault_id
        if content is not None and (after, vault_id) == (opened.text, opened.vault_id):
            return content
        if vault_id is None:
            return after.encode()
        secret = match_best_secret(self.secrets, [vault_id])
        if secret is None:
            raise ProvisioningError(
                f"no vault secret has the id {vault_id}",
                part="vault_id",
                remedy=f"Give it with --vault-id {vault_id}@FILE",
            )
        encrypted: bytes = VaultLib(self.secrets).encrypt(after, secret=secret[1], vault_id=vault_id)
        return encrypted


__all__ = ("RecordFile",)
