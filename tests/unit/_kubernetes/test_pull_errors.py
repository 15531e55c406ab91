# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runtimes say: as containerd 1.6 and 2.4 word it, and as the sources of CRI-O and its image library do."""

from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_errors import is_passing, pull_error

IMAGE = "registry.edge.test:5401/team/app:1"
CONTAINERD = f'rpc error: code = Unknown desc = failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": '
REQUEST = f'{CONTAINERD}failed to do request: Head "https://registry.edge.test:5401/v2/team/app/manifests/1": '
CRIO = f"unable to pull image or OCI artifact: pull image err: initializing source docker://{IMAGE}: "
PING = f'{CRIO}pinging container registry registry.edge.test:5401: Get "https://registry.edge.test:5401/v2/": '


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (f"{REQUEST}dial tcp: lookup registry.edge.test on 127.0.0.11:53: no such host", "unresolved"),
        (f"{REQUEST}dial tcp: lookup registry.edge.test on 10.0.0.2:53: server misbehaving", "unresolved"),
        (f"{REQUEST}dial tcp: lookup registry.edge.test on 10.0.0.2:53: read udp: i/o timeout", "unresolved"),
        (f"{PING}dial tcp: lookup registry.edge.test: Temporary failure in name resolution", "unresolved"),
        (f"{REQUEST}x509: certificate signed by unknown authority", "untrusted"),
        (f"{REQUEST}tls: failed to verify certificate: x509: certificate signed by unknown authority", "untrusted"),
        (f"{PING}tls: failed to verify certificate: x509: certificate signed by unknown authority", "untrusted"),
        (f"{REQUEST}x509: certificate has expired or is not yet valid: current time 2026-11-22", "expired"),
        (f"{REQUEST}x509: certificate is valid for other.test, not registry.edge.test", "name_mismatch"),
        (
            f"{REQUEST}x509: cannot validate certificate for 192.0.2.10 because it doesn't contain any IP SANs",
            "name_mismatch",
        ),
        (
            f"{REQUEST}x509: certificate relies on legacy Common Name field, use SANs instead",
            "legacy_common_name",
        ),
        (f"{REQUEST}http: server gave HTTP response to HTTPS client", "not_a_registry"),
        (f"{REQUEST}dial tcp 192.0.2.10:5401: connect: connection refused", "unreachable"),
        (f"{REQUEST}dial tcp 192.0.2.10:5401: i/o timeout", "unreachable"),
        (f"{REQUEST}dial tcp 192.0.2.10:5401: connect: no route to host", "unreachable"),
        (f"{REQUEST}EOF", "unreachable"),
        (f"{REQUEST}context deadline exceeded", "unreachable"),
        (f"{CONTAINERD}unexpected status code [manifests 1]: 401 Unauthorized", "unauthorized"),
        (
            f"{CONTAINERD}pull access denied: authorization failed: no basic auth credentials",
            "unauthorized",
        ),
        (
            f"{CONTAINERD}unexpected status from HEAD request to https://registry.edge.test:5401: 403 Forbidden",
            "unauthorized",
        ),
        (
            f"{CRIO}reading manifest 1 in registry.edge.test:5401/team/app: unauthorized: authentication required",
            "unauthorized",
        ),
        (f"{CONTAINERD}{IMAGE}: not found", "invalid"),
        (f"{CRIO}reading manifest 1 in registry.edge.test:5401/team/app: manifest unknown", "invalid"),
        (f"{CONTAINERD}no match for platform in manifest: not found", "unsupported"),
        (f'{CRIO}choosing image instance: no image found in image index for architecture "arm64"', "unsupported"),
        ("exec /hello: exec format error", "unsupported"),
        ("something that nobody has heard of", "invalid"),
    ],
)
def test_the_cause(message, reason):
    error = pull_error(IMAGE, message, "namespace shop, node node1")
    assert error.reason == reason
    assert error.part == "namespace shop, node node1"
    assert error.remedy


@pytest.mark.parametrize(
    "image",
    [
        "registry-not-found.test:5404/denied/401:timeout",
        "registry-not-found.test:5404/denied/401@sha256:" + "403" * 21 + "4",
        "registry.test:5000/unauthorized:1",
    ],
)
def test_words_of_the_user_are_no_cause(image):
    host, _slash, path = image.partition("/")
    message = (
        f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": failed to do request: '
        f'Head "https://{host}/v2/{path.partition(":")[0]}/manifests/1": dial tcp: lookup {host.partition(":")[0]}: no such host'
    )
    assert pull_error(image, message, "").reason == "unresolved"
    assert pull_error(image, f'failed to pull "{image}": manifest unknown', "").reason == "invalid"


def test_a_long_message_keeps_its_end():
    text = str(pull_error(IMAGE, f"{'step: ' * 200}no such host", ""))
    assert len(text) < 700
    assert "no such host)" in text


def test_a_pull_that_is_only_put_off():
    assert is_passing("pull QPS exceeded")
    assert not is_passing(f"{REQUEST}EOF")
