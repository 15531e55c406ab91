# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of hosts that no module of ours runs on, for filters. This plugin util is private to the collection."""

from __future__ import annotations

import base64
import binascii
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

Records = t.Sequence[t.Mapping[str, t.Any]]


def converged(plans: t.Iterable[FilePlan], content: str | None) -> bytes | None:
    """The content of a file after all plans for it.

    :param content: what the file holds, in base64 as module slurp returns it; empty where there is no file.
    :raises ProvisioningError: it cannot be understood, or a plan cannot be carried out.
    """
    try:
        after = base64.b64decode(content, validate=True) if content else None
    except binascii.Error as error:
        raise ProvisioningError("must be in base64, as module slurp returns it", part="content") from error
    for plan in plans:
        after = plan.render(after)
    return after


def as_text(content: bytes) -> str:
    """Bytes as a template can hold them: modules that write text encode it back to the very same ones."""
    return content.decode("utf-8", "surrogateescape")


def endpoints(records: Records) -> list[Endpoint]:
    """The endpoints of what is to be removed, which need be no whole records."""
    return [Endpoint.parse(str(record.get("endpoint", ""))) for record in records]


__all__ = ("Records", "as_text", "converged", "endpoints")
