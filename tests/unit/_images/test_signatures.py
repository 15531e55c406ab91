# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of signatures, one by one; signatures that cosign made are in test_signatures_cosign.py."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import textwrap

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import REASONS, ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.formats import (
    BUNDLE_TYPES,
    COSIGN_TAG,
    SIGSTORE_BUNDLE,
    Signature,
    read_bundle,
    read_simple_signing,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.keys import SMALLEST_RSA, PublicKey
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.verification import Policy
from ansible_collections.edgeops.registry.tests.support.signature_parts import (
    bundle,
    payload,
    pem_of,
    signed_bytes,
    statement,
)
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


# What cosign's tag holds


@pytest.mark.parametrize("key", ["docker-manifest-digest", "Docker-manifest-digest", "Docker-Manifest-Digest"])
def test_simple_signing(key):
    content = payload(DIGEST, image={key: DIGEST})
    assert read_simple_signing(content, "c2ln", DIGEST) == Signature(COSIGN_TAG, content, b"sig")


@pytest.mark.parametrize(
    ("content", "annotation", "words"),
    [
        (payload(DIGEST, type="atomic container signature"), "c2ln", "not of cosign's type"),
        (payload(DIGEST, type=None), "c2ln", "not of cosign's type"),
        (payload(DIGEST, image={"docker-manifest-digest": OTHER}), "c2ln", "for another image"),
        (
            payload(DIGEST, image={"docker-manifest-digest": OTHER, "Docker-Manifest-Digest": DIGEST}),
            "c2ln",
            "another image",
        ),
        (payload(DIGEST, image={}), "c2ln", "for another image"),
        (payload(DIGEST, image=[DIGEST]), "c2ln", "has no image"),
        (b'{"critical": []}', "c2ln", "has no critical"),
        (b"[]", "c2ln", "no JSON object"),
        (b"", "c2ln", "not JSON"),
        (b"\xff", "c2ln", "not JSON"),
        (b"[" * 500_000, "c2ln", "not JSON"),
        (payload(DIGEST), "c2l", "base64 is broken"),
        (payload(DIGEST), "c2 ln", "base64 is broken"),
        (payload(DIGEST), None, "base64 is broken"),
        (payload(DIGEST), 7, "base64 is broken"),
    ],
)
def test_what_is_no_simple_signing_of_the_image(content, annotation, words):
    with pytest.raises(ProvisioningError, match=words):
        read_simple_signing(content, annotation, DIGEST)


# What a Sigstore bundle holds


@pytest.mark.parametrize("media_type", BUNDLE_TYPES)
def test_a_bundle(media_type):
    content = b'{"subject": [{"digest": {"sha256": "%b"}}], ' % (b"a" * 64) + statement(DIGEST)[1:]
    signature = read_bundle(bundle(content, mediaType=media_type), DIGEST)
    assert signature == Signature(SIGSTORE_BUNDLE, signed_bytes(content), b"sig")


def test_one_of_several_subjects_is_enough():
    subjects = [{"digest": {"sha256": digest * 64}} for digest in "ba"]
    assert read_bundle(bundle(statement(DIGEST, subject=subjects)), DIGEST)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"7", "no JSON object"),
        (bundle(statement(DIGEST), mediaType="application/vnd.dev.sigstore.bundle.v9+json"), "unknown version"),
        (bundle(statement(DIGEST), dsseEnvelope=None, messageSignature={}), "has no dsseEnvelope"),
        (bundle(statement(DIGEST), {"payloadType": "text/plain"}), "no in-toto statement"),
        (bundle(statement(DIGEST), {"signatures": []}), "exactly one signature"),
        (bundle(statement(DIGEST), {"signatures": [{"sig": "c2ln"}, {"sig": "c2ln"}]}), "exactly one signature"),
        (bundle(statement(DIGEST), {"signatures": {"sig": "c2ln"}}), "exactly one signature"),
        (bundle(statement(DIGEST), {"signatures": ["c2ln"]}), "exactly one signature"),
        (bundle(statement(DIGEST), {"signatures": [{"sig": "?"}]}), "base64 is broken"),
        (bundle(statement(DIGEST), {"signatures": [{}]}), "base64 is broken"),
        (bundle(statement(DIGEST), {"payload": 7}), "base64 is broken"),
        (bundle(b"{"), "not JSON"),
        (bundle(statement(DIGEST, _type="https://in-toto.io/Statement/v0.1")), "in-toto v1"),
        (bundle(statement(DIGEST, predicateType="https://slsa.dev/provenance/v1")), "an attestation"),
        (bundle(statement(DIGEST, predicateType=None)), "an attestation"),
        (bundle(statement(DIGEST, subject=[])), "for another image"),
        (bundle(statement(DIGEST, subject={"digest": {"sha256": "a" * 64}})), "for another image"),
        (bundle(statement(DIGEST, subject=[{"digest": {"sha256": "b" * 64}}])), "for another image"),
        (bundle(statement(DIGEST, subject=[{"digest": {"sha512": "a" * 64}}])), "for another image"),
        (bundle(statement(DIGEST, subject=[{"digest": ["sha256"]}])), "has no digest"),
        (bundle(statement(DIGEST, subject=["a" * 64])), "has no digest"),
    ],
)
def test_what_is_no_bundle_with_a_signature_of_the_image(content, words):
    with pytest.raises(ProvisioningError, match=words):
        read_bundle(content, DIGEST)


@settings(max_examples=30)
@given(st.binary() | st.recursive(st.none() | st.text() | st.integers(), lambda one: st.dictionaries(st.text(), one)))
def test_arbitrary_documents_are_a_typed_error(data):
    content = data if isinstance(data, bytes) else json.dumps({"critical": data, "dsseEnvelope": data}).encode()
    for read in (lambda: read_simple_signing(content, "c2ln", DIGEST), lambda: read_bundle(content, DIGEST)):
        with pytest.raises(ProvisioningError):
            read()


# Keys

CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
KEYS = {
    **{name: ec.generate_private_key(curve) for name, curve in CURVES.items()},
    "RSA": rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def sign(name, message, hash_name):
    if name == "Ed25519":
        return KEYS[name].sign(message)
    algorithm = getattr(hashes, hash_name)()
    if name == "RSA":
        return KEYS[name].sign(message, padding.PKCS1v15(), algorithm)
    return KEYS[name].sign(message, ec.ECDSA(algorithm))


@pytest.mark.parametrize(
    ("name", "hash_name", "forms"),
    [
        ("P-256", "SHA256", {COSIGN_TAG, SIGSTORE_BUNDLE}),
        ("P-256", "SHA384", set()),
        ("P-384", "SHA384", {COSIGN_TAG, SIGSTORE_BUNDLE}),
        ("P-384", "SHA256", {COSIGN_TAG}),
        ("P-384", "SHA512", set()),
        ("P-521", "SHA512", {COSIGN_TAG, SIGSTORE_BUNDLE}),
        ("P-521", "SHA256", {COSIGN_TAG}),
        ("RSA", "SHA256", {COSIGN_TAG, SIGSTORE_BUNDLE}),
        ("RSA", "SHA1", set()),
        ("Ed25519", "", {COSIGN_TAG, SIGSTORE_BUNDLE}),
    ],
)
def test_who_has_signed(name, hash_name, forms):
    value = sign(name, b"message", hash_name)
    keys = {other: PublicKey.parse(pem_of(key)) for other, key in KEYS.items()}
    for form in (COSIGN_TAG, SIGSTORE_BUNDLE):
        signed = [other for other, key in keys.items() if key.has_made(Signature(form, b"message", value))]
        assert signed == ([name] if form in forms else [])
        assert not keys[name].has_made(Signature(form, b"Message", value))
        assert not keys[name].has_made(Signature(form, b"message", value[:-1]))
        assert not keys[name].has_made(Signature(form, b"message", b""))


def test_the_fingerprint_is_what_openssl_makes_of_the_key(tmp_path):
    (tmp_path / "key.pub").write_text(pem_of(KEYS["P-256"]))
    command = ["openssl", "pkey", "-pubin", "-in", tmp_path / "key.pub", "-outform", "der"]
    spki = subprocess.run(command, check=True, capture_output=True).stdout
    assert PublicKey.parse(pem_of(KEYS["P-256"])).fingerprint == hashlib.sha256(spki).hexdigest()


def private_pem():
    form = serialization.PrivateFormat.PKCS8
    return KEYS["P-256"].private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


GOOD = pem_of(KEYS["P-256"])


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        ("", "no public key in PEM"),
        ("cosign.pub", "no public key in PEM"),
        (GOOD.replace("MF", "??"), "no public key in PEM"),
        (GOOD[: len(GOOD) // 2], "no public key in PEM"),
        (GOOD.replace("END", "FIN"), "no public key in PEM"),
        ("\udcff", "no public key in PEM"),
        (GOOD + GOOD, "more than one"),
        (private_pem(), "it is a private key"),
        ("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----", "it is a private key"),
        (pem_of(ec.generate_private_key(ec.SECP256K1())), "a kind that signs no images"),
        (pem_of(rsa.generate_private_key(65537, SMALLEST_RSA // 2)), "a kind that signs no images"),
        (pem_of(x25519.X25519PrivateKey.generate()), "a kind that signs no images"),
        (pem_of(dsa.generate_private_key(SMALLEST_RSA // 2)), "a kind that signs no images"),
    ],
    ids=[
        *(
            "empty",
            "name of a file",
            "changed",
            "cut off",
            "without an end",
            "no text",
            "two keys",
            "private",
            "encrypted",
        ),
        *("secp256k1", "short RSA", "X25519", "DSA"),
    ],
)
def test_a_bad_key_is_named_by_its_number(pem, words):
    options = {"keys": [GOOD, pem], "require": "any", "on_failure": "fail"}
    with pytest.raises(ProvisioningError, match=words) as caught:
        Policy.parse(options)
    assert caught.value.part == "signatures.keys[1]"
    assert caught.value.reason in REASONS
    assert not any(line in str(caught.value) for line in pem.splitlines() if len(line) > 20)


def test_no_keys_are_no_policy():
    with pytest.raises(ProvisioningError, match="at least one public key"):
        Policy.parse({"keys": [], "require": "any", "on_failure": "fail"})


@pytest.mark.parametrize(
    ("require", "signed", "missing"),
    [
        ("any", "", ["keys[0]", "keys[1]"]),
        ("any", "0", []),
        ("any", "01", []),
        ("any", "2", ["keys[0]", "keys[1]"]),
        ("all", "", ["keys[0]", "keys[1]"]),
        ("all", "1", ["keys[0]"]),
        ("all", "01", []),
    ],
)
def test_any_or_all_keys(require, signed, missing):
    names = ["P-256", "P-384", "RSA"]
    policy = Policy.parse(
        {"keys": [pem_of(KEYS[name]) for name in names[:2]], "require": require, "on_failure": "warn"}
    )
    fingerprints = {PublicKey.parse(pem_of(KEYS[names[int(number)]])).fingerprint for number in signed}
    assert policy.missing(fingerprints) == missing
    assert not policy.must_hold


def test_the_library_is_asked_for_where_it_is_missing_and_only_there(tmp_path):
    (tmp_path / "cryptography.py").write_text("raise ImportError('not here')")
    script = textwrap.dedent(
        """
        from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
        from ansible_collections.edgeops.registry.plugins.module_utils._images import sync
        from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.verification import Policy
        try:
            Policy.parse({"keys": ["x"], "require": "any", "on_failure": "fail"})
        except ProvisioningError as error:
            print(error)
        """
    )
    environment = {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert "the Python package cryptography is missing for" in done.stdout
    assert "pip install cryptography" in done.stdout
