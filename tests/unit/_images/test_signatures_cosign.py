# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures that the real cosign made of images in a real registry."""

from __future__ import annotations

import base64
import contextlib
import json
import re

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.formats import NOTATION_TYPE
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.search import LARGEST_SIGNATURE
from ansible_collections.edgeops.registry.tests.support.oci_layout import INDEX, MANIFEST
from ansible_collections.edgeops.registry.tests.support.workshop import Workshop, name_and_digest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

TAG, BUNDLE, NOTATION = "cosign_tag", "sigstore_bundle", "notation"


# What is done to the manifest under a signature tag


def changed_payload(workshop, repository, manifest):
    """Another payload for the signature, which says the same of the image."""
    payload = {**json.loads(workshop.read(repository, manifest["layers"][0])), "optional": {"approved": "yes"}}
    manifest["layers"][0].update(workshop.upload(repository, json.dumps(payload).encode()))


def too_large(workshop, repository, manifest):
    manifest["layers"][0].update(workshop.upload(repository, bytes(LARGEST_SIGNATURE + 1)))


def stripped_value(workshop, repository, manifest):
    del manifest["layers"][0]["annotations"]


def stripped_layers(workshop, repository, manifest):
    manifest["layers"] = []


def no_manifest(workshop, repository, manifest):
    manifest.clear()
    manifest.update({"schemaVersion": 2, "mediaType": INDEX, "manifests": []})


TAMPERED_TAGS = {
    changed_payload: "made with another key",
    too_large: "too many for a signature",
    stripped_value: "base64 is broken",
    stripped_layers: "there is no signature",
    no_manifest: "there is no signature",
}


# What is done to a bundle


def other_statement(bundle):
    envelope = bundle["dsseEnvelope"]
    statement = {**json.loads(base64.b64decode(envelope["payload"])), "predicate": {"approved": "yes"}}
    envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()


def no_value(bundle):
    bundle["dsseEnvelope"]["signatures"] = []


TAMPERED_BUNDLES = {other_statement: "made with another key", no_value: "not exactly one signature"}


def name_of(tamper):
    return tamper.__name__.replace("_", "-")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    with contextlib.closing(Workshop(tmp_path_factory.mktemp("workshop"))) as started:
        yield started


@pytest.fixture(scope="module")
def signed(workshop):
    """Images by their names, signed in every way; cosign takes its time, so each key signs many at once."""
    tampered_tags, tampered_bundles = (
        [name_of(one) for one in TAMPERED_TAGS],
        [name_of(one) for one in TAMPERED_BUNDLES],
    )
    alone = ["nothing", "tag", "bundle", "both", "two", "attested", "other-hint", *tampered_tags, *tampered_bundles]
    images = {name: workshop.image(name) for name in alone}
    images |= {name: workshop.index(name) for name in ("index-tag", "index-bundle", "half", "whole")}
    half, whole = workshop.platforms(images["half"]), workshop.platforms(images["whole"])
    tagged = [images[name] for name in ("tag", "both", "index-tag", *tampered_tags)]
    bundled = [images[name] for name in ("bundle", "two", "index-bundle", "other-hint", *tampered_bundles)]
    workshop.cosign.sign(*tagged, half[0], *whole, key="ours", bundle=False)
    workshop.cosign.sign(*bundled, whole[0], key="ours", bundle=True)
    workshop.cosign.sign(images["both"], images["two"], key="theirs", bundle=True)
    workshop.cosign.attest(images["attested"], key="ours")
    return images


@pytest.mark.parametrize(
    ("image", "keys", "require", "forms", "verified"),
    [
        ("tag", ["ours"], "any", [TAG], [(TAG, "ours")]),
        ("bundle", ["ours"], "any", [BUNDLE], [(BUNDLE, "ours")]),
        ("tag", ["strange", "ours"], "any", [TAG], [(TAG, "ours")]),
        ("two", ["ours", "theirs"], "all", [BUNDLE], [(BUNDLE, "ours"), (BUNDLE, "theirs")]),
        ("two", ["theirs", "strange"], "any", [BUNDLE], [(BUNDLE, "theirs")]),
        ("both", ["ours", "theirs"], "all", [TAG, BUNDLE], [(TAG, "ours"), (BUNDLE, "theirs")]),
        ("index-tag", ["ours"], "any", [TAG], [(TAG, "ours")]),
        ("index-bundle", ["ours"], "any", [BUNDLE], [(BUNDLE, "ours")]),
        ("whole", ["ours"], "any", [TAG], [(TAG, "ours"), (BUNDLE, "ours")]),
    ],
)
def test_an_image_that_is_signed_as_it_must_be(workshop, signed, image, keys, require, forms, verified):
    verdict = workshop.verify(signed[image], *keys, require=require)
    assert verdict.failure is None
    assert list(verdict.forms) == forms
    assert set(verdict.verified) == {(form, workshop.fingerprint(key)) for form, key in verified}


@pytest.mark.parametrize(
    ("image", "keys", "require", "forms", "words"),
    [
        ("nothing", ["ours"], "any", [], r"is not signed by keys\[0\] \(there is no signature\)"),
        ("tag", ["theirs"], "any", [TAG], r"keys\[0\] \(sha256-[0-9a-f]{64}.sig: made with another key\)"),
        ("bundle", ["theirs", "strange"], "any", [BUNDLE], r"keys\[0\], keys\[1\] \(sha256:[0-9a-f]{64}: made with"),
        ("tag", ["ours", "theirs"], "all", [TAG], r"is not signed by keys\[1\] \("),
        ("two", ["ours", "strange", "theirs"], "all", [BUNDLE], r"is not signed by keys\[1\] \("),
        ("attested", ["ours"], "any", [], "it is an attestation, which is no signature"),
        ("half", ["ours"], "any", [], "there is no signature"),
        ("whole", ["theirs"], "any", [], "there is no signature"),
    ],
)
def test_an_image_that_is_not(workshop, signed, image, keys, require, forms, words):
    verdict = workshop.verify(signed[image], *keys, require=require)
    assert verdict.failure.reason == "unsigned"
    assert list(verdict.forms) == forms
    assert verdict.failure.message.startswith(name_and_digest(signed[image])[1])
    assert re.search(words, verdict.failure.message)


@pytest.mark.parametrize("image", ["index-tag", "index-bundle"])
def test_the_signature_of_an_index_is_none_of_its_platforms(workshop, signed, image):
    assert all(workshop.verify(platform, "ours").failure for platform in workshop.platforms(signed[image]))


@pytest.mark.parametrize("tamper", TAMPERED_TAGS)
def test_a_tag_that_was_tampered_with(workshop, signed, tamper):
    image = signed[name_of(tamper)]
    name, digest = name_and_digest(image)
    repository, tag = workshop.repository(name), f"{digest.replace(':', '-')}.sig"
    manifest = json.loads(repository.manifest(tag))
    tamper(workshop, repository, manifest)
    workshop.put(repository, tag, manifest)
    assert TAMPERED_TAGS[tamper] in workshop.verify(image, "ours").failure.message
    assert not workshop.cosign.accepts(image, "ours")


@pytest.mark.parametrize("tamper", TAMPERED_BUNDLES)
def test_a_bundle_that_was_tampered_with(workshop, signed, tamper):
    image = signed[name_of(tamper)]
    change_bundle(workshop, image, tamper)
    assert TAMPERED_BUNDLES[tamper] in workshop.verify(image, "ours").failure.message
    assert not workshop.cosign.accepts(image, "ours")


def test_the_hint_of_a_bundle_is_not_asked(workshop, signed):
    def hint_elsewhere(bundle):
        bundle["verificationMaterial"]["publicKey"]["hint"] = base64.b64encode(bytes(32)).decode()

    change_bundle(workshop, signed["other-hint"], hint_elsewhere)
    assert workshop.verify(signed["other-hint"], "ours").failure is None
    assert workshop.verify(signed["other-hint"], "theirs").failure


def change_bundle(workshop, image, change):
    name, digest = name_and_digest(image)
    repository, tag = workshop.repository(name), digest.replace(":", "-")
    index = json.loads(repository.manifest(tag))
    manifest = json.loads(repository.manifest(index["manifests"][0]["digest"]))
    bundle = json.loads(workshop.read(repository, manifest["layers"][0]))
    change(bundle)
    manifest["layers"][0].update(workshop.upload(repository, json.dumps(bundle).encode()))
    workshop.put(repository, tag, {**index, "manifests": [workshop.put(repository, "", manifest)]})


def test_signatures_of_another_image_count_for_nothing(workshop, signed):
    """The image was changed, and the signatures of the one before were put beside it."""
    name, digest = name_and_digest(signed["both"])
    changed = workshop.push(name, workshop.layout.image(b"changed", tag="changed"))
    repository, other = workshop.repository(name), name_and_digest(changed)[1]
    for suffix in ("", ".sig"):
        content = json.loads(repository.manifest(digest.replace(":", "-") + suffix))
        workshop.put(repository, other.replace(":", "-") + suffix, content)
    verdict = workshop.verify(changed, "ours", "theirs")
    assert verdict.forms == ()
    assert verdict.failure.message.count("it is for another image") == 2


def test_notation_is_seen_and_not_believed(workshop):
    image = workshop.image("notation")
    name, digest = name_and_digest(image)
    repository = workshop.repository(name)
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", **workshop.upload(repository, b"{}")}
    signature = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": NOTATION_TYPE, "config": empty}
    subject = {"mediaType": MANIFEST, "digest": digest, "size": len(repository.manifest(digest))}
    descriptor = workshop.put(repository, "", {**signature, "layers": [empty], "subject": subject})
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor]}
    workshop.put(repository, digest.replace(":", "-"), index)
    verdict = workshop.verify(image, "ours")
    assert verdict.forms == (NOTATION,)
    assert "Notation's signatures are not verified" in verdict.failure.message


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)],
    ids=["P-384", "RSA"],
)
def test_keys_that_cosign_imports(workshop, key):
    pem, spki = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    name = f"imported-{key.key_size}"
    workshop.cosign.import_key(name, private)
    workshop.keys[name] = key.public_key().public_bytes(pem, spki).decode()
    image = workshop.image(name)
    for bundle in (False, True):
        workshop.cosign.sign(image, key=name, bundle=bundle)
    verdict = workshop.verify(image, name)
    assert set(verdict.verified) == {(form, workshop.fingerprint(name)) for form in (TAG, BUNDLE)}
