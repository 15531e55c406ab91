# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault of a user's own certificate has its own message, and is found before anything is written."""

from __future__ import annotations

import datetime as dt

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._authority import private_pem
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._names import Names
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._supplied import Supplied
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)
NAMES = ["registry.test"]


class Party:
    """A certificate of someone, by someone."""

    def __init__(self, name, issuer=None, *, ca=False, names=(), **special):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer, days, usage = issuer or self, special.get("days", (-1, 30)), special.get("usage")
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(signer.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + days[0] * DAY)
            .not_valid_after(NOW + days[1] * DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, names))), critical=False)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        self.certificate = builder.sign(signer.key, hashes.SHA256())

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self):
        return private_pem(self.key).decode()


ROOT = Party("Root", ca=True)
MIDDLE = Party("Middle", ROOT, ca=True)
OLD_MIDDLE = Party("Old middle", ROOT, ca=True, days=(-30, -1))
NO_CA = Party("No CA", ROOT)
SERVER = Party("server", MIDDLE, names=NAMES)
CA = [ROOT.pem]


def encrypted(party):
    return party.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    ).decode()


def server(issuer=ROOT, **options):
    return Party("server", issuer, **{"names": NAMES, **options})


def parse(certificate, key, ca=None):
    return Supplied.parse(certificate, key, CA if ca is None else ca, Names.parse(NAMES), NOW)


@pytest.mark.parametrize(
    ("chain", "ca"),
    [
        ([SERVER, MIDDLE], CA),
        ([SERVER, MIDDLE, ROOT], CA),
        ([SERVER, ROOT, MIDDLE], CA),
        ([SERVER], [MIDDLE.pem]),
        ([SERVER], [ROOT.pem + MIDDLE.pem]),
    ],
)
def test_a_good_one_is_accepted(chain, ca):
    supplied = parse("".join(party.pem for party in chain), SERVER.key_pem, ca)
    assert supplied.pair.certificate.decode() == "".join(party.pem for party in chain)
    assert supplied.pair.key.decode() == SERVER.key_pem
    assert "".join(supplied.authorities) == "".join(ca)


def test_a_self_signed_one_is_its_own_ca():
    own = Party("registry", ca=True, names=NAMES)
    assert parse(own.pem, own.key_pem, [own.pem]).authorities == (own.pem,)


SOME = server()
FAULTS = {
    "garbage": (("garbage", SOME.key_pem), "unparsable", "not a certificate in PEM"),
    "cut off": ((SOME.pem[:200], SOME.key_pem), "unparsable", "not a certificate in PEM"),
    "garbage key": ((SOME.pem, "garbage"), "unparsable", "not a private key in PEM"),
    "encrypted key": ((SOME.pem, encrypted(SOME)), "unsupported", "encrypted"),
    "another's key": ((SOME.pem, ROOT.key_pem), "invalid", "not the key of the certificate"),
    "wrong order": ((MIDDLE.pem + SERVER.pem, SERVER.key_pem), "invalid", "not the first"),
    "no intermediate": ((SERVER.pem, SERVER.key_pem), "untrusted", "chain is incomplete: the certificate of CN=Middle"),
    "unknown CA": ((SOME.pem, SOME.key_pem, [Party("Other", ca=True).pem]), "untrusted", "chain is incomplete"),
    "a CA of the same name": (
        (SOME.pem, SOME.key_pem, [Party("Root", ca=True).pem]),
        "untrusted",
        "chain is incomplete",
    ),
    "no public CA": ((SOME.pem, SOME.key_pem, []), "untrusted", "chain is incomplete"),
    "issuer no CA": (lambda: signed_by(NO_CA), "untrusted", "is no CA"),
    "leaf as CA": ((SOME.pem, SOME.key_pem, [SOME.pem]), "invalid", "is no CA"),
    "CA garbage": ((SOME.pem, SOME.key_pem, ["garbage"]), "invalid", "no certificate in PEM"),
    "old intermediate": (lambda: signed_by(OLD_MIDDLE), "expired", "CN=Old middle expired on"),
    "common name only": (lambda: alone(names=()), "legacy_common_name", "common name only"),
    "another name": (lambda: alone(names=["other.test"]), "name_mismatch", "for other.test, not for registry.test"),
    "expired": (lambda: alone(days=(-30, -1)), "expired", "CN=server expired on"),
    "not yet valid": (lambda: alone(days=(1, 30)), "clock", "CN=server is not valid before"),
    "for clients": (lambda: alone(usage=ExtendedKeyUsageOID.CLIENT_AUTH), "invalid", "no serverAuth"),
}


def signed_by(issuer):
    leaf = server(issuer)
    return leaf.pem + issuer.pem, leaf.key_pem


def alone(**options):
    leaf = server(**options)
    return leaf.pem, leaf.key_pem


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault):
    arguments, reason, message = FAULTS[fault]
    with pytest.raises(ProvisioningError) as caught:
        parse(*(arguments() if callable(arguments) else arguments))
    assert caught.value.reason == reason
    assert message in caught.value.message
    assert caught.value.part
    assert caught.value.remedy
    assert "PRIVATE KEY" not in str(caught.value)


def test_the_key_stands_in_no_representation():
    assert "PRIVATE" not in repr(parse(SERVER.pem + MIDDLE.pem, SERVER.key_pem))
