# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signatures that lie beside an image. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, verified_blocks
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.formats import (
    BUNDLE_TYPES,
    NOTATION,
    NOTATION_TYPE,
    PREDICATE_ANNOTATION,
    SIGNATURE_ANNOTATION,
    SIMPLE_SIGNING_TYPE,
    Signature,
    check_predicate,
    read_bundle,
    read_simple_signing,
    signature_tag,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.source import Source

LARGEST_SIGNATURE = 1 << 20
_BROKEN = ("digest_mismatch", "invalid", "unparsable", "unsupported")  # else the source fails, not the signature

Document = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Finding:
    """What lies beside an image and is, or seems to be, a signature of it.

    :param form: one of `FORMS`, empty where it is broken or no signature at all.
    :param problem: why it cannot be verified; empty where it can, and `signature` is there.
    """

    place: str
    form: str = ""
    signature: Signature | None = None
    problem: str = ""


def find_signatures(source: Source, digest: str) -> list[Finding]:
    """All signatures of one manifest of an image, and what is wrong with those that are broken.

    :raises ProvisioningError: the source fails.
    """
    findings = []
    tag = signature_tag(digest)
    tagged = source.tag_digest(tag)
    if tagged:
        findings += _attempt(tag, _in_tag, source, tagged, tag, digest)
    for referrer in source.referrers(digest):
        findings += _attempt(referrer.digest, _in_referrer, source, referrer.digest, digest)
    return findings


def _attempt(place: str, read: t.Callable[..., list[Finding]], *arguments: t.Any) -> list[Finding]:
    try:
        return read(*arguments)
    except ProvisioningError as error:
        if error.reason not in _BROKEN:
            raise
        return [Finding(place, problem=error.message)]


def _in_tag(source: Source, tagged: str, tag: str, digest: str) -> list[Finding]:
    layers = _layers(_document(source, tagged), (SIMPLE_SIGNING_TYPE,))
    return [finding for layer in layers for finding in _attempt(tag, _in_layer, source, layer, tag, digest)]


def _in_layer(source: Source, layer: Document, tag: str, digest: str) -> list[Finding]:
    value = _annotations(layer).get(SIGNATURE_ANNOTATION)
    return [_found(tag, read_simple_signing(_content(source, layer), value, digest))]


def _in_referrer(source: Source, referrer: str, digest: str) -> list[Finding]:
    """What an index says of the referrer's type is not asked: cosign itself writes a wrong one into the fallback tag."""
    document = _document(source, referrer)
    if document.get("artifactType") == NOTATION_TYPE:
        return [Finding(referrer, NOTATION, problem="Notation's signatures are not verified here")]
    layers = _layers(document, BUNDLE_TYPES)
    if layers and PREDICATE_ANNOTATION in _annotations(document):
        check_predicate(_annotations(document)[PREDICATE_ANNOTATION])
    return [_found(referrer, read_bundle(_content(source, layer), digest)) for layer in layers]


def _found(place: str, signature: Signature) -> Finding:
    return Finding(place, signature.form, signature)


def _document(source: Source, digest: str) -> Document:
    return dict(json.loads(source.manifest(digest).content))


def _layers(document: Document, media_types: t.Container[str]) -> list[Document]:
    return [layer for layer in document.get("layers", []) if layer.get("mediaType") in media_types]


def _annotations(document: Document) -> Document:
    annotations = document.get("annotations")
    return annotations if isinstance(annotations, dict) else {}


def _content(source: Source, layer: Document) -> bytes:
    blob = Descriptor.parse(layer)
    if blob.size > LARGEST_SIGNATURE:
        raise ProvisioningError(f"{blob.size} bytes are too many for a signature", reason="unparsable")
    with source.open_blob(blob) as reader:
        return b"".join(bytes(block) for block in verified_blocks(reader, blob))


__all__ = ("Finding", "find_signatures")
