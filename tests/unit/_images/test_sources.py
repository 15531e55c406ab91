# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registries as sources: servers that behave as the public ones do, with their own names, behind a proxy."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.auth_files import AuthFile
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.proxy import Proxies
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.registries import Registries
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import verified_blocks
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import parse_source
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.source import Sources
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.tests.support.oci_layout import MANIFEST, OciLayout, random_layer
from ansible_collections.edgeops.registry.tests.support.proxy_server import ProxyServer
from ansible_collections.edgeops.registry.tests.support.public_registry import (
    HUB_CDN,
    HUB_TOKENS,
    MCR_CDN,
    PASSWORD,
    PublicRegistry,
    connected,
)
from ansible_collections.edgeops.registry.tests.support.run_command import run_command
from ansible_collections.edgeops.registry.tests.support.syncing import summary, sync

LAYER = b"layer" * 1000
CONTENT = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "c", "digest": sha256(b"{}"), "size": 2},
        "layers": [{"mediaType": "l", "digest": sha256(LAYER), "size": len(LAYER)}],
    }
).encode()
BLOBS = {sha256(b"{}"): b"{}", sha256(LAYER): LAYER}
CONTENTS = (*BLOBS.values(), CONTENT)


@pytest.fixture
def internet(serve, authority):
    """Docker Hub, Microsoft's registry, or both, by their own names."""
    with contextlib.ExitStack() as cleanup:
        yield lambda **registries: cleanup.enter_context(connected(serve, authority, **registries))


@contextlib.contextmanager
def opened(text, proxy_url, records=(), auth_file=None):
    meter = Meter()
    registries = Registries(
        timeout=5, proxies=Proxies.from_environment({"HTTPS_PROXY": proxy_url}), auth_file=auth_file
    )
    sources = Sources([Record.parse(item) for item in records], registries, run_command)
    with contextlib.closing(registries), contextlib.closing(sources):
        yield sources.open(parse_source(text), meter), meter


def read_all(source):
    """Its digest, and that of each of its blobs."""
    digest = source.root()
    manifest = source.manifest(digest)
    for blob in manifest.blobs:
        with source.open_blob(blob) as reader:
            assert b"".join(bytes(block) for block in verified_blocks(reader, blob)) == BLOBS[blob.digest]
    return digest


@pytest.mark.parametrize("name", ["redis", "redis:latest", "docker.io/library/redis", "index.docker.io/redis"])
def test_docker_hub_anonymously(internet, authority, name):
    there = internet(hub=PublicRegistry("library/redis", "latest", CONTENTS, HUB_CDN, wants_token=True))
    record = {"endpoint": "docker.io:443", "ca_certificates": [authority.pem]}
    with opened(name, there.proxy.url, [record]) as (source, meter):
        assert read_all(source) == sha256(CONTENT)
        assert meter.requests == 1 + 1 + 1 + 1 + 2 * 2  # refused, token, HEAD, GET, and two for each blob
    assert len(there.servers[HUB_TOKENS].asked) == 1
    assert {one for dummy, one in there.proxy.asked} == {f"{name}:443" for name in there.servers}
    assert len(there.proxy.asked) == 3


@pytest.mark.parametrize("place", ["record", "auth file"])
def test_docker_hub_as_a_user(internet, authority, place):
    hub = PublicRegistry("team/app", "1.0", CONTENTS, HUB_CDN, wants_token=True, username="user")
    there = internet(hub=hub)
    record = {"endpoint": "docker.io:443", "ca_certificates": [authority.pem]}
    auth_file = None
    if place == "record":
        record.update(username="user", password=PASSWORD)
    else:
        auths = {"https://index.docker.io/v1/": {"auth": base64_of(f"user:{PASSWORD}")}}
        auth_file = AuthFile(json.dumps({"auths": auths}).encode(), "config.json", run_command)
    with opened("team/app:1.0", there.proxy.url, [record], auth_file) as (source, dummy):
        assert read_all(source) == sha256(CONTENT)
    assert all("Authorization" not in asked.headers for asked in there.servers[HUB_CDN].asked)


def test_docker_hub_that_has_given_enough(internet, authority):
    hub = PublicRegistry("library/redis", "7", CONTENTS, HUB_CDN, wants_token=True, limit=1)
    record = {"endpoint": "docker.io:443", "ca_certificates": [authority.pem]}
    with opened("redis:7", internet(hub=hub).proxy.url, [record]) as (source, dummy):
        source.root_manifest()
        with pytest.raises(ProvisioningError, match="TOOMANYREQUESTS You have reached your") as caught:
            source.root_manifest()
    assert "credentials" in caught.value.remedy


def test_microsofts_registry(internet, authority):
    mcr = PublicRegistry("oss/nginx/nginx", "1.17.5-alpine", CONTENTS, MCR_CDN, wants_token=False)
    there = internet(mcr=mcr)
    record = {"endpoint": "mcr.microsoft.com:443", "ca_certificates": [authority.pem]}
    with opened("mcr.microsoft.com/oss/nginx/nginx:1.17.5-alpine", there.proxy.url, [record]) as (source, meter):
        assert read_all(source) == sha256(CONTENT)
        assert meter.requests == 1 + 1 + 2 * 2
    assert all("Authorization" not in asked.headers for server in there.servers.values() for asked in server.asked)


@pytest.mark.parametrize("token", ["right", "wrong"])
def test_an_identity_token_of_the_host(token_registry, authority, token):
    registry, server = token_registry
    record = {"endpoint": registry.endpoint, "addresses": ["127.0.0.1"]}
    record["ca_certificates"] = [registry.ca_pem, authority.pem]
    kept = server.identity_token if token == "right" else "another"
    content = json.dumps({"auths": {registry.endpoint: {"auth": "", "identitytoken": kept}}}).encode()
    auth_file = AuthFile(content, "config.json", run_command)
    with opened(f"{registry.endpoint}/team/app:1", "", [record], auth_file) as (source, meter):
        with pytest.raises(ProvisioningError) as caught:
            source.root()
        if token == "right":
            assert "there is no team/app:1" in str(
                caught.value
            )  # which the registry says to those only that it lets in
            assert meter.requests == 3
            assert [one.status for one in registry.access_log()] == [401, 404]
        else:
            assert caught.value.reason == "unauthorized"
            assert kept not in str(caught.value)
    assert {asked.method for asked in server.http.asked} == {"POST"}


# Mirrors


@pytest.fixture
def mirrored(start_registry):
    """A registry, one that stands in for it and for Docker Hub, and the records of both."""
    upstream, mirror = start_registry(), start_registry()
    mirrors = [{"upstream": upstream.endpoint, "prefix": "of/up"}, {"upstream": "docker.io", "prefix": "hub"}]
    return upstream, mirror, [upstream.record_dict, {**mirror.record_dict, "mirrors": mirrors}]


def test_what_a_mirror_has_comes_from_there(mirrored, registry, tmp_path):
    upstream, mirror, records = mirrored
    layout = OciLayout(tmp_path / "layout")
    digest = layout.image(b"1")
    sync(mirror, (f"oci:{layout.folder}", "hub/library/redis:7"), (f"oci:{layout.folder}", "of/up/team/app:1"))
    sources = [("redis:7", None), (f"{upstream.endpoint}/team/app@{digest}", "app:1")]
    outcome = sync(registry, *sources, sources=records)
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "name", "digest") == [("library/redis:7", digest), ("app:1", digest)]
    assert upstream.access_log() == []


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_what_a_mirror_lacks_comes_from_its_origin(mirrored, registry, tmp_path, by):
    upstream, mirror, records = mirrored
    layout = OciLayout(tmp_path / "layout")
    digest = layout.image(b"1")
    sync(upstream, (f"oci:{layout.folder}", "team/app:1"))
    upstream.clear_access_log()
    name = "team/app:1" if by == "tag" else f"team/app@{digest}"
    outcome = sync(registry, (f"{upstream.endpoint}/{name}", "app:1"), sources=records)
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "digest") == [(digest,)]
    reference = name.rpartition("@" if by == "digest" else ":")[2]
    assert ("GET", f"/v2/of/up/team/app/manifests/{reference}", 404) in mirror.access_log()
    asked = [one.method for one in upstream.access_log() if one.path == f"/v2/team/app/manifests/{reference}"]
    assert asked == ["GET"]  # the manifest is wanted next: no need to ask for its digest first


# The options of the module


def test_logins_of_the_host_for_source_and_destination(start_registry, tmp_path):
    origin, target = start_registry(), start_registry()
    layout = OciLayout(tmp_path / "layout")
    digest = layout.image(b"1")
    sync(origin, (f"oci:{layout.folder}", "team/app:1"))
    auths = {
        f"{origin.endpoint}/team": f"{origin.username}:{origin.password}",
        origin.endpoint: "nobody:wrong",
        f"https://{target.endpoint}/v2/": f"{target.username}:{target.password}",
    }
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"auths": {key: {"auth": base64_of(login)} for key, login in auths.items()}}))
    records = [{**one.record_dict, "username": None, "password": None} for one in (origin, target)]
    outcome = sync(records[1], (f"{origin.endpoint}/team/app:1", None), sources=records[:1], auth_file=str(file))
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "digest") == [(digest,)]
    assert origin.password not in str(outcome)
    without = sync(records[1], (f"{origin.endpoint}/team/app:1", None), sources=records[:1])
    assert [failure["reason"] for failure in without.facts["failures"]] == ["unauthorized"]


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


def test_the_environments_proxy_for_source_and_destination(start_registry, tmp_path, monkeypatch):
    origin, target = start_registry(), start_registry()
    layout = OciLayout(tmp_path / "layout")
    layout.image(random_layer(300_000, 1))
    sync(origin, (f"oci:{layout.folder}", "team/app:1"))
    proxy = ProxyServer({one.endpoint: one.port for one in (origin, target)})
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    records = [{**one.record_dict, "addresses": []} for one in (origin, target)]
    outcome = sync(records[1], (f"{origin.endpoint}/team/app:1", None), sources=records[:1])
    proxy.stop()
    assert not outcome.failed, outcome.failed
    assert {target for dummy, target in proxy.asked} == {origin.endpoint, target.endpoint}
    assert len(proxy.asked) <= 2 * 4  # a connection through it is kept, as any other is
