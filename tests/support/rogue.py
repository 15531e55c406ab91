# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a thief of a CA's key would make with it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import typing as t

from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._authority import Authority, pem, private_pem
from ansible_collections.edgeops.registry.tests.support.authority import Leaf
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if t.TYPE_CHECKING:
    from pathlib import Path


def general_name(text: str) -> x509.GeneralName:
    """`email:`, `uri:` or nothing before it: an IP address or a DNS name."""
    kind, colon, value = text.partition(":")
    if colon and kind == "email":
        return x509.RFC822Name(value)
    if colon and kind == "uri":
        return x509.UniformResourceIdentifier(value)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def rogue_leaf(directory: Path, authority: Authority, *names: str, common_name: str = "") -> Leaf:
    """A server certificate of a CA for names that it may not be allowed to vouch for; without names, by common name."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else []
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(identifier, critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([general_name(name) for name in names])
        builder = builder.add_extension(alternatives, critical=not subject)
    leaf = Leaf(directory / "rogue.pem", directory / "rogue.key")
    leaf.certificate.write_bytes(pem(builder.sign(authority.key, hashes.SHA256())))
    leaf.key.write_bytes(private_pem(key))
    return leaf
