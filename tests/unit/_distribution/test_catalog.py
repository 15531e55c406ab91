# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of registries other than those that run here, by what the specification permits them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.catalog import Catalog
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.registries import Registries
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.tests.support.http_server import Reply

DIGESTS = [f"sha256:{number:064x}" for number in range(3)]
REFERRERS = f"/v2/app/referrers/{DIGESTS[0]}"


@pytest.fixture
def catalog_of(serve):
    """The catalog of a server that answers by path; what is not there is 404."""
    opened = []

    def start(replies):
        server = serve(lambda asked: replies.get((asked.method, asked.path)) or replies.get(asked.path) or Reply(404))
        record = Record.parse({"endpoint": f"127.0.0.1:{server.port}", "scheme": "http"})
        registries = Registries(timeout=5.0, allow_http=True)
        opened.append(registries)
        return Catalog(registries.transport(record, ""), Meter()), server

    yield start
    for registries in opened:
        registries.close()


def page(data, link=""):
    return Reply(headers={"Link": link} if link else {}, body=json.dumps(data).encode())


@pytest.mark.parametrize(
    "link",
    [
        '</v2/app/tags/list?last=b>; rel="next"',
        "<list?last=b>; rel=next",
        "<?last=b>;rel=next",
        '<https://internal.invalid/v2/app/tags/list?last=b>; title="next page"; rel="next"',
        '</v2/app/tags/list>; rel="first", </v2/app/tags/list?last=b>; rel="next"',
    ],
)
def test_every_page_is_read(catalog_of, link):
    pages = {
        "/v2/app/tags/list": page({"name": "app", "tags": ["b"]}, link),
        "/v2/app/tags/list?last=b": page({"name": "app", "tags": ["a", "b"]}),
    }
    catalog, server = catalog_of(pages)
    assert catalog.tags("app") == ["a", "b"]
    assert len(server.asked) == 2


@pytest.mark.parametrize("body", [{"name": "app", "tags": None}, {"name": "app", "tags": []}, {"name": "app"}])
def test_a_repository_without_tags(catalog_of, body):
    assert catalog_of({"/v2/app/tags/list": page(body)})[0].tags("app") == []
    assert catalog_of({})[0].tags("app") is None


def test_an_empty_page_is_not_the_end(catalog_of):
    pages = {
        "/v2/_catalog": page({"repositories": None}, '</v2/_catalog?last=0>; rel="next"'),
        "/v2/_catalog?last=0": page({"repositories": ["app"]}),
    }
    assert list(catalog_of(pages)[0].repositories()) == ["app"]


def test_a_list_in_circles_is_refused(catalog_of):
    catalog, server = catalog_of({"/v2/app/tags/list": page({"tags": ["a"]}, '</v2/app/tags/list>; rel="next"')})
    with pytest.raises(ProvisioningError, match="the tags of app: its pages go in circles"):
        catalog.tags("app")
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"\xff"])
def test_what_is_no_list_is_refused(catalog_of, body):
    with pytest.raises(ProvisioningError, match="the tags of app is not what a registry gives") as caught:
        catalog_of({"/v2/app/tags/list": Reply(body=body)})[0].tags("app")
    assert caught.value.reason == "not_a_registry"


def test_referrers_come_page_by_page(catalog_of):
    pages = {
        REFERRERS: page({"manifests": [{"digest": DIGESTS[1]}]}, f'<{REFERRERS}?page=2>; rel="next"'),
        f"{REFERRERS}?page=2": page({"manifests": [{"digest": DIGESTS[2]}, {"digest": "../1.0"}, {}, 5]}),
    }
    assert catalog_of(pages)[0].referrers("app", DIGESTS[0]) == DIGESTS[1:]
    assert catalog_of({REFERRERS: page({"manifests": []})})[0].referrers("app", DIGESTS[0]) == []


@pytest.mark.parametrize("reply", [Reply(404), Reply(400), Reply(405), Reply(501), Reply(body=b"404 page not found")])
def test_a_registry_without_referrers_is_asked_once(catalog_of, reply):
    catalog, server = catalog_of({REFERRERS: reply})
    assert [catalog.referrers("app", DIGESTS[0]) for dummy in range(3)] == [None] * 3
    assert len(server.asked) == 1


@pytest.mark.parametrize(("status", "is_possible"), [(202, True), (200, True), (404, True), (400, False), (405, False)])
def test_whether_a_tag_can_be_deleted(catalog_of, status, is_possible):
    catalog, dummy = catalog_of({("DELETE", "/v2/app/manifests/1.0"): Reply(status)})
    assert catalog.untag("app", "1.0") is is_possible


@pytest.mark.parametrize(("status", "reason"), [(401, "unauthorized"), (403, "unauthorized"), (409, "conflict")])
def test_a_refusal_is_told(catalog_of, status, reason):
    catalog, dummy = catalog_of({("DELETE", f"/v2/app/manifests/{DIGESTS[0]}"): Reply(status)})
    with pytest.raises(ProvisioningError) as caught:
        catalog.delete("app", DIGESTS[0])
    assert caught.value.reason == reason
    assert DIGESTS[0] in str(caught.value)


def test_a_digest_that_is_none_is_made_good(catalog_of):
    reply = Reply(headers={"Docker-Content-Digest": "md5:1"}, body=b"{}")
    catalog, dummy = catalog_of({"/v2/app/manifests/1.0": reply})
    assert catalog.manifest("app", "1.0") == (sha256(b"{}"), b"{}")


def test_what_is_gone_already_is_fine(catalog_of):
    catalog_of({})[0].delete("app", DIGESTS[0])
