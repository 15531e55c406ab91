# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a node could not pull an image, in its runtime's own words. This module util is private to the collection.

The words are those of containerd 1.6 to 2.x and of CRI-O, and within them those of Go's network and TLS libraries.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError


class _Cause(t.NamedTuple):
    pattern: str
    reason: str
    words: str
    remedy: str


# The first that matches counts: what fails first on the way to an image stands first
_CAUSES = (
    _Cause(
        r"no such host|server misbehaving|name resolution|lookup .*: i/o timeout",
        "unresolved",
        "the node does not know the registry's name",
        "Run the clients playbook on the nodes, whose part hosts writes the name, or add it to their DNS",
    ),
    _Cause(
        r"relies on legacy Common Name",
        "legacy_common_name",
        "the registry's certificate has its name in the Common Name only",
        "Give the registry a certificate with subject alternative names",
    ),
    _Cause(
        r"certificate is valid for|certificate is not valid for any names|doesn't contain any IP SANs",
        "name_mismatch",
        "the registry's certificate is for another name",
        "Name the registry in the image as in its certificate, or give it a certificate for this name",
    ),
    _Cause(
        r"certificate has expired or is not yet valid",
        "expired",
        "the registry's certificate is out of date by the node's clock",
        "Renew the certificate, or correct the clock of the node",
    ),
    _Cause(
        r"x509:|certificate signed by unknown authority|failed to verify certificate",
        "untrusted",
        "the node does not trust the registry's CA",
        "Run the clients playbook on the nodes, so that their runtime trusts it",
    ),
    _Cause(
        r"server gave HTTP response to HTTPS client|first record does not look like a TLS handshake",
        "not_a_registry",
        "what answers does not speak TLS",
        "Correct the port, or declare the registry as plain http on the nodes",
    ),
    _Cause(
        r"connection re(fused|set)|no route to host|network is unreachable|timeout|deadline exceeded|\bEOF\b|proxyconnect",
        "unreachable",
        "the node does not reach the registry",
        "Look from the node whether the registry runs, at firewalls, and at the address that its name resolves to there",
    ),
    _Cause(
        r"no match for platform|no image found in .* for architecture|exec format error",
        "unsupported",
        "the image is not for the node's platform",
        "Seed it for the node's platform, or for all of them: image_sync copies all unless told otherwise",
    ),
    _Cause(
        r"401|403|unauthorized|no basic auth credentials|authorization failed|authentication required|denied|insufficient.scope",
        "unauthorized",
        "the registry does not let the pod in",
        "Look whether the namespace's pull secret is for this registry and holds its present password",
    ),
    _Cause(
        r"not found|manifest unknown|name unknown|repository name not known|404",
        "invalid",
        "the registry does not have the image",
        "Push it, or correct its name",
    ),
)
_UNKNOWN = _Cause("", "invalid", "the node does not say why in known words", "Look at the kubelet's log there")
_PASSING = re.compile(r"pull QPS exceeded")


def is_passing(message: str) -> bool:
    """Whether the kubelet only puts a pull off, as it does with many at once."""
    return bool(_PASSING.search(message))


def pull_error(image: str, message: str, place: str) -> ProvisioningError:
    """The error for a failed pull.

    :param message: of the pod's status or of an event.
    :param place: the namespace and the node, for the reader.
    """
    words = _without_names(message, image)
    cause = next((cause for cause in _CAUSES if re.search(cause.pattern, words)), _UNKNOWN)
    return ProvisioningError(
        f"{image} cannot be pulled: {cause.words} ({_shortened(message)})",
        reason=cause.reason,
        part=place,
        remedy=cause.remedy,
    )


def _without_names(message: str, image: str) -> str:
    """The message without what the user chose, in which numbers and words may occur that mean something else."""
    path = re.split("[:@]", image.partition("/")[2])[0]
    for name in (image, path, path.rpartition("/")[2]):
        message = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "", message) if name else message
    return re.sub(r"sha256:[0-9a-f]{64}|https?://\S+|:\d{1,5}\b", "", message)


def _shortened(message: str) -> str:
    """The end of it, which tells the cause: runtimes put every step before it."""
    one_line = " ".join(message.split())
    return one_line if len(one_line) <= 300 else f"…{one_line[-300:]}"


__all__ = ("is_passing", "pull_error")
