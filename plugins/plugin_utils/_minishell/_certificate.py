# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates that clients are to trust for a device's registry. This plugin util is private to the collection.

No documented cmdlet returns them: they come from a file, or out of the TLS handshake, where a pin says which are right.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import re
import ssl
import subprocess
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import (
    CaCertificate,
    parse_ca_certificates,
)
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

with contextlib.suppress(ImportError):  # ansible-core brings it; only ansible-test's import test has to do without
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Shown:
    """The certificates that a server shows, its own first, as DER."""

    chain: tuple[bytes, ...]

    @property
    def linked(self) -> tuple[bytes, ...]:
        """Those up to which each is signed by the next. Anybody can show what follows them, which proves nothing."""
        certificates = [x509.load_der_x509_certificate(der) for der in self.chain]
        signed = itertools.takewhile(lambda pair: _signed_by(*pair), itertools.pairwise(certificates))
        length = 1 + sum(1 for dummy in signed)
        return self.chain[:length]

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """SHA-256 of each that is linked, lower case hexadecimal digits."""
        return tuple(hashlib.sha256(certificate).hexdigest() for certificate in self.linked)

    def anchor(self) -> CaCertificate:
        """The last CA of those that are linked.

        :raises ProvisioningError: the server shows no CA.
        """
        anchor = None
        for certificate in self.linked:
            with contextlib.suppress(ProvisioningError):
                anchor = parse_ca_certificates(ssl.DER_cert_to_PEM_cert(certificate))[0]
        if anchor is None:
            raise ProvisioningError(
                "the registry shows its own certificate only, and not the CA that signed it",
                reason="untrusted",
                part="certificate",
                remedy="Download the certificate in the device's web page, under Certificates, and give certificate_file",
            )
        return anchor


def pinned(shown: Shown, pins: t.Container[str], *, remembered: bool) -> CaCertificate:
    """The certificate to trust, where one that is shown has a pin.

    :param pins: SHA-256 fingerprints.
    :param remembered: whether the pins are from an earlier run, for the remedy.
    :raises ProvisioningError: none has, or no CA is shown.
    """
    if any(fingerprint in pins for fingerprint in shown.fingerprints):
        return shown.anchor()
    remedy = (
        "Compare it with the device's web page; if the device has a new one, remove the record from record_file"
        if remembered
        else "Compare it with the device's web page; if that shows the same, correct certificate_fingerprint"
    )
    raise ProvisioningError(
        f"the registry shows a certificate that is not the pinned one, but {shown.fingerprints[0]}",
        reason="untrusted",
        part="certificate",
        remedy=remedy,
    )


def read_certificates(content: bytes) -> list[CaCertificate]:
    """The certificates of a file in PEM or DER, as the device's web page gives it.

    :raises ProvisioningError: they are no CA certificates.
    """
    text = content.decode("latin-1") if b"-----BEGIN" in content else ssl.DER_cert_to_PEM_cert(content)
    try:
        return parse_ca_certificates(text)
    except ProvisioningError as error:
        raise error.at(part="certificate_file") from error


def handshake(server: Server, timeout: float) -> Shown:
    """The certificates that a server shows; nothing is sent but the handshake, and nothing is trusted for it.

    :raises ProvisioningError: it shows none.
    """
    host = server.endpoint.host
    address = (server.addresses or (host,))[0]
    place = f"[{address}]:{server.endpoint.port}" if ":" in address else f"{address}:{server.endpoint.port}"
    try:
        done = subprocess.run(
            ["openssl", "s_client", "-connect", place, "-servername", host, "-showcerts"],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
        )
    except FileNotFoundError as error:
        raise ProvisioningError(
            "there is no program openssl on the controller, which reads the certificates of a handshake",
            reason="unsupported",
            part="certificate",
            remedy="Install openssl there, or give certificate_file",
        ) from error
    except subprocess.TimeoutExpired:
        blocks = []
    else:
        blocks = _BLOCK.findall(done.stdout)
    if not blocks:
        raise ProvisioningError(
            f"{place} shows no certificate",
            reason="unreachable",
            part="certificate",
            remedy="Check that the controller reaches this address, or give certificate_file and verify: false",
        )
    return Shown(tuple(ssl.PEM_cert_to_DER_cert(block.decode()) for block in blocks))


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


__all__ = ("Shown", "handshake", "pinned", "read_certificates")
