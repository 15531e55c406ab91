# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public keys that sign images, by means of cryptography. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import types
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError, missing_library
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.formats import COSIGN_TAG, Signature

SMALLEST_RSA = 2048
_HASH_OF_CURVE = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}


class _Key(t.Protocol):
    def verify(self, signature: bytes, data: bytes, *arguments: object) -> None: ...


@dataclasses.dataclass(frozen=True)
class PublicKey:
    """A key with which signatures are verified.

    :param fingerprint: SHA-256 over its SubjectPublicKeyInfo in DER, 64 lower case hexadecimal digits.
    """

    fingerprint: str
    _key: _Key = dataclasses.field(repr=False, compare=False)

    @classmethod
    def parse(cls, pem: str) -> PublicKey:
        """Read a SubjectPublicKeyInfo in PEM, as `cosign.pub` has it: ECDSA, RSA or Ed25519.

        :raises ProvisioningError: it is anything else, or the library is not there.
        """
        serialization = _cryptography("hazmat.primitives.serialization")
        if "PRIVATE KEY" in pem:
            raise _bad_key("it is a private key", "Write the public one, and make a new pair if others have seen this")
        if pem.count("-----BEGIN ") > 1:
            raise _bad_key("there is more than one", "Make it an item of the list each")
        try:
            key = serialization.load_pem_public_key(pem.encode())
            spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        except (ValueError, _cryptography("exceptions").UnsupportedAlgorithm) as error:
            raise _bad_key("it is no public key in PEM", "Write all of cosign.pub, from BEGIN to END") from error
        if not _arguments(key, COSIGN_TAG):
            raise _bad_key(
                "it is of a kind that signs no images",
                "Use ECDSA with P-256, P-384 or P-521, Ed25519, or RSA of 2048 bits or more",
            )
        return cls(hashlib.sha256(spki).hexdigest(), key)

    def has_made(self, signature: Signature) -> bool:
        """Whether a signature was made with the private key of this one."""
        return any(self._verifies(signature, arguments) for arguments in _arguments(self._key, signature.form))

    def _verifies(self, signature: Signature, arguments: tuple[object, ...]) -> bool:
        try:
            self._key.verify(signature.value, signature.message, *arguments)
        except _cryptography("exceptions").InvalidSignature:
            return False
        return True


def _arguments(key: _Key, form: str) -> list[tuple[object, ...]]:
    """With which padding and hash a key may have signed; nothing where it is of no suitable kind.

    ECDSA hashes as its curve wants it; in its tags cosign did so with SHA-256 for every curve, and no longer does.
    """
    asymmetric, hashes = "hazmat.primitives.asymmetric", _cryptography("hazmat.primitives.hashes")
    ec, rsa = _cryptography(f"{asymmetric}.ec"), _cryptography(f"{asymmetric}.rsa")
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _HASH_OF_CURVE:
        names = {_HASH_OF_CURVE[key.curve.name], *(["SHA256"] if form == COSIGN_TAG else [])}
        return [(ec.ECDSA(getattr(hashes, name)()),) for name in names]
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA:
        return [(_cryptography(f"{asymmetric}.padding").PKCS1v15(), hashes.SHA256())]
    if isinstance(key, _cryptography(f"{asymmetric}.ed25519").Ed25519PublicKey):
        return [()]
    return []


def _cryptography(module: str) -> types.ModuleType:
    """A module of the library, which only who verifies signatures needs."""
    try:
        return importlib.import_module(f"cryptography.{module}")
    except ImportError as error:
        raise missing_library(
            "cryptography", "Install it there: apt-get install python3-cryptography, or pip install cryptography"
        ) from error


def _bad_key(what: str, remedy: str) -> ProvisioningError:
    return ProvisioningError(f"bad key: {what}", reason="unparsable", remedy=remedy)


__all__ = ("PublicKey",)
