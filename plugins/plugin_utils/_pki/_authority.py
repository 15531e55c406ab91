# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority that signs server certificates. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._names import Names

with contextlib.suppress(ImportError):  # ansible-core brings it; only ansible-test's import test has to do without
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BACKDATE = dt.timedelta(hours=1)
"""How far behind the controller's clock that of a client may be on the first day."""


@dataclasses.dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, in PEM."""

    certificate: bytes
    key: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Authority:
    """A CA that can sign: its certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = dataclasses.field(repr=False)

    @classmethod
    def create(cls, names: Names, days: int, now: dt.datetime) -> Authority:
        """A new self-signed CA with power over `names` only, critical as RFC 5280 wants it, valid for `days`."""
        key = ec.generate_private_key(ec.SECP256R1())
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        subject = _subject(f"{names.as_list()[0][:40]} CA {identifier.digest[:4].hex()}")
        builder = (
            _builder(subject, subject, key, now, lifetime_end(now, days))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(names.constraints(), critical=True)
            .add_extension(identifier, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier(identifier.digest, None, None), critical=False)
        )
        return cls(builder.sign(key, hashes.SHA256()), key)

    @classmethod
    def load(cls, certificate: x509.Certificate, key: bytes) -> Authority:
        """The CA of a certificate and the PEM of its key.

        :raises ProvisioningError: the key is no P-256 key in PEM, or another one's.
        """
        loaded = load_private_key(key)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey) or loaded.public_key() != certificate.public_key():
            raise ProvisioningError("it is not the key of the CA's certificate", remedy="Restore the two from a backup")
        return cls(certificate, loaded)

    def issue(self, names: Names, days: int, now: dt.datetime) -> KeyPair:
        """A new key with a server certificate for `days`, or until the CA ends."""
        key = ec.generate_private_key(ec.SECP256R1())
        end = min(lifetime_end(now, days), self.certificate.not_valid_after_utc)
        identifier = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = (
            _builder(self.certificate.subject, _subject(), key, now, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(names.alternative_names(), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier(identifier.digest, None, None), critical=False)
        )
        return KeyPair(pem(builder.sign(self.key, hashes.SHA256())), private_pem(key))


def lifetime_end(now: dt.datetime, days: int) -> dt.datetime:
    """When a certificate that is made now for `days` ends."""
    return now - BACKDATE + dt.timedelta(days=days)


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def private_pem(key: PrivateKeyTypes) -> bytes:
    """A private key in PEM (PKCS #8), not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 over the DER form, 64 lower case hexadecimal digits."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def digest(content: bytes) -> str:
    """SHA-256 of a file's content, 64 lower case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether a certificate names an issuer and carries its signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def load_private_key(text: bytes) -> PrivateKeyTypes:
    """Read a private key in PEM.

    :raises ProvisioningError: it cannot be read, or is encrypted.
    """
    try:
        return serialization.load_pem_private_key(text, password=None)
    except TypeError as error:
        raise ProvisioningError(
            "the private key is encrypted", reason="unsupported", remedy="Supply it decrypted, from a vaulted variable"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ProvisioningError(
            "it is not a private key in PEM", reason="unparsable", remedy="Supply the whole file, from BEGIN to END"
        ) from error


def load_certificates(text: bytes) -> list[x509.Certificate]:
    """Read the certificates of a PEM text, in their order.

    :raises ProvisioningError: there is none, or one cannot be read.
    """
    try:
        return x509.load_pem_x509_certificates(text)
    except ValueError as error:
        raise ProvisioningError(
            "it is not a certificate in PEM",
            reason="unparsable",
            remedy="Supply the whole file, from BEGIN to END; convert DER with: openssl x509 -inform der",
        ) from error


def _subject(common_name: str = "") -> x509.Name:
    """The server's name stands nowhere here: clients do not look for it in a subject any more."""
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "edgeops.registry")]
    if common_name:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    end: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(end)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


__all__ = (
    "Authority",
    "KeyPair",
    "digest",
    "fingerprint",
    "issued_by",
    "lifetime_end",
    "load_certificates",
    "load_private_key",
    "pem",
    "private_pem",
)
