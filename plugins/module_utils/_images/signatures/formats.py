# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What signatures of images say: pure. This module util is private to the collection."""

from __future__ import annotations

import base64
import dataclasses
import json
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

COSIGN_TAG = "cosign_tag"
SIGSTORE_BUNDLE = "sigstore_bundle"
NOTATION = "notation"
FORMS = (COSIGN_TAG, SIGSTORE_BUNDLE, NOTATION)
"""How signatures lie beside an image, as RV(images[].signatures.forms) names them."""

SIMPLE_SIGNING_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature"
PREDICATE_ANNOTATION = "dev.sigstore.bundle.predicateType"
NOTATION_TYPE = "application/vnd.cncf.notary.signature"
BUNDLE_TYPES = (
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
)
SIGNATURE_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
_CRITICAL_TYPE = "cosign container image signature"
_PAYLOAD_TYPE = "application/vnd.in-toto+json"
_STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


@dataclasses.dataclass(frozen=True)
class Signature:
    """A signature that claims to be one of a certain image.

    :param message: the bytes that were signed.
    :param form: one of `FORMS`.
    """

    form: str
    message: bytes
    value: bytes


def signature_tag(digest: str) -> str:
    """The tag with cosign's signatures of an image or a platform of it."""
    return f"{digest.replace(':', '-')}.sig"


def read_simple_signing(payload: bytes, annotation: object, digest: str) -> Signature:
    """Read a layer of cosign's signature tag (cosign, specs/SIGNATURE_SPEC.md).

    :param annotation: the value of `SIGNATURE_ANNOTATION`.
    :param digest: of the image that it is to be for.
    :raises ProvisioningError: it is broken, or for another image.
    """
    critical = _member(_parsed(payload), "critical")
    if critical.get("type") != _CRITICAL_TYPE:
        raise _broken("its payload is not of cosign's type")
    image = _member(critical, "image")
    if [value for key, value in image.items() if key.lower() == "docker-manifest-digest"] != [digest]:
        raise _broken("it is for another image")
    return Signature(COSIGN_TAG, payload, _decoded(annotation))


def read_bundle(content: bytes, digest: str) -> Signature:
    """Read a Sigstore bundle (sigstore, protobuf-specs; cosign, specs/BUNDLE_SPEC.md).

    :param digest: of the image that it is to be for.
    :raises ProvisioningError: it is broken, for another image, or an attestation: a signature of something else.
    """
    bundle = _parsed(content)
    if bundle.get("mediaType") not in BUNDLE_TYPES:
        raise _broken("it is of an unknown version")
    envelope = _member(bundle, "dsseEnvelope")
    if envelope.get("payloadType") != _PAYLOAD_TYPE:
        raise _broken("its payload is no in-toto statement")
    signatures = envelope.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1 or not isinstance(signatures[0], dict):
        raise _broken("it has not exactly one signature")
    payload = _decoded(envelope.get("payload"))
    _check_statement(_parsed(payload), digest)
    return Signature(SIGSTORE_BUNDLE, _pre_authentication(_PAYLOAD_TYPE, payload), _decoded(signatures[0].get("sig")))


def check_predicate(predicate: object) -> None:
    """:raises ProvisioningError: the predicate of a statement is not that of a signature."""
    if predicate != SIGNATURE_PREDICATE:
        raise _broken("it is an attestation, which is no signature")


def _pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """What is signed of an envelope (DSSE v1, "PAE")."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _check_statement(statement: t.Mapping[str, t.Any], digest: str) -> None:
    """Check an in-toto statement v1."""
    if statement.get("_type") != _STATEMENT_TYPE:
        raise _broken("its statement is not of in-toto v1")
    check_predicate(statement.get("predicateType"))
    algorithm, dummy, value = digest.partition(":")
    subjects = statement.get("subject")
    digests = [_member(subject, "digest") for subject in subjects] if isinstance(subjects, list) else []
    if value not in [named.get(algorithm) for named in digests]:
        raise _broken("it is for another image")


def _parsed(content: bytes) -> t.Mapping[str, t.Any]:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _broken("it is not JSON") from error
    if not isinstance(data, dict):
        raise _broken("it is no JSON object")
    return data


def _member(data: object, key: str) -> t.Mapping[str, t.Any]:
    value = data.get(key) if isinstance(data, dict) else None
    if not isinstance(value, dict):
        raise _broken(f"it has no {key}")
    return value


def _decoded(text: object) -> bytes:
    try:
        return base64.b64decode(text if isinstance(text, str) else "!", validate=True)
    except ValueError as error:
        raise _broken("its base64 is broken") from error


def _broken(what: str) -> ProvisioningError:
    return ProvisioningError(what, reason="unparsable", remedy="Sign the image again")


__all__ = (
    "BUNDLE_TYPES",
    "COSIGN_TAG",
    "FORMS",
    "NOTATION",
    "NOTATION_TYPE",
    "PREDICATE_ANNOTATION",
    "SIGNATURE_ANNOTATION",
    "SIGNATURE_PREDICATE",
    "SIGSTORE_BUNDLE",
    "SIMPLE_SIGNING_TYPE",
    "Signature",
    "check_predicate",
    "read_bundle",
    "read_simple_signing",
    "signature_tag",
)
