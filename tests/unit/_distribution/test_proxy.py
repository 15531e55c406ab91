# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime as dt

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authenticator import Credentials
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.pool import Pace
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.proxy import Proxies, Proxy
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter, Transport
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.proxy_server import ProxyServer

SERVER = Server(Endpoint("registry.example.com", 443))
PROXY = Proxy(Endpoint("proxy.example.com", 3128))
URL = "http://proxy.example.com:3128"


@pytest.mark.parametrize(
    ("environment", "https", "http"),
    [
        ({}, None, None),
        ({"HTTPS_PROXY": "", "https_proxy": f"{URL}/"}, PROXY, None),
        ({"HTTPS_PROXY": "proxy.example.com:3128", "https_proxy": "http://192.0.2.7"}, PROXY, None),
        ({"http_proxy": "http://192.0.2.7"}, None, Proxy(Endpoint("192.0.2.7", 80))),
        ({"HTTPS_PROXY": URL, "NO_PROXY": " .Example.com, 192.0.2.0/24,,x:5000 "}, None, None),
    ],
)
def test_the_environment(environment, https, http):
    proxies = Proxies.from_environment(environment)
    assert (proxies.between(SERVER), proxies.between(dataclasses.replace(SERVER, scheme="http"))) == (https, http)


def test_credentials_of_a_proxy_are_decoded_and_never_shown():
    proxies = Proxies.from_environment({"HTTPS_PROXY": "http://us%40er:p%3Ass@proxy.example.com:3128"})
    proxy = proxies.between(SERVER)
    assert proxy.authorization == "Basic " + base64.b64encode(b"us@er:p:ss").decode()
    assert proxy.authorization not in repr(proxy)
    assert "ss@" not in repr(proxies)


@pytest.mark.parametrize(
    "url", ["https://user:s3cret@p", "socks5://user:s3cret@p", "http://:80", "http://s3cret:x@p:y"]
)
def test_what_is_no_proxy_matters_where_it_is_needed(url):
    proxies = Proxies.from_environment({"HTTPS_PROXY": url, "NO_PROXY": "direct.example.com"})
    assert proxies.between(Server(Endpoint("direct.example.com", 443))) is None
    with pytest.raises(ProvisioningError, match="HTTPS_PROXY") as caught:
        proxies.between(SERVER)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("no_proxy", "endpoint", "is_direct"),
    [
        ("", "a.example.com:443", False),
        ("*", "a.example.com:443", True),
        ("example.com", "a.example.com:443", True),
        ("example.com", "example.com:5000", True),
        ("example.com", "notexample.com:443", False),
        (".example.com", "a.b.example.com:443", True),
        (".example.com", "example.com:443", False),
        ("*.example.com", "a.example.com:443", True),
        ("EXAMPLE.com", "a.example.com:443", True),
        ("example.com:5000", "a.example.com:5000", True),
        ("example.com:5000", "a.example.com:443", False),
        ("192.0.2.0/24", "192.0.2.9:443", True),
        ("192.0.2.0/24", "198.51.100.9:443", False),
        ("192.0.2.0/24", "a.example.com:443", False),
        ("192.0.2.9", "192.0.2.9:443", True),
        ("192.0.2.9:80", "192.0.2.9:443", False),
        ("2001:db8::9", "[2001:db8::9]:443", True),
        ("2001:db8::/32", "[2001:db8::9]:443", True),
        ("[2001:db8::9]:443", "[2001:db8::9]:443", True),
        ("[2001:db8::9]:80", "[2001:db8::9]:443", False),
        ("no/thing,x", "x:1", True),
        ("", "localhost:5000", True),
        ("", "127.0.0.1:5000", True),
        ("", "[::1]:5000", True),
    ],
)
def test_who_is_reached_directly(no_proxy, endpoint, is_direct):
    proxies = Proxies.from_environment({"HTTPS_PROXY": URL, "NO_PROXY": no_proxy})
    assert (proxies.between(Server(Endpoint.parse(endpoint))) is None) == is_direct


def test_given_addresses_need_no_proxy():
    proxies = Proxies.from_environment({"HTTPS_PROXY": URL})
    assert proxies.between(dataclasses.replace(SERVER, addresses=("192.0.2.10",))) is None


@pytest.fixture
def start_proxy():
    with contextlib.ExitStack() as cleanup:

        def start(routes, **options):
            proxy = ProxyServer(routes, **options)
            cleanup.callback(proxy.stop)
            return proxy

        yield start


@contextlib.contextmanager
def repository_behind(environment, record, timeout=5):
    transport = Transport(
        Server.of(record),
        Credentials.of(record),
        timeout=timeout,
        proxies=Proxies.from_environment(environment),
        pace=Pace(base=0.01),
    )
    with contextlib.closing(transport):
        yield Repository(transport, "team/app", Meter())


def test_a_tunnel_to_a_registry_with_tls(start_proxy, registry):
    proxy = start_proxy({registry.endpoint: registry.port}, authorization="Basic dTpw")
    record = Record.parse({**registry.record_dict, "addresses": []})
    environment = {"HTTPS_PROXY": proxy.url.replace("//", "//u:p@")}
    with repository_behind(environment, record) as repository:
        assert repository.manifest_digest("1") is None
        assert repository.manifest_digest("2") is None
    assert proxy.asked == [("CONNECT", registry.endpoint)]
    assert [one.status for one in registry.access_log()] == [404, 404]


def test_a_certificate_behind_a_proxy(start_proxy, registry, authority):
    proxy = start_proxy({registry.endpoint: registry.port})
    record = Record.parse({**registry.record_dict, "addresses": [], "ca_certificates": [authority.pem]})
    refused = pytest.raises(ProvisioningError, match="is not trusted")
    with repository_behind({"HTTPS_PROXY": proxy.url}, record) as repository, refused as caught:
        repository.manifest_digest("1")
    assert caught.value.reason == "untrusted"


def test_why_a_certificate_behind_a_proxy_is_refused(start_proxy, serve, authority):
    past = (dt.timedelta(days=-20), dt.timedelta(days=-10))
    server = serve(Reply(), authority.issue("registry.example.com", valid=past))
    proxy = start_proxy({"registry.example.com:443": server.port})
    record = Record.parse({"endpoint": "registry.example.com:443", "ca_certificates": [authority.pem]})
    refused = pytest.raises(ProvisioningError, match="its certificate expired on")
    with repository_behind({"HTTPS_PROXY": proxy.url}, record) as repository, refused as caught:
        repository.manifest_digest("1")
    assert caught.value.reason == "expired"
    assert proxy.asked == [("CONNECT", "registry.example.com:443")] * 2


def test_plain_http_with_whole_urls(start_proxy, serve):
    server = serve(Reply(headers={"Docker-Content-Digest": "sha256:1"}))
    proxy = start_proxy({"registry.example.com:5000": server.port}, authorization="Basic dTpw")
    record = Record.parse({"endpoint": "registry.example.com:5000", "scheme": "http", "username": "a", "password": "b"})
    with repository_behind({"HTTP_PROXY": proxy.url.replace("//", "//u:p@")}, record) as repository:
        assert repository.manifest_digest("1") == "sha256:1"
    assert proxy.asked == [("HEAD", "registry.example.com:5000")]
    [asked] = server.asked
    assert (asked.path, asked.headers["Host"]) == ("/v2/team/app/manifests/1", "registry.example.com:5000")
    assert asked.headers["Authorization"] == "Basic YTpi"


@pytest.mark.parametrize(
    ("routes", "authorization", "words"),
    [({}, "", "answers HTTP 502"), ({"registry.example.com:443": 1}, "Basic dTpw", "answers HTTP 407")],
)
def test_a_proxy_that_refuses_is_named(start_proxy, routes, authorization, words):
    proxy = start_proxy(routes, authorization=authorization)
    record = Record.parse({"endpoint": "registry.example.com:443"})
    refused = pytest.raises(ProvisioningError, match=f"the proxy 127.0.0.1:{proxy.port} {words}")
    with repository_behind({"HTTPS_PROXY": proxy.url}, record) as repository, refused as caught:
        repository.manifest_digest("1")
    assert caught.value.reason == "unreachable"


def test_a_proxy_that_is_not_there_is_named(start_proxy):
    proxy = start_proxy({})
    proxy.stop()
    record = Record.parse({"endpoint": "registry.example.com:443"})
    with (
        repository_behind({"HTTPS_PROXY": proxy.url}, record) as repository,
        pytest.raises(ProvisioningError, match=f"the proxy 127.0.0.1:{proxy.port} cannot be reached"),
    ):
        repository.manifest_digest("1")
