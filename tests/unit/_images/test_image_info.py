# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real registries have, in this process."""

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.image_info import describe_images
from ansible_collections.edgeops.registry.tests.support import distribution3
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.oci_layout import random_layer
from ansible_collections.edgeops.registry.tests.support.registry_content import NOTATION, RepositoryContent

ATTESTATION = "application/vnd.in-toto+json"


both_engines = pytest.mark.parametrize("registry", ["2.8", "3"], indirect=True)


@pytest.fixture
def registry(request, start_registry):
    """The engine of Debian, or the one that is asked for."""
    is_new = getattr(request, "param", "2.8") == "3"
    return start_registry(program=distribution3.program() if is_new else None)


@pytest.fixture
def app(registry):
    return content(registry, "team/app")


def content(registry, name):
    return RepositoryContent(registry.record_dict_for("127.0.0.1"), name)


def info(registry, *images, password="", **options):
    """:param registry: a registry, or its record."""
    record = registry if isinstance(registry, dict) else registry.record_dict
    params = {
        "registry": {**record, "password": password or record.get("password")},
        "images": list(images) or ["*"],
        "concurrency": 4,
        "timeout": 10.0,
        "allow_http": False,
        "auth_file": None,
        **options,
    }
    return describe_images(params, Settings())


@both_engines
def test_tags_digests_platforms_sizes_and_what_is_shared(registry, app):
    shared = random_layer(10_000, 1)
    index = app.index((shared, b"amd64"), (b"arm64",), tag="1.0", created="2026-01-02T03:04:05.678Z")
    app.tag(index, "latest")
    other = content(registry, "other").image(shared, tag="2.0", platform="linux/arm64")
    registry.clear_access_log()
    outcome = info(registry)
    assert (outcome.changed, outcome.failed) == (False, "")
    facts = outcome.facts
    assert facts["digests"] == {"other:2.0": other, "team/app:1.0": index, "team/app:latest": index}
    second, first = facts["images"]
    assert {key: first[key] for key in ("repository", "digest", "tags", "created", "signatures", "referrers")} == {
        "repository": "team/app",
        "digest": index,
        "tags": ["1.0", "latest"],
        "created": "2026-01-02T03:04:05Z",
        "signatures": [],
        "referrers": [],
    }
    assert [one["platform"] for one in first["platforms"]] == ["linux/amd64", "linux/arm64"]
    assert [one["platform"] for one in second["platforms"]] == ["linux/arm64"]
    assert second["created"] == ""
    assert first["bytes_shared"] == second["bytes_shared"] == facts["bytes_saved"] == 10_000
    assert first["bytes"] == len(app.pull(index)) + sum(one["bytes"] for one in first["platforms"])
    assert facts["bytes_stored"] == first["bytes"] + second["bytes"] - 10_000
    log = [request for request in registry.access_log() if request.path != f"/v2/team/app/manifests/{index}"]
    # the catalog; the tags of 2 repositories; 3 tags; 2 platforms; is there a list of referrers; 3 configurations
    assert facts["requests"] == len(log) == 1 + 2 + 3 + 2 + 1 + 3
    assert {request.method for request in log} == {"GET"}


def test_signatures_are_found(registry, app):
    bare = app.image(b"0", tag="0.0")
    signed = app.index((b"1",), (b"2",), tag="1.0")
    sig = app.signature(signed)
    att = app.signature(signed, suffix="att", payload=b"attestation")
    bundle = app.referrer(signed)
    notation = app.referrer(signed, NOTATION, payload=b"notation")
    sbom = app.referrer(signed, ATTESTATION, payload=b"sbom")
    first, second = info(registry, "team/app").facts["images"]
    assert (first["digest"], first["signatures"], first["referrers"]) == (bare, [], [])
    assert second["signatures"] == ["cosign_tag", "notation", "sigstore_bundle"]
    fallback = signed.replace(":", "-")
    found = {(one["digest"], one["tag"], one["signature"]) for one in second["referrers"]}
    assert found == {
        (sig, f"{fallback}.sig", "cosign_tag"),
        (att, f"{fallback}.att", ""),
        (bundle, "", "sigstore_bundle"),
        (notation, "", "notation"),
        (sbom, "", ""),
    }
    assert {one["subject"] for one in second["referrers"]} == {signed}
    [one] = info(registry, "team/app:1.0").facts["images"]
    assert one == {**second, "bytes_shared": 0}


def test_only_what_is_asked_for_is_read(registry, app):
    digests = [app.image(bytes([number]), tag=f"1.{number}") for number in range(5)]
    content(registry, "team/web").image(b"web", tag="1.0")
    content(registry, "other").image(b"other", tag="1.0")
    registry.clear_access_log()
    outcome = info(registry, "team/app:1.3", f"team/app@{digests[1]}", "team/app:9.9", "no/such")
    assert {image["digest"]: image["tags"] for image in outcome.facts["images"]} == {
        digests[1]: [],
        digests[3]: ["1.3"],
    }
    # two lists of tags, two images with one configuration, and whether there is a list of referrers
    assert outcome.facts["requests"] == len(registry.access_log()) == 2 + 2 + 1 + 1
    matching = info(registry, "team/*").facts["digests"]
    assert sorted(matching) == [*(f"team/app:1.{number}" for number in range(5)), "team/web:1.0"]


def test_an_attestation_is_no_platform(registry, app):
    image = app.image(b"1", platform="linux/amd64")
    attestation = app.image(b"2", platform="unknown/unknown")
    kind = "application/vnd.oci.image.manifest.v1+json"
    app.index_of(*({"mediaType": kind, "digest": one, "size": 1} for one in (image, attestation)), tag="1.0")
    [found] = info(registry).facts["images"]
    assert [one["platform"] for one in found["platforms"]] == ["linux/amd64"]


@both_engines
def test_a_missing_platform_and_no_image_at_all(registry, app):
    assert info(registry).facts["images"] == []
    index = app.index((b"1",), (b"2",), tag="1.0")
    [found] = info(registry).facts["images"]
    revisions = registry.directory / "data/docker/registry/v2/repositories/team/app/_manifests/revisions/sha256"
    (revisions / found["platforms"][0]["digest"][7:] / "link").unlink()
    [again] = info(registry).facts["images"]
    assert (again["digest"], [one["platform"] for one in again["platforms"]]) == (index, ["linux/arm64"])


def test_what_cannot_be_read_hides_nothing(registry, app):
    app.image(b"1", tag="1.0")
    bad = content(registry, "bad").image(b"2", tag="1.0")
    path = registry.directory / "data/docker/registry/v2/blobs/sha256" / bad[7:9] / bad[7:] / "data"
    path.write_bytes(path.read_bytes() + b" ")
    outcome = info(registry)
    assert list(outcome.facts["digests"]) == ["team/app:1.0"]
    assert [(one["part"], one["registry"]) for one in outcome.facts["failures"]] == [("bad", registry.endpoint)]
    assert "bad" in outcome.failed


@pytest.mark.parametrize("text", ["Team/app", "a b", "team/app:", "team/app@sha256:1", "*:1.0", ""])
def test_bad_names(registry, text):
    with pytest.raises(ProvisioningError, match=r"images\[1\]"):
        info(registry, "team/app:1.0", text)
    assert registry.access_log() == []


def test_a_wrong_password_is_named_as_such(registry):
    with pytest.raises(ProvisioningError, match="HTTP 401 for its list of repositories") as caught:
        info(registry, password="not-the-password")
    assert caught.value.reason == "unauthorized"
    assert "not-the-password" not in str(caught.value)


def test_the_hosts_login_where_the_record_has_none(registry, app, tmp_path):
    app.image(b"1", tag="1.0")
    login = base64.b64encode(f"{registry.username}:{registry.password}".encode()).decode()
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"auths": {registry.endpoint: {"auth": login}}}))
    nobody = {**registry.record_dict, "username": None, "password": None}
    with pytest.raises(ProvisioningError, match="HTTP 401"):
        info(nobody)
    outcome = info(nobody, auth_file=str(file))
    assert (outcome.failed, list(outcome.facts["digests"])) == ("", ["team/app:1.0"])


def test_what_the_registry_wants_to_be_told(serve):
    warning = {"Warning": '299 - "Closes in May."'}
    server = serve(Reply(headers=warning, body=b'{"repositories": []}'))
    record = {"endpoint": f"127.0.0.1:{server.port}", "scheme": "http"}
    outcome = info(record, allow_http=True)
    assert outcome.warnings == [f"{record['endpoint']} says: Closes in May."]
