# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pruning what is not quite as it should be, and registries that can more or less than others."""

from __future__ import annotations

import functools
import itertools
import json

import pytest
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.oci_layout import INDEX, OciLayout
from ansible_collections.edgeops.registry.tests.support.pruning import actions, prune, rule
from ansible_collections.edgeops.registry.tests.support.record_client import RecordClient
from ansible_collections.edgeops.registry.tests.support.registry_content import RepositoryContent
from ansible_collections.edgeops.registry.tests.support.syncing import sync

RELEASES = r"[0-9.]+"
PASSED_ON = ("Docker-Content-Digest", "Content-Type", "Location", "Link")


@pytest.fixture
def app(registry):
    return RepositoryContent(registry.record_dict_for("127.0.0.1"), "app")


class Gate:
    """What stands before a real registry and answers some requests itself."""

    def __init__(self, serve, registry):
        self._client = RecordClient(registry.record_dict_for("127.0.0.1"))
        self.rule = lambda asked: None
        self.server = serve(self._answer)
        self.record = {"endpoint": f"127.0.0.1:{self.server.port}", "scheme": "http"}

    def _answer(self, asked):
        reply = self.rule(asked)
        if reply is not None:
            return reply
        kind, accept = asked.headers.get("Content-Type", ""), asked.headers.get("Accept", "*/*")
        answer = self._client.ask(asked.method, asked.path, asked.body, kind, accept=accept)
        headers = {name: answer.headers[name] for name in PASSED_ON if answer.headers[name]}
        return Reply(answer.status, headers, answer.body)


@pytest.fixture
def gate(serve, registry):
    return Gate(serve, registry)


def test_a_list_of_referrers_is_used(gate, app):
    images = {tag: app.image(tag.encode(), tag=tag) for tag in ("1.0", "2.0")}
    fallbacks = {tag: digest.replace(":", "-") for tag, digest in images.items()}
    signatures = {tag: app.referrer(digest, payload=tag.encode()) for tag, digest in images.items()}
    for fallback in fallbacks.values():
        app.delete(app.digest(fallback))

    def answer(asked):
        found = [signatures[tag] for tag in images if asked.path == f"/v2/app/referrers/{images[tag]}"]
        listed = json.dumps({"mediaType": INDEX, "manifests": [{"digest": one} for one in found]}).encode()
        return Reply(body=listed) if "/referrers/" in asked.path else None

    gate.rule = answer
    outcome = prune(gate.record, rule(RELEASES, 1), allow_http=True)
    assert actions(outcome) == {"1.0": "delete", "2.0": "keep"}
    assert sorted(one["digest"] for one in outcome.facts["manifests"]) == sorted([images["1.0"], signatures["1.0"]])
    assert (app.has(signatures["1.0"]), app.has(signatures["2.0"])) == (False, True)
    asked = [one.path for one in gate.server.asked if "/referrers/" in one.path]
    assert len(asked) == len(set(asked)) == 4


def test_every_tag_is_complete_whenever_it_is_interrupted(gate, app):
    index = app.index((b"1",), (b"2",), tag="1.0")
    app.signature(index)
    app.index((b"2", b"3"), (b"4",), tag="1.1")
    app.tag(app.image(b"5", tag="2.0"), "build-1")
    keep = [rule(RELEASES, 1), rule("build-.*", 0)]
    for allowed in range(20):
        gate.rule = functools.partial(_refuse_writes, itertools.count(), allowed)
        outcome = prune(gate.record, *keep, allow_http=True)
        for tag in app.tags():
            app.pull_whole(tag)
        assert "2.0" in app.tags()
        if not outcome.failed:
            break
        assert [failure["reason"] for failure in outcome.facts["failures"]] == ["unauthorized"]
        assert outcome.facts["bytes_freed"] == 0
    assert allowed > 3
    assert app.tags() == ["2.0"]
    assert not prune(gate.record, *keep, allow_http=True).changed


def test_what_is_accepted_and_not_done_is_no_success(gate, app):
    app.image(b"1", tag="1.0")
    app.image(b"2", tag="2.0")
    gate.rule = lambda asked: Reply(202) if asked.method == "DELETE" else None
    outcome = prune(gate.record, rule(RELEASES, 1), allow_http=True)
    assert "the registry accepted the deletion and still lists 1.0" in outcome.failed
    assert outcome.facts["bytes_freed"] == 0


def test_a_kept_tag_that_vanishes_is_told(gate, app):
    app.image(b"1", tag="1.0")
    kept = app.image(b"2", tag="2.0")

    def vanish(asked):
        if asked.method == "DELETE" and app.has("2.0"):
            app.delete(kept)

    gate.rule = vanish
    outcome = prune(gate.record, rule(RELEASES, 1), allow_http=True)
    assert "2.0 should have stayed and is not there any more" in outcome.failed


def test_bearer_tokens_that_are_good_for_deleting(token_registry, authority, tmp_path):
    registry, server = token_registry
    record = {**registry.record_dict, "ca_certificates": [registry.ca_pem, authority.pem]}
    layout = OciLayout(tmp_path / "layout")
    for tag in ("1.0", "2.0"):
        layout.image(tag.encode(), tag=tag)
    assert not sync(record, *((f"oci:{layout.folder}:{tag}", f"app:{tag}") for tag in ("1.0", "2.0"))).failed
    assert actions(prune(record, rule(RELEASES, 1))) == {"1.0": "delete", "2.0": "keep"}
    scopes = {asked.path.partition("scope=")[2] for asked in server.http.asked}
    assert scopes >= {"registry%3Acatalog%3A%2A", "repository%3Aapp%3Apull", "repository%3Aapp%3Apull%2Cpush%2Cdelete"}


def test_connections_stay_within_the_concurrency(gate, app):
    for number in range(10):
        app.image(bytes([number]), tag=str(number))
    outcome = prune(gate.record, rule(RELEASES, 2), allow_http=True, concurrency=3)
    assert len(outcome.facts["manifests"]) == 8
    assert gate.server.connections <= 3
    # the catalog, the tags, 10 images, is there a list of referrers; may one delete, 8 deletions, the tags again
    assert len(gate.server.asked) == 1 + 1 + 10 + 1 + 1 + 8 + 1


def _refuse_writes(count, allowed, asked):
    """The gate's rule that lets so many writes of manifests through, and one more."""
    is_write = asked.method in ("DELETE", "PUT") and "/manifests/" in asked.path
    return Reply(403) if is_write and next(count) > allowed else None
