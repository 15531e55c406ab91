# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts file of a host that no module of ours runs on."""

from __future__ import annotations

import codecs
import functools
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._hosts.plan import absent, present
from ansible_collections.edgeops.registry.plugins.module_utils._record import parse_records
from ansible_collections.edgeops.registry.plugins.plugin_utils._foreign_files import (
    Records,
    as_text,
    converged,
    endpoints,
)

_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def hosts_file(content: str | None, records: Records, state: str = "present", path: str = "hosts file") -> str:
    """The text of a hosts file in which registries have their addresses, or no longer have them.

    :raises AnsibleFilterError: a record is wrong, the file is in UTF-16, or a line that is not ours is in the way.
    """
    try:
        plans = absent(endpoints(records), path) if state == "absent" else _present(records, path)
        return as_text(converged(plans, content) or b"")
    except ProvisioningError as error:
        raise AnsibleFilterError(f"hosts_file: {error}") from None


def _present(records: Records, path: str) -> list[FilePlan]:
    readable = FilePlan(path, functools.partial(_refuse_wide, path), owner="")
    return [readable, *present(parse_records(records), path)]


def _refuse_wide(path: str, content: bytes | None) -> bytes | None:
    """UTF-16, which PowerShell's redirection writes, has a NUL beside each ASCII character; Windows itself reads no such hosts file."""
    if content and (content.startswith(_BYTE_ORDER_MARKS) or b"\0" in content):
        raise ProvisioningError(
            f"{path} is in UTF-16, in which Windows finds no entry",
            reason="unparsable",
            part="hosts",
            remedy="Save it as UTF-8 or ANSI, and run this again",
        )
    return content


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """All filters by name."""
        return {"hosts_file": hosts_file}
