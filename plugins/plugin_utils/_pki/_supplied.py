# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server certificate of the user's own. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import ssl
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import parse_ca_certificates
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._authority import (
    KeyPair,
    issued_by,
    load_certificates,
    load_private_key,
    pem,
    private_pem,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._names import Names

with contextlib.suppress(ImportError):  # ansible-core brings it; only ansible-test's import test has to do without
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID


@dataclasses.dataclass(frozen=True)
class Supplied:
    """A certificate chain, the server's first, its key, and the CAs that clients are to trust, empty for public ones."""

    chain: tuple[x509.Certificate, ...]
    key: bytes = dataclasses.field(repr=False)
    authorities: tuple[str, ...] = ()

    @property
    def pair(self) -> KeyPair:
        """The files that a server reads."""
        return KeyPair(b"".join(map(pem, self.chain)), self.key)

    @classmethod
    def parse(
        cls, certificate: str, private_key: str, ca_certificates: t.Sequence[str], names: Names, now: dt.datetime
    ) -> Supplied:
        """Read the three and check that clients will accept them.

        :raises ProvisioningError: they will not; each cause has its own message.
        """
        chain = _parse("certificate", load_certificates, certificate.encode())
        key = _parse("private_key", load_private_key, private_key.encode())
        authorities = [
            found.pem
            for number, text in enumerate(ca_certificates)
            for found in _parse(f"ca_certificates[{number}]", parse_ca_certificates, text)
        ]
        _check_key(chain, key.public_key())
        _check_names(chain[0], names)
        anchors = [x509.load_pem_x509_certificate(text.encode()) for text in authorities] or _public_authorities(chain)
        for item in _complete(chain, anchors):
            _check_validity(item, now)
            _check_signature(item)
        return cls(tuple(chain), private_pem(key), tuple(authorities))


Text = t.TypeVar("Text", str, bytes)
Parsed = t.TypeVar("Parsed")


def _parse(option: str, parse: t.Callable[[Text], Parsed], text: Text) -> Parsed:
    try:
        return parse(text)
    except ProvisioningError as error:
        raise error.at(part=option) from error


def _check_key(chain: list[x509.Certificate], public_key: object) -> None:
    if chain[0].public_key() == public_key:
        return
    if any(item.public_key() == public_key for item in chain):
        raise ProvisioningError(
            "the server's certificate is not the first", part="certificate", remedy="Put it first, each issuer after it"
        )
    raise ProvisioningError(
        "it is not the key of the certificate", part="private_key", remedy="Supply the two that belong together"
    )


def _check_names(server: x509.Certificate, names: Names) -> None:
    offered = Names.of(server)
    if not offered:
        raise ProvisioningError(
            "it names its server by common name only, which clients no longer accept",
            reason="legacy_common_name",
            part="certificate",
            remedy="Have it issued with subject alternative names",
        )
    missing = names.missing_from(offered)
    if missing:
        raise ProvisioningError(
            f"it is for {offered}, not for {missing}",
            reason="name_mismatch",
            part="certificate",
            remedy="Have it issued for that name too, or give the endpoint a name that it has",
        )
    usages = _extension(server, x509.ExtendedKeyUsage)
    if usages is not None and ExtendedKeyUsageOID.SERVER_AUTH not in usages:
        raise ProvisioningError(
            "its extended key usage has no serverAuth", part="certificate", remedy="Have it issued for a TLS server"
        )


def _complete(chain: list[x509.Certificate], anchors: list[x509.Certificate]) -> list[x509.Certificate]:
    """The path from the server's certificate to the one that an anchor issued, or that is one."""
    path = [chain[0]]
    while path[-1] not in anchors and not any(issued_by(path[-1], anchor) for anchor in anchors):
        issuers = [item for item in chain if item not in path and issued_by(path[-1], item)]
        if not issuers:
            raise ProvisioningError(
                f"the chain is incomplete: the certificate of {path[-1].issuer.rfc4514_string()} is neither in it nor a trusted CA",
                reason="untrusted",
                part="certificate",
                remedy="Append the intermediate certificates, and give a private CA in ca_certificates",
            )
        path.append(issuers[0])
        _check_may_sign(path[-1])
    return path


def _check_may_sign(issuer: x509.Certificate) -> None:
    constraints = _extension(issuer, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise ProvisioningError(
            f"the issuer {issuer.subject.rfc4514_string()} is no CA",
            reason="untrusted",
            part="certificate",
            remedy="Have it issued by a CA",
        )


def _check_validity(certificate: x509.Certificate, now: dt.datetime) -> None:
    name = certificate.subject.rfc4514_string() or "the server's certificate"
    if now > certificate.not_valid_after_utc:
        raise ProvisioningError(
            f"{name} expired on {certificate.not_valid_after_utc:%Y-%m-%d}",
            reason="expired",
            part="certificate",
            remedy="Supply a renewed one",
        )
    if now < certificate.not_valid_before_utc:
        raise ProvisioningError(
            f"{name} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC",
            reason="clock",
            part="certificate",
            remedy=f"Wait until then, or correct the controller's clock, which says {now:%Y-%m-%d %H:%M} UTC",
        )


def _check_signature(certificate: x509.Certificate) -> None:
    if isinstance(certificate.signature_hash_algorithm, (hashes.SHA1, hashes.MD5)):
        raise ProvisioningError(
            f"it is signed with {certificate.signature_hash_algorithm.name.upper()}, which clients refuse",
            reason="untrusted",
            part="certificate",
            remedy="Have it issued with SHA-256",
        )


Extension = t.TypeVar("Extension", bound="x509.ExtensionType")


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _public_authorities(chain: list[x509.Certificate]) -> list[x509.Certificate]:
    """The CAs that the controller's own system trusts, as far as the chain names them."""
    issuers = [item.issuer.public_bytes() for item in chain]
    trusted = ssl.create_default_context().get_ca_certs(binary_form=True)
    return [x509.load_der_x509_certificate(der) for der in trusted if any(issuer in der for issuer in issuers)]


__all__ = ("Supplied",)
