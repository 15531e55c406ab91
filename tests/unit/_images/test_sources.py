# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registries as sources: servers that behave as the public ones do, with their own names, behind a proxy."""

from __future__ import annotations

import base64
import contextlib
import json
import urllib.parse

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
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.oci_layout import MANIFEST, OciLayout, random_layer
from ansible_collections.edgeops.registry.tests.support.proxy_server import ProxyServer
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
TOKEN = "the.token"
HUB_CDN = "production.cloudflare.docker.com"
MCR_CDN = "westeurope.data.mcr.microsoft.com"


class PublicRegistry:
    """Serves one image; its blobs lie at another host, which takes no credentials.

    :param wants_token: whether it asks even anonymous users for a token.
    """

    def __init__(self, repository, cdn, *, wants_token, username=""):
        self.repository = repository
        self.cdn = cdn
        self.wants_token = wants_token
        self.basic = "Basic " + base64.b64encode(f"{username}:secret".encode()).decode() if username else None

    def answer(self, asked):
        if self.wants_token and asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            challenge = (
                'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",'
                f'scope="repository:{self.repository}:pull"'
            )
            return Reply(401, {"WWW-Authenticate": challenge, "Content-Type": "application/json"}, b'{"errors":[]}')
        kind, digest = asked.path.rsplit("/", 2)[1:]
        if kind == "blobs":
            return Reply(307, {"Location": f"https://{self.cdn}/{digest}?verify=1-a%2Fb%3D"})
        return Reply(headers={"Content-Type": MANIFEST, "Docker-Content-Digest": sha256(CONTENT)}, body=CONTENT)

    def answer_token(self, asked):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(asked.path).query)
        if asked.headers.get("Authorization") != self.basic:
            return Reply(401)
        assert query == {"service": ["registry.docker.io"], "scope": [f"repository:{self.repository}:pull"]}
        return Reply(body=json.dumps({"token": TOKEN, "access_token": TOKEN, "expires_in": 300}).encode())

    def answer_blob(self, asked):
        path, dummy, query = asked.path.partition("?")
        if "Authorization" in asked.headers or query != "verify=1-a%2Fb%3D":
            return Reply(400)
        return Reply(body=BLOBS[path.lstrip("/")])


@pytest.fixture
def internet(serve, authority):
    """Make servers answer to public names, all behind one proxy."""
    with contextlib.ExitStack() as cleanup:

        def connect(answers):
            leaf = authority.issue(*answers)
            servers = {name: serve(answer, leaf) for name, answer in answers.items()}
            proxy = ProxyServer({f"{name}:443": server.port for name, server in servers.items()})
            cleanup.callback(proxy.stop)
            return proxy, servers

        yield connect


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
    hub = PublicRegistry("library/redis", HUB_CDN, wants_token=True)
    proxy, servers = internet(
        {"registry-1.docker.io": hub.answer, "auth.docker.io": hub.answer_token, HUB_CDN: hub.answer_blob}
    )
    record = {"endpoint": "docker.io:443", "ca_certificates": [authority.pem]}
    with opened(name, proxy.url, [record]) as (source, meter):
        assert read_all(source) == sha256(CONTENT)
        assert meter.requests == 1 + 1 + 1 + 1 + 2 * 2  # refused, token, HEAD, GET, and two for each blob
    assert len(servers["auth.docker.io"].asked) == 1
    assert {one for dummy, one in proxy.asked} == {f"{name}:443" for name in servers}
    assert len(proxy.asked) == 3


@pytest.mark.parametrize("place", ["record", "auth file"])
def test_docker_hub_as_a_user(internet, authority, place):
    hub = PublicRegistry("team/app", HUB_CDN, wants_token=True, username="user")
    proxy, servers = internet(
        {"registry-1.docker.io": hub.answer, "auth.docker.io": hub.answer_token, HUB_CDN: hub.answer_blob}
    )
    record = {"endpoint": "docker.io:443", "ca_certificates": [authority.pem]}
    auth_file = None
    if place == "record":
        record.update(username="user", password="secret")
    else:
        auths = {"https://index.docker.io/v1/": {"auth": base64.b64encode(b"user:secret").decode()}}
        auth_file = AuthFile(json.dumps({"auths": auths}).encode(), "config.json", run_command)
    with opened("team/app:1.0", proxy.url, [record], auth_file) as (source, dummy):
        assert read_all(source) == sha256(CONTENT)
    assert all("Authorization" not in asked.headers for asked in servers[HUB_CDN].asked)


def test_microsofts_registry(internet, authority):
    mcr = PublicRegistry("oss/nginx/nginx", MCR_CDN, wants_token=False)
    proxy, servers = internet({"mcr.microsoft.com": mcr.answer, MCR_CDN: mcr.answer_blob})
    record = {"endpoint": "mcr.microsoft.com:443", "ca_certificates": [authority.pem]}
    with opened("mcr.microsoft.com/oss/nginx/nginx:1.17.5-alpine", proxy.url, [record]) as (source, meter):
        assert read_all(source) == sha256(CONTENT)
        assert meter.requests == 1 + 1 + 2 * 2
    assert all("Authorization" not in asked.headers for server in servers.values() for asked in server.asked)


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
