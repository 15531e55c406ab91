# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA of ours has power over its registry's names and nothing else, whoever asks."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._authority import Authority, pem
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._names import Names
from ansible_collections.edgeops.registry.tests.support.authority import Leaf
from ansible_collections.edgeops.registry.tests.support.rogue import rogue_leaf

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
NAMES = ["registry.test", "mirror.registry-b.test"]
ADDRESSES = ["192.0.2.10"]
BOTH = ["2001:db8::10", "192.0.2.10", "registry.test"]

# The CA's names, whom a client asks for, the names in the certificate
REFUSED = [
    (NAMES, "other.test", ["other.test"]),
    (NAMES, "test", ["test"]),
    (NAMES, "notregistry.test", ["notregistry.test"]),
    (NAMES, "192.0.2.10", ["192.0.2.10"]),
    (NAMES, "2001:db8::10", ["2001:db8::10"]),
    (NAMES, "registry.test", ["registry.test", "192.0.2.10"]),
    (NAMES, "registry.test", ["registry.test", "other.test"]),
    (NAMES, "registry.test", ["registry.test", "email:root@other.test"]),
    (NAMES, "registry.test", ["registry.test", "email:root@registry.test"]),
    (NAMES, "registry.test", ["registry.test", "uri:https://other.test/"]),
    (NAMES, "registry.test", ["registry.test", "uri:https://registry.test/"]),
    (ADDRESSES, "192.0.2.11", ["192.0.2.11"]),
    (ADDRESSES, "2001:db8::10", ["2001:db8::10"]),
    (ADDRESSES, "registry.test", ["registry.test"]),
    (ADDRESSES, "192.0.2.10", ["192.0.2.10", "registry.test"]),
    (ADDRESSES, "192.0.2.10", ["192.0.2.10", "email:root@other.test"]),
    (ADDRESSES, "192.0.2.10", ["192.0.2.10", "uri:https://other.test/"]),
    (BOTH, "other.test", ["other.test"]),
    (BOTH, "2001:db8::11", ["2001:db8::11"]),
    (BOTH, "192.0.2.11", ["192.0.2.11"]),
]
ACCEPTED = [
    (NAMES, "registry.test", ["registry.test"]),
    (NAMES, "mirror.registry-b.test", ["mirror.registry-b.test", "registry.test"]),
    (NAMES, "below.registry.test", ["below.registry.test"]),
    (ADDRESSES, "192.0.2.10", ["192.0.2.10"]),
    (BOTH, "2001:db8::10", ["2001:db8::10"]),
    (BOTH, "registry.test", ["registry.test", "192.0.2.10"]),
]

# A TLS handshake in memory, with what Python 3.13 demands by default
HANDSHAKE = """
import ssl, sys
ca, certificate, key, name = sys.argv[1:]
server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=ca)
client.verify_flags |= ssl.VERIFY_X509_STRICT | getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0)
server.load_cert_chain(certificate, key)
up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
ends = [client.wrap_bio(down, up, server_hostname=name), server.wrap_bio(up, down, server_side=True)]
for turn in range(8):
    for end in ends:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLCertVerificationError as error:
            print(error.verify_message)
            sys.exit(3)
"""


def interpreters():
    """This Python, and the newest one where there is one."""
    pyenv = [str(path) for path in Path.home().glob(".pyenv/versions/3.13.*/bin/python3")]
    return [sys.executable, *(path for path in [*pyenv, shutil.which("python3.14")] if path)]


@pytest.fixture(params=interpreters(), ids=lambda path: path.split("/")[-3])
def python(request):
    """Whether Python accepts a server: its complaint, empty where it has none."""

    def connect(ca: Path, leaf: Leaf, name: str) -> str:
        command = [request.param, "-c", HANDSHAKE, str(ca), str(leaf.certificate), str(leaf.key), name]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode in {0, 3}, done.stderr
        return done.stdout

    return connect


def openssl(ca, leaf):
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", ca, leaf.certificate]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture
def make_authority(tmp_path):
    def make(names):
        authority = Authority.create(Names.parse(names), 30, NOW)
        ca = tmp_path / "ca.pem"
        ca.write_bytes(pem(authority.certificate))
        return authority, ca

    return make


@pytest.mark.parametrize("case", REFUSED)
def test_other_names_are_refused(make_authority, python, tmp_path, case):
    names, asked, alternatives = case
    authority, ca = make_authority(names)
    leaf = rogue_leaf(tmp_path, authority, *alternatives)
    assert "subtree violation" in openssl(ca, leaf).stderr
    assert "subtree violation" in python(ca, leaf, asked)


@pytest.mark.parametrize("case", ACCEPTED)
def test_own_names_are_accepted(make_authority, python, tmp_path, case):
    names, asked, alternatives = case
    authority, ca = make_authority(names)
    leaf = rogue_leaf(tmp_path, authority, *alternatives)
    assert openssl(ca, leaf).returncode == 0
    assert python(ca, leaf, asked) == ""


def test_a_common_name_is_no_way_around(make_authority, tmp_path):
    authority, ca = make_authority(NAMES)
    leaf = rogue_leaf(tmp_path, authority, common_name="other.test")
    assert "subtree violation" in openssl(ca, leaf).stderr


@pytest.mark.parametrize("names", [NAMES, ADDRESSES, BOTH])
def test_what_is_issued_is_accepted(make_authority, python, tmp_path, names):
    authority, ca = make_authority(names)
    pair = authority.issue(Names.parse(names), 397, NOW)
    leaf = Leaf(tmp_path / "server.pem", tmp_path / "server.key")
    leaf.certificate.write_bytes(pair.certificate)
    leaf.key.write_bytes(pair.key)
    assert openssl(ca, leaf).returncode == 0
    assert {python(ca, leaf, name) for name in names} == {""}


def test_a_ca_signs_no_other_ca_and_no_client(make_authority):
    ca = make_authority(NAMES)[1]
    text = subprocess.run(["openssl", "x509", "-in", ca, "-noout", "-text"], check=True, capture_output=True, text=True)
    assert "CA:TRUE, pathlen:0" in text.stdout
    assert "X509v3 Name Constraints: critical" in text.stdout
    usage = text.stdout.split("X509v3 Extended Key Usage:")[1].splitlines()[1]
    assert usage.strip() == "TLS Web Server Authentication"
