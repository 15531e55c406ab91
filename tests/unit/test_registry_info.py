# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry is, asked of real ones."""

from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._registry_info import describe_registry
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.proxy_server import ProxyServer
from ansible_collections.edgeops.registry.tests.support.real_registry import HOST, free_port
from ansible_collections.edgeops.registry.tests.support.registry_content import RepositoryContent


def info(record, **options):
    params = {
        "registry": record,
        "gather": "repositories",
        "limit": 1000,
        "on_failure": "fail",
        "timeout": 10.0,
        "allow_http": False,
        **options,
    }
    return describe_registry(params, Settings())


@pytest.fixture
def filled(registry):
    """A registry that lists 101 repositories."""
    folder = registry.directory / "data/docker/registry/v2/repositories/app"
    for number in range(101):
        (folder / f"{number:04}" / "_layers").mkdir(parents=True)
    return registry


def test_a_registry_that_works(registry):
    app = RepositoryContent(registry.record_dict_for("127.0.0.1"), "team/app")
    app.tag(app.image(b"1", tag="1.0"), "latest")
    registry.clear_access_log()
    outcome = info(registry.record_dict, gather="tags")
    assert (outcome.changed, outcome.failed, outcome.facts["failures"], outcome.facts["msg"]) == (False, "", [], "")
    assert outcome.facts["verify"] == {"ok": True, "reason": "", "http_status": 200, "requests": 1}
    assert outcome.facts["authentication"] == ["basic"]
    assert outcome.facts["repositories"] == [{"name": "team/app", "tags": ["1.0", "latest"]}]
    certificate = outcome.facts["certificate"]
    assert certificate["names"] == [HOST, "localhost", "127.0.0.1"]
    assert certificate["days_left"] > 0
    assert certificate["issuer"]
    [authority] = outcome.facts["ca_certificates"]
    assert len(authority["fingerprint"]) == len(certificate["fingerprint"]) == 64
    assert [(one.method, one.path, one.status) for one in registry.access_log()] == [
        ("GET", "/v2/", 200),
        ("GET", "/v2/", 401),
        ("GET", "/v2/_catalog", 200),
        ("GET", "/v2/team/app/tags/list", 200),
    ]


def test_a_long_catalog_comes_page_by_page(filled):
    outcome = info(filled.record_dict)
    assert [one["name"] for one in outcome.facts["repositories"]] == [f"app/{number:04}" for number in range(101)]
    assert not outcome.facts["truncated"]
    assert len([one for one in filled.access_log() if "/_catalog" in one.path]) == 2
    for limit, truncated, pages in ((100, True, 2), (10, True, 1), (101, False, 2)):
        filled.clear_access_log()
        outcome = info(filled.record_dict, limit=limit)
        assert (len(outcome.facts["repositories"]), outcome.facts["truncated"]) == (limit, truncated)
        assert len([one for one in filled.access_log() if "/_catalog" in one.path]) == pages


def test_bearer_tokens(token_registry, authority):
    registry, dummy = token_registry
    record = {**registry.record_dict, "ca_certificates": [registry.ca_pem, authority.pem]}
    outcome = info(record)
    assert outcome.facts["authentication"] == ["bearer"]
    assert outcome.facts["repositories"] == []
    assert len(outcome.facts["ca_certificates"]) == 2


@pytest.mark.parametrize(
    ("change", "reason", "is_certificate_known"),
    [
        (lambda registry: {"password": "not-the-password"}, "unauthorized", True),
        (lambda registry: {"ca_certificates": []}, "untrusted", False),
        (lambda registry: {"endpoint": f"other.edge.test:{registry.port}"}, "name_mismatch", True),
        (lambda registry: {"endpoint": f"{HOST}:{free_port()}"}, "unreachable", False),
        (lambda registry: {"endpoint": "no-such-host.invalid:5000", "addresses": []}, "unresolved", False),
    ],
)
def test_why_it_does_not_work(registry, change, reason, is_certificate_known):
    record = {**registry.record_dict, **change(registry)}
    failed = info(record, timeout=5.0)
    assert failed.failed
    assert failed.facts["verify"]["reason"] == reason
    assert [failure["reason"] for failure in failed.facts["failures"]] == [reason]
    assert (failed.facts["certificate"] is not None) == is_certificate_known
    assert failed.facts["repositories"] == []
    reported = info(record, timeout=5.0, on_failure="report")
    assert reported.failed == ""
    assert reported.facts["msg"] == failed.failed
    assert all(reported.facts["failures"][0][key] for key in ("registry", "msg", "remedy"))
    assert "not-the-password" not in str(reported)


@pytest.fixture
def closed(serve):
    """The record of something with plain HTTP that keeps its catalog to itself."""

    def answer(asked):
        kind = {"Content-Type": "application/json", "Server": "test"}
        return Reply(headers=kind, body=b"{}") if asked.path == "/v2/" else Reply(403, kind)

    return {"endpoint": f"127.0.0.1:{serve(answer).port}", "scheme": "http"}


def test_plain_http_only_where_permitted(closed):
    with pytest.raises(ProvisioningError, match="allow_http"):
        info(closed)
    outcome = info(closed, allow_http=True, gather="registry")
    assert outcome.failed == ""
    assert outcome.facts["certificate"] is None
    assert outcome.facts["authentication"] == []


def test_a_catalog_that_is_kept_secret(closed):
    outcome = info(closed, allow_http=True)
    assert outcome.facts["verify"]["ok"]
    assert [failure["reason"] for failure in outcome.facts["failures"]] == ["unauthorized"]
    assert "HTTP 403 for its list of repositories" in outcome.failed


def test_a_limit_below_one(closed):
    with pytest.raises(ProvisioningError, match="limit: must be at least 1"):
        info(closed, allow_http=True, limit=0)


def test_nothing_goes_past_the_environments_proxy(registry, token_registry, authority, monkeypatch):
    bearer, server = token_registry
    proxy = ProxyServer({one.endpoint: one.port for one in (registry, bearer)})
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    try:
        for one in (registry, bearer):
            record = {**one.record_dict, "addresses": [], "ca_certificates": [one.ca_pem, authority.pem]}
            outcome = info(record, gather="tags")
            assert (outcome.failed, outcome.facts["verify"]["ok"]) == ("", True)
            assert outcome.facts["certificate"]
        assert {target for dummy, target in proxy.asked} == {registry.endpoint, bearer.endpoint}
        assert server.http.asked  # at localhost, which needs no proxy
        wrong = info({**registry.record_dict, "addresses": [], "ca_certificates": [authority.pem]}, on_failure="report")
        assert wrong.facts["verify"]["reason"] == "untrusted"
    finally:
        proxy.stop()


def test_what_the_registry_wants_to_be_told(serve):
    warning = {"Content-Type": "application/json", "Warning": '299 - "Closes in May."'}
    server = serve(Reply(headers=warning, body=b'{"repositories": []}'))
    outcome = info({"endpoint": f"127.0.0.1:{server.port}", "scheme": "http"}, allow_http=True)
    assert list(outcome.warnings) == [f"127.0.0.1:{server.port} says: Closes in May."]
