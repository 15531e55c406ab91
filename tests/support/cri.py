# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulling an image as the kubelet asks containerd to: by one call of the Container Runtime Interface."""

from __future__ import annotations

import base64
import re
import struct
import typing as t
import urllib.parse

from ansible_collections.edgeops.registry.tests.support.container import Container

ATTEMPTS = 5
"""An answer may be over before curl has ended its request, which it then takes for an error."""
CALL = """
base64 -d | curl --silent --show-error --max-time 60 --http2-prior-knowledge --unix-socket /run/containerd/containerd.sock \\
  --header 'Content-Type: application/grpc' --header 'TE: trailers' --dump-header - --output /dev/null --data-binary @- \\
  http://localhost/runtime.v1.ImageService/PullImage
"""


def pull(host: Container, image: str, login: t.Mapping[str, t.Any] | None = None) -> str:
    """Have containerd pull an image.

    :param login: a record's, as a pull secret would bring it.
    :return: why it could not; empty where it could.
    """
    request = _field(1, _field(1, image.encode()))
    if login:
        request += _field(2, _field(1, login["username"].encode()) + _field(2, login["password"].encode()))
    message = base64.b64encode(struct.pack(">BI", 0, len(request)) + request).decode()
    for dummy in range(ATTEMPTS):
        answer = host.run("sh", "-c", CALL, stdin=message)
        trailers = dict(re.findall(r"^(grpc-\w+): (.*?)\r?$", answer.stdout, re.MULTILINE))
        if "grpc-status" in trailers:
            return "" if trailers["grpc-status"] == "0" else urllib.parse.unquote(trailers["grpc-message"])
    raise ConnectionError(f"{answer.stdout}{answer.stderr}")


def _field(number: int, content: bytes) -> bytes:
    """A field of Protocol Buffers that has bytes."""
    return _number(number << 3 | 2) + _number(len(content)) + content


def _number(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _number(rest) if rest else bytes([low])


__all__ = ("pull",)
