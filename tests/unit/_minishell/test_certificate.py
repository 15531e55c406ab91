# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import ssl

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._certificate import (
    Shown,
    handshake,
    pinned,
    read_certificates,
)
from ansible_collections.edgeops.registry.tests.support.authority import Authority, Leaf
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.real_registry import free_port


def der(path):
    return ssl.PEM_cert_to_DER_cert(path.read_text().partition("-----END")[0] + "-----END CERTIFICATE-----\n")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def leaf(authority):
    return authority.issue("ecr.edge.test")


@pytest.fixture
def chain(authority, leaf):
    """A server's certificate with its CA behind it."""
    path = leaf.certificate.with_suffix(".chain")
    path.write_text(leaf.certificate.read_text() + authority.pem)
    return Leaf(path, leaf.key)


def shown_by(server):
    return handshake(Server(Endpoint("ecr.edge.test", server.port), addresses=("127.0.0.1",)), 10)


def test_a_pin_of_the_server_or_of_its_ca_gives_the_ca(serve, chain, authority):
    shown = shown_by(serve(Reply(), chain))
    assert shown.chain == (der(chain.certificate), der(authority.path))
    for pin in shown.fingerprints:
        assert pinned(shown, {pin}, remembered=False).pem == authority.pem


@pytest.mark.parametrize(("remembered", "words"), [(False, "certificate_fingerprint"), (True, "record_file")])
def test_another_certificate_than_the_pinned_one(leaf, remembered, words):
    shown = Shown((der(leaf.certificate),))
    with pytest.raises(ProvisioningError, match=shown.fingerprints[0]) as caught:
        pinned(shown, {"0" * 64}, remembered=remembered)
    assert words in caught.value.remedy


def test_a_pin_gives_no_ca_that_did_not_sign(leaf, authority, tmp_path):
    stranger = Authority(tmp_path / "stranger")
    for rest in ((), (der(stranger.path),)):
        shown = Shown((der(leaf.certificate), *rest))
        with pytest.raises(ProvisioningError, match="not the CA that signed it"):
            pinned(shown, {shown.fingerprints[0]}, remembered=False)


def test_a_pin_of_what_is_merely_shown_beside_proves_nothing(leaf, authority, tmp_path):
    """Who is in the middle can show the genuine certificates after his own: only their keys he has not."""
    stranger = Authority(tmp_path / "stranger")
    forged = der(stranger.issue("ecr.edge.test").certificate)
    genuine = (der(leaf.certificate), der(authority.path))
    for chain in ((forged, der(stranger.path), *genuine), (forged, *genuine)):
        for pin in Shown(genuine).fingerprints:
            with pytest.raises(ProvisioningError, match="not the pinned one"):
                pinned(Shown(chain), {pin}, remembered=False)


def test_a_certificate_that_signed_itself(authority):
    shown = Shown((der(authority.path),))
    assert shown.anchor().pem == authority.pem


def test_nothing_listens():
    with pytest.raises(ProvisioningError, match="shows no certificate"):
        handshake(Server(Endpoint("ecr.edge.test", free_port()), addresses=("127.0.0.1",)), 10)


def test_files_in_pem_and_der(authority, leaf):
    for content in (authority.path.read_bytes(), der(authority.path), b"text\r\n" + authority.path.read_bytes()):
        assert [item.pem for item in read_certificates(content)] == [authority.pem]
    for content in (leaf.certificate.read_bytes(), leaf.key.read_bytes(), b"", b"\0\1"):
        with pytest.raises(ProvisioningError) as caught:
            read_certificates(content)
        assert caught.value.part == "certificate_file"
