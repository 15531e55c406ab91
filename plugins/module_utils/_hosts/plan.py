# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts file of a client. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import functools
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint, parse_address
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._hosts.lines import remove_entry, set_entry
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

HOSTS_FILE = "/etc/hosts"


def present(records: t.Sequence[Record], path: str = HOSTS_FILE) -> list[FilePlan]:
    """Plans that give each record's host the record's addresses; nothing where there are none or DNS is not used.

    A plan fails where a foreign line, or an earlier record, gives the host another address of the same family.
    """
    plans = []
    for number, record in enumerate(records):
        addresses = () if record.endpoint.is_address else record.addresses
        render = functools.partial(_render, path, record.endpoint, addresses, records[:number])
        plans.append(FilePlan(path, render, owner=str(record.endpoint)))
    return plans


def absent(endpoints: t.Iterable[Endpoint], path: str = HOSTS_FILE) -> list[FilePlan]:
    """Plans that take back what `present` did for these endpoints."""
    return [
        FilePlan(path, functools.partial(remove_entry, endpoint=endpoint), owner=str(endpoint))
        for endpoint in endpoints
    ]


def cloud_init_warning(path: str = HOSTS_FILE) -> str:
    """A warning where cloud-init renders the file from a template at every boot, else an empty text."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        if b"'manage_etc_hosts' as True" in file.read():
            return (
                f"cloud-init writes {path} anew at every boot, without this entry. "
                "Set manage_etc_hosts: false in /etc/cloud/cloud.cfg, or run this again after each boot"
            )
    return ""


def _render(
    path: str, endpoint: Endpoint, addresses: t.Sequence[str], earlier: t.Sequence[Record], content: bytes | None
) -> bytes | None:
    for record in earlier:
        if record.endpoint.host == endpoint.host and not _agree(record.addresses, addresses):
            raise ProvisioningError(
                f"the records of {record.endpoint} and {endpoint} give one host different addresses",
                reason="conflict",
                part="hosts",
                remedy="Correct the addresses, or give each registry a name of its own",
            )
    return set_entry(content, path, endpoint, addresses)


def _agree(some: t.Sequence[str], others: t.Sequence[str]) -> bool:
    """Whether no family has different addresses in the two lists."""
    families = {parsed.version: parsed for parsed in map(parse_address, some) if parsed}
    return all(families.get(parsed.version, parsed) == parsed for parsed in map(parse_address, others) if parsed)


__all__ = ("HOSTS_FILE", "absent", "cloud_init_warning", "present")
