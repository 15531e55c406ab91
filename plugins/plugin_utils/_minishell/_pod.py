# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pod that proves that a namespace can pull from the device's registry. This plugin util is private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

RAN = ("Running", "Succeeded")
_STUCK = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError")


def manifest(image: str, credentials_name: str) -> dict[str, t.Any]:
    """A pod that pulls an image anew and runs it once.

    :param credentials_name: name of the pull secret.
    """
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "edgeops-verify-"},
        "spec": {
            "restartPolicy": "Never",
            "imagePullSecrets": [{"name": credentials_name}],
            "containers": [{"name": "verify", "image": image, "imagePullPolicy": "Always"}],
        },
    }


def has_run(pod: t.Mapping[str, t.Any], image: str) -> bool:
    """Whether a pod has come so far that its image was pulled and started; what it did then does not matter.

    :param pod: the pod as the API tells it; anything else has not run.
    :raises ProvisioningError: it cannot get there.
    """
    status = pod.get("status")
    if not isinstance(status, dict):
        return False
    states = [container.get("state", {}) for container in status.get("containerStatuses", [])]
    if status.get("phase") in RAN or any("terminated" in state or "running" in state for state in states):
        return True
    for waiting in (state.get("waiting", {}) for state in states):
        if waiting.get("reason") in _STUCK:
            raise ProvisioningError(
                f"a pod cannot pull {image}: {waiting['reason']}, {waiting.get('message', 'no message')}",
                reason="unauthorized",
                remedy="Push the image first; if it is there, look whether the pull secret holds the registry's present password",
            )
    return False


__all__ = ("RAN", "has_run", "manifest")
