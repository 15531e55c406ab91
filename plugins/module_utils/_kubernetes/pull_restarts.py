# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that wait in vain for an image. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import canonical_name
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_selection import Wanted
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_secret import (
    DEFAULT_ACCOUNT,
    references,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import Object, is_terminating

_REFUSED = ("ErrImagePull", "ImagePullBackOff")


def pods_to_restart(
    wanted: t.Iterable[Wanted],
    pods: t.Iterable[Object],
    accounts: t.Mapping[tuple[str, str], Object],
    pull_secret: str,
) -> list[dict[str, str]]:
    """Pods that were refused an image of a registry, and would get the pull secret if they were made anew.

    A pod gets the secrets of its service account when it is made, and only if it names none itself. So those of a pod that
    has others than its service account are its own, and a new one would not get ours either.

    :param pods: that have not all of their containers started.
    :param accounts: service accounts by namespace and name, as they were or are.
    """
    by_name = {item.name: item for item in wanted}
    found = []
    for pod in pods:
        metadata, spec = pod["metadata"], pod["spec"]
        namespace, account = metadata["namespace"], spec.get("serviceAccountName", DEFAULT_ACCOUNT)
        item = by_name.get(namespace)
        if item is None or account not in item.accounts or is_terminating(pod):
            continue
        given = set(references(accounts.get((namespace, account), {})))
        has = set(references(spec))
        image = _refused_image(pod, [record.endpoint for record in item.records])
        if image and pull_secret not in has and has <= given:
            found.append({"namespace": namespace, "pod": metadata["name"], "image": image, "owner": _owner(metadata)})
    return found


def _refused_image(pod: Object, endpoints: t.Sequence[Endpoint]) -> str:
    """The first image of the registries that a container waits for; empty where there is none."""
    status = pod.get("status") or {}
    for container in [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]:
        waiting = (container.get("state") or {}).get("waiting") or {}
        image = str(container["image"])
        if waiting.get("reason") in _REFUSED and _is_of(image, endpoints):
            return image
    return ""


def _is_of(image: str, endpoints: t.Sequence[Endpoint]) -> bool:
    host = ""
    with contextlib.suppress(ProvisioningError):
        host = canonical_name(image).partition("/")[0]
    return any(host in (str(endpoint), *([endpoint.host] if endpoint.port == 443 else [])) for endpoint in endpoints)


def _owner(metadata: t.Mapping[str, t.Any]) -> str:
    """What makes a new pod when it is deleted; empty where nothing does."""
    owners = [owner for owner in metadata.get("ownerReferences") or () if owner.get("controller")]
    return f"{owners[0]['kind']}/{owners[0]['name']}" if owners else ""


__all__ = ("pods_to_restart",)
