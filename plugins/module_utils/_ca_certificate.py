# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate authorities in PEM, read with the standard library. This module util is private to the collection."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import ssl
import time

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

_BLOCK = re.compile(r"-----BEGIN (?P<label>[A-Z0-9 ]+)-----[ \t]*\r?\n(?P<body>.*?)-----END (?P=label)-----", re.DOTALL)
_ARMOUR = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----")


@dataclasses.dataclass(frozen=True)
class CaCertificate:
    """A certificate that may vouch for others.

    :param pem: its canonical PEM form: 64 columns, LF, final newline, nothing around it.
    :param fingerprint: SHA-256 over its DER form, 64 lower case hexadecimal digits.
    :param not_before: start of its validity, seconds since the epoch.
    :param not_after: end of its validity, seconds since the epoch.
    """

    pem: str
    fingerprint: str
    not_before: float
    not_after: float

    def check_validity(self, now: float | None = None) -> None:
        """:raises ProvisioningError: the certificate is expired, or not yet valid by this host's clock."""
        moment = time.time() if now is None else now
        name = f"CA certificate {self.fingerprint[:16]}"
        if moment > self.not_after:
            raise ProvisioningError(
                f"{name} expired on {_date(self.not_after)}", reason="expired", remedy="Supply the registry's new CA"
            )
        if moment < self.not_before:
            raise ProvisioningError(
                f"{name} is not valid before {_date(self.not_before)} and this host's clock says {_date(moment)}",
                reason="clock",
                remedy="Correct the clock of this host, or of the one that made the certificate",
            )


def parse_ca_certificates(text: str) -> list[CaCertificate]:
    """The certificates of a PEM text, each once, in their order.

    Text around the blocks is allowed, as RFC 7468 has it.

    :raises ProvisioningError: there is no certificate, a private key, a damaged block, or a certificate of no CA.
    """
    blocks = list(_BLOCK.finditer(text))
    if len(_ARMOUR.findall(text)) != 2 * len(blocks):
        raise ProvisioningError("a PEM block is cut off", remedy="Supply the whole file, from BEGIN to END")
    labels = {block["label"] for block in blocks}
    if any("PRIVATE KEY" in label for label in labels):
        raise ProvisioningError("it holds a private key", remedy="Supply the certificate alone")
    if labels - {"CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"}:
        raise ProvisioningError(f"it holds {', '.join(sorted(labels))}, not a certificate", remedy="Supply a CA in PEM")
    if not blocks:
        raise ProvisioningError("it holds no certificate in PEM", remedy="Convert DER with: openssl x509 -inform der")
    certificates = [_parse_block(block["body"], number) for number, block in enumerate(blocks, 1)]
    return list({certificate.fingerprint: certificate for certificate in certificates}.values())


def _parse_block(body: str, number: int) -> CaCertificate:
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
        pem = ssl.DER_cert_to_PEM_cert(der)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=pem)
    except (ValueError, ssl.SSLError) as error:
        raise ProvisioningError(
            f"certificate {number} is damaged", remedy="Supply the file again, unchanged"
        ) from error
    authorities = context.get_ca_certs()
    if not authorities:
        raise ProvisioningError(
            f"certificate {number} is no CA: it may not vouch for others",
            remedy="Supply the certificate of the CA that signed the registry's certificate",
        )
    return CaCertificate(
        pem=pem,
        fingerprint=hashlib.sha256(der).hexdigest(),
        not_before=ssl.cert_time_to_seconds(str(authorities[0]["notBefore"])),
        not_after=ssl.cert_time_to_seconds(str(authorities[0]["notAfter"])),
    )


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


__all__ = ("CaCertificate", "parse_ca_certificates")
