# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures as cosign makes them, piece by piece."""

from __future__ import annotations

import base64
import json
import typing as t

from cryptography.hazmat.primitives import serialization

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def payload(digest: str, **changes: t.Any) -> bytes:
    """What is signed for cosign's tag."""
    critical = {
        "type": "cosign container image signature",
        "image": {"docker-manifest-digest": digest},
        "identity": {"docker-reference": "registry.example.com/team/app"},
    }
    return json.dumps({"critical": {**critical, **changes}, "optional": None}).encode()


def statement(digest: str, **changes: t.Any) -> bytes:
    """What an envelope says of an image."""
    data = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": dict([digest.split(":")])}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    }
    return json.dumps({**data, **changes}).encode()


def signed_bytes(content: bytes) -> bytes:
    """What is signed of an envelope with that statement."""
    return b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(content), content)


def bundle(content: bytes, envelope: t.Mapping[str, t.Any] | None = None, **changes: t.Any) -> bytes:
    """A Sigstore bundle with a statement; without changes its signature is none."""
    whole = {
        "payload": encoded(content),
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"sig": encoded(b"sig")}],
        **(envelope or {}),
    }
    return json.dumps({"mediaType": BUNDLE_TYPE, "dsseEnvelope": whole, **changes}).encode()


def encoded(value: bytes) -> str:
    """In base64."""
    return base64.b64encode(value).decode()


def pem_of(key: t.Any) -> str:
    """The public key of a private one."""
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, spki).decode())
