# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.container import Container

ENDPOINT = "registry.example.com:5000"


@pytest.fixture
def host():
    container = Container("edgeops-test-systemd:bookworm")
    yield container
    container.remove()


@pytest.fixture
def authorities(tmp_path):
    return [Authority(tmp_path / name, name=name) for name in ("old", "new")]


@pytest.fixture
def trust(host):
    def run(*authorities, **options):
        record = {"endpoint": ENDPOINT, "ca_certificates": [authority.pem for authority in authorities]}
        return host.module("ca_trust", **{"registries": [record], "runtimes": ["podman"], **options})

    return run


def trusts(host, authority):
    leaf = authority.issue("registry.example.com")
    return (
        host.run("openssl", "verify", "-CApath", "/etc/ssl/certs", stdin=leaf.certificate.read_text()).returncode == 0
    )


def test_check_do_again_rotate_and_back(host, authorities, trust):
    old, new = authorities
    virgin = host.listing()
    assert trust(old, check=True)["changed"]
    assert host.listing() == virgin
    assert not trusts(host, old)
    done = trust(old)
    assert done["changed"]
    assert done["registries"] == [{"endpoint": ENDPOINT, "changed": True, "in_place": True}]
    assert trusts(host, old)
    assert not trust(old)["changed"]

    assert trust(old, new)["changed"]
    assert trusts(host, old)
    assert trusts(host, new)
    assert trust(new)["changed"]
    assert not trusts(host, old)
    assert trusts(host, new)

    assert trust(state="absent")["changed"]
    assert not trust(state="absent")["changed"]
    assert host.listing() == virgin


def test_a_foreign_copy_of_the_same_ca_stays_and_still_counts(host, authorities, trust):
    old = authorities[0]
    host.run("tee", "/usr/local/share/ca-certificates/mine.crt", stdin=old.pem)
    host.run("update-ca-certificates")
    assert trust(old)["changed"]
    assert not trust(old)["changed"]
    assert trust(state="absent")["changed"]
    assert not trust(state="absent")["changed"]
    assert trusts(host, old)


def test_a_leaf_is_no_ca(authorities, trust, host):
    virgin = host.listing()
    leaf = authorities[0].issue("registry.example.com")
    result = trust(registries=[{"endpoint": ENDPOINT, "ca_certificates": [leaf.certificate.read_text()]}])
    assert result["failed"]
    assert "is no CA" in result["msg"]
    assert "ca_certificates[0]" in result["msg"]
    assert host.listing() == virgin


def test_without_the_package_the_remedy_is_told(host, authorities, trust):
    host.run("chmod", "-x", "/usr/sbin/update-ca-certificates")
    result = trust(authorities[0])
    assert result.reasons == ["unsupported"]
    assert "ca-certificates" in result["msg"]
    assert trust(authorities[0], system_trust=False)["changed"]
