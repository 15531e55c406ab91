# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pull secret of a namespace, and the service accounts that use it. This module util is private to the collection.

Everything here is pure: an object as it is, or None, goes in, and what has to be written, or None, comes out.
"""

from __future__ import annotations

import base64
import binascii
import json
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._credentials import auth_file
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.converge import Write, written_fields
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    MANAGED_BY,
    SECRETS,
    SERVICE_ACCOUNTS,
    Object,
    is_ours,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.secret_diff import DOCKER_CONFIG
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

TYPE = "kubernetes.io/dockerconfigjson"
DEFAULT_ACCOUNT = "default"
"""The service account that the cluster makes in every namespace, and of pods that name none."""

_MAXIMUM_BYTES = 1024 * 1024


def add_logins(found: Object | None, namespace: str, name: str, records: t.Sequence[Record]) -> Write | None:
    """Have a secret hold the logins: of ours nothing else, in another's beside what is there.

    :raises ProvisioningError: there is a secret of that name that cannot hold them.
    """
    place = f"secret {namespace}/{name}"
    is_foreign = found is not None and not is_ours(found)
    if found is not None:
        _check_usable(found, place)
    before = content(found)
    after = before if is_foreign else None
    for record in records:
        after = auth_file.set_login(after, place, record, store=None)
    after = after or b"{}"
    if found is not None and _same(before, after):
        return None
    data = {DOCKER_CONFIG: base64.b64encode(after).decode()}
    _check_size({**(found or {}).get("data", {}), **data}, place)
    if found is not None and is_foreign:
        return Write("merge", _update_of(found, data=data))
    return Write("apply", SECRETS.new(name, namespace, labels=MANAGED_BY, type=TYPE, data=data))


def remove_logins(found: Object | None, namespace: str, endpoints: t.Iterable[Endpoint]) -> Write | None:
    """Remove a secret of ours, or the logins at these registries from another's."""
    if found is None or found.get("type") != TYPE:
        return None
    if is_ours(found):
        return Write("delete")
    before = after = content(found)
    for endpoint in endpoints:
        after = auth_file.remove_login(after, f"secret {namespace}/{found['metadata']['name']}", endpoint)
    if after == before:
        return None
    return Write("merge", _update_of(found, data={DOCKER_CONFIG: base64.b64encode(after or b'{"auths":{}}').decode()}))


def content(found: Object | None) -> bytes | None:
    """The docker configuration in a secret; None where there is none."""
    encoded = ((found or {}).get("data") or {}).get(DOCKER_CONFIG)
    try:
        return None if encoded is None else base64.b64decode(encoded)
    except binascii.Error:
        return None


def add_reference(found: Object | None, namespace: str, account: str, secret: str) -> Write | None:
    """Have pods of a service account get a pull secret, beside those that they get already."""
    wanted = {"name": secret}
    if found is None:
        labels = {} if account == DEFAULT_ACCOUNT else {"labels": MANAGED_BY}
        new = SERVICE_ACCOUNTS.new(account, namespace, imagePullSecrets=[wanted], **labels)
        return Write("create", new)  # an apply would replace the list of one that has come into being since
    if secret in references(found):
        return None
    return Write("merge", _update_of(found, imagePullSecrets=[*(found.get("imagePullSecrets") or ()), wanted]))


def remove_reference(found: Object | None, secret: str) -> Write | None:
    """Have pods of a service account not get a pull secret any more."""
    if found is None or secret not in references(found):
        return None
    kept = [item for item in found["imagePullSecrets"] if item.get("name") != secret]
    return Write("merge", _update_of(found, imagePullSecrets=kept))


def was_given(found: Object, secret: str) -> bool:
    """Whether a service account uses a pull secret because an earlier run had it so."""
    return secret in references(found) and any(
        "f:imagePullSecrets" in fields for fields in written_fields(found, "Update")
    )


def references(found: t.Mapping[str, t.Any]) -> list[str]:
    """The names of the pull secrets of a service account, or of a pod's specification."""
    return [item["name"] for item in found.get("imagePullSecrets") or () if item.get("name")]


def _update_of(found: Object, **fields: t.Any) -> Object:
    """A change of fields that is refused if somebody else has changed the object since: the API replaces these lists as a whole."""
    return {"metadata": {"resourceVersion": found["metadata"]["resourceVersion"]}, **fields}


def _check_usable(found: Object, place: str) -> None:
    about = found["metadata"]
    remedy = "Take another name with pull_secret"
    if not is_ours(found):  # those that are may be what a registry serves with
        remedy += f"; or remove it with kubectl delete secret {about['name']} --namespace={about['namespace']}"
    if found.get("type") != TYPE:
        message = f"it is of type {found.get('type')}, not {TYPE}, and the type of a secret cannot be changed"
        raise ProvisioningError(message, reason="conflict", part=place, remedy=remedy)
    if found.get("immutable"):
        raise ProvisioningError("it is immutable", reason="conflict", part=place, remedy=remedy)


def _check_size(data: t.Mapping[str, str], place: str) -> None:
    size = sum(len(value) * 3 // 4 for value in data.values())
    if size > _MAXIMUM_BYTES:
        raise ProvisioningError(
            f"it would be of {size} bytes, and Kubernetes takes at most {_MAXIMUM_BYTES}",
            part=place,
            remedy="Give the namespace fewer registries, or take another name with pull_secret",
        )


def _same(before: bytes | None, after: bytes) -> bool:
    """Whether two docker configurations mean the same."""
    if before is None:
        return False
    try:
        return bool(json.loads(before) == json.loads(after))
    except ValueError:
        return False


__all__ = (
    "DEFAULT_ACCOUNT",
    "TYPE",
    "add_logins",
    "add_reference",
    "content",
    "references",
    "remove_logins",
    "remove_reference",
    "was_given",
)
