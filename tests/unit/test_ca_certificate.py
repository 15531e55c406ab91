# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime as dt
import ssl
import time
import typing as t

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import parse_ca_certificates
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from cryptography import x509
from cryptography.hazmat.primitives import hashes


def indented(pem):
    return "".join(f"{line} \r\n" for line in pem.splitlines())


def test_a_certificate_in_any_clothes(authority):
    [plain] = parse_ca_certificates(authority.pem)
    assert plain.pem == authority.pem
    for text in (
        f"# issuer\n{authority.pem}trailing words",
        authority.pem.replace("\n", "\r\n"),
        indented(authority.pem),
        authority.pem.replace("BEGIN CERT", "BEGIN X509 CERT").replace("END CERT", "END X509 CERT"),
        authority.pem.rstrip(),
        authority.pem * 2,
    ):
        assert parse_ca_certificates(text) == [plain]


def test_its_facts(authority):
    [found] = parse_ca_certificates(authority.pem)
    certificate = x509.load_pem_x509_certificate(authority.pem.encode())
    assert found.fingerprint == certificate.fingerprint(hashes.SHA256()).hex()
    assert found.not_before == certificate.not_valid_before_utc.timestamp()
    assert found.not_after == certificate.not_valid_after_utc.timestamp()


def test_two_certificates_with_garbage_between_them(authority, tmp_path):
    other = Authority(tmp_path / "other", name="Other")
    found = parse_ca_certificates(f"{other.pem}garbage\n\n{authority.pem}")
    assert [certificate.pem for certificate in found] == [other.pem, authority.pem]


class Pem(t.NamedTuple):
    ca: str
    leaf: str
    key: str


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda pem: pem.ca[:0], "no certificate in PEM"),
        (lambda pem: ssl.PEM_cert_to_DER_cert(pem.ca).decode("latin-1"), "no certificate in PEM"),
        (lambda pem: pem.ca + pem.key, "a private key"),
        (lambda pem: pem.leaf, "certificate 1 is no CA"),
        (lambda pem: pem.ca + pem.leaf, "certificate 2 is no CA"),
        (lambda pem: pem.ca[:300], "cut off"),
        (lambda pem: pem.ca[300:], "cut off"),
        (lambda pem: pem.ca[:300] + pem.ca, "cut off"),
        (lambda pem: pem.ca.replace("MI", "M!", 1), "certificate 1 is damaged"),
        (lambda pem: pem.ca[:200] + pem.ca[264:], "certificate 1 is damaged"),
        (lambda pem: pem.ca.replace("CERTIFICATE", "PUBLIC KEY"), "PUBLIC KEY, not a certificate"),
    ],
)
def test_anything_else_is_refused(authority, make, words):
    leaf = authority.issue("a.test")
    pem = Pem(authority.pem, leaf.certificate.read_text(), leaf.key.read_text())
    with pytest.raises(ProvisioningError) as caught:
        parse_ca_certificates(make(pem))
    assert words in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(("days", "reason"), [((-3, -1), "expired"), ((1, 3), "clock"), ((-1, 1), "")])
def test_validity(tmp_path, days, reason):
    valid = (dt.timedelta(days=days[0]), dt.timedelta(days=days[1]))
    [found] = parse_ca_certificates(Authority(tmp_path, valid=valid).pem)
    if not reason:
        found.check_validity()
        return
    with pytest.raises(ProvisioningError) as caught:
        found.check_validity(time.time())
    assert caught.value.reason == reason
    assert caught.value.remedy
