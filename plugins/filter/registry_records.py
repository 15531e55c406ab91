# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selection of registry records."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record, parse_records

Records = list[dict[str, t.Any]] | None


def registry_records(explicit: Records, inventory: Records = None, published: Records = None) -> list[dict[str, t.Any]]:
    """The first of the three lists that is not empty, in canonical form.

    :raises AnsibleFilterError: all are empty, or a record is wrong.
    """
    sources = {"registries": explicit, "edge_registry_records": inventory, "published": published}
    try:
        return [record.as_dict() for record in _select(sources)]
    except ProvisioningError as error:
        raise AnsibleFilterError(f"registry_records: {error}") from None


def _select(sources: dict[str, Records]) -> list[Record]:
    for name, records in sources.items():
        if records is not None and not isinstance(records, (list, tuple)):
            raise ProvisioningError("must be a list of records", part=name, remedy="Put the record into a list")
        if records:
            return parse_records(records, name)
    raise ProvisioningError(
        "there is no registry record",
        remedy="Set client_registries, namespaces_registries or edge_registry_records (-e @records.yml, which role registry writes where "
        "registry_record_file names one), or let the run, and its --limit, include the registry's host",
    )


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """All filters by name."""
        return {"registry_records": registry_records}
