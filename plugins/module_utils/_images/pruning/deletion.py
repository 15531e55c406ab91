# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking tags and manifests away. This module util is private to the collection."""

from __future__ import annotations

import json

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.retention import PLACEHOLDER_TYPE, Plan
from ansible_collections.edgeops.registry.plugins.module_utils._images.registry_access import Access

_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_EMPTY = b"{}"


def carry_out(plan: Plan, access: Access) -> None:
    """Do what is planned for one repository, and see that it is so.

    Manifests go before those that they consist of, so that at no moment a tag points to something incomplete.

    :raises ProvisioningError: the registry refuses or fails.
    """
    repository = plan.inventory.repository
    for tag in plan.tags("untag"):
        if not access.catalog.untag(repository, tag):
            _untag_by_placeholder(repository, tag, access)
    for digest in plan.deleted:
        access.catalog.delete(repository, digest)
    _verify(plan, access)


def _untag_by_placeholder(repository: str, tag: str, access: Access) -> None:
    """Move a tag to a manifest of its own and delete that, where deleting what it points to would hit other tags."""
    destination = access.repository(repository)
    if not destination.has_blob(sha256(_EMPTY)):
        destination.upload_blob(sha256(_EMPTY), len(_EMPTY), lambda: (_EMPTY,))
    content = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST_TYPE,
            "artifactType": PLACEHOLDER_TYPE,
            "config": {"mediaType": _EMPTY_TYPE, "digest": sha256(_EMPTY), "size": len(_EMPTY)},
            "layers": [],
            "annotations": {"org.opencontainers.image.ref.name": tag},
        }
    ).encode()
    destination.put_manifest(tag, _MANIFEST_TYPE, content)
    access.catalog.delete(repository, sha256(content))


def _verify(plan: Plan, access: Access) -> None:
    there = set(access.catalog.tags(plan.inventory.repository) or ())
    lost = sorted(set(plan.tags("keep")) - there)
    if lost:
        raise ProvisioningError(
            f"{', '.join(lost)} should have stayed and is not there any more",
            reason="conflict",
            remedy="Find out who else deletes there, and seed it again",
        )
    left = sorted(there.intersection(plan.tags("untag", "delete")))
    if left:
        raise ProvisioningError(
            f"the registry accepted the deletion and still lists {', '.join(left)}",
            reason="conflict",
            remedy="Run it again; if that does not help, look at the registry's log",
        )


__all__ = ("carry_out",)
