# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where signatures are looked for, at a server that speaks as registries do."""

from __future__ import annotations

import contextlib
import json

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.registries import Registries
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import parse_source
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.formats import (
    COSIGN_TAG,
    SIGSTORE_BUNDLE,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.verification import Policy, verify
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.source import Sources
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.oci_layout import INDEX, MANIFEST
from ansible_collections.edgeops.registry.tests.support.signature_parts import (
    BUNDLE_TYPE,
    bundle,
    encoded,
    payload,
    pem_of,
    signed_bytes,
    statement,
)
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

KEY = ec.generate_private_key(ec.SECP256R1())


def sign(message):
    return KEY.sign(message, ec.ECDSA(hashes.SHA256()))


def descriptor(content, media_type="", **more):
    return {"mediaType": media_type, "digest": sha256(content), "size": len(content), **more}


def manifest(*layers, **more):
    whole = {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(b"{}"), "layers": layers, **more}
    return json.dumps(whole).encode()


IMAGE = manifest()
PAYLOAD = payload(sha256(IMAGE))
TAGGED = manifest(
    descriptor(
        PAYLOAD,
        "application/vnd.dev.cosign.simplesigning.v1+json",
        annotations={"dev.cosignproject.cosign/signature": encoded(sign(PAYLOAD))},
    )
)
ONE_TAG = f"manifests/{sha256(IMAGE).replace(':', '-')}.sig"
IN_TAG = {
    ONE_TAG: Reply(headers={"Docker-Content-Digest": sha256(TAGGED)}),
    f"manifests/{sha256(TAGGED)}": Reply(body=TAGGED),
    f"blobs/{sha256(PAYLOAD)}": Reply(body=PAYLOAD),
}


STATEMENT = statement(sha256(IMAGE))
BUNDLE = bundle(STATEMENT, {"signatures": [{"sig": encoded(sign(signed_bytes(STATEMENT)))}]})
REFERRER = manifest(descriptor(BUNDLE, BUNDLE_TYPE), artifactType=BUNDLE_TYPE, subject=descriptor(IMAGE, MANIFEST))
LIST = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(REFERRER, MANIFEST)]}).encode()
BY_API = {
    f"referrers/{sha256(IMAGE)}": Reply(headers={"Content-Type": INDEX}, body=LIST),
    f"manifests/{sha256(REFERRER)}": Reply(body=REFERRER),
    f"blobs/{sha256(BUNDLE)}": Reply(body=BUNDLE),
}


@pytest.fixture
def verify_at(serve):
    """Verify the image at a server that has what it is given."""

    def verify_it(routes):
        has = {"manifests/" + sha256(IMAGE): Reply(body=IMAGE), **routes}
        server = serve(lambda asked: has.get(asked.path.removeprefix("/v2/app/"), Reply(404)))
        record = Record.parse({"endpoint": f"localhost:{server.port}", "scheme": "http"})
        with contextlib.closing(Registries(timeout=5, allow_http=True)) as registries:
            reference = parse_source(f"localhost:{server.port}/app@{sha256(IMAGE)}")
            source = Sources([record], registries, Settings().run_command).open(reference, Meter())
            policy = Policy.parse({"keys": [pem_of(KEY)], "require": "any", "on_failure": "fail"})
            return verify(source, source.root(), policy)

    return verify_it


@pytest.mark.parametrize(
    ("routes", "forms"),
    [(IN_TAG, (COSIGN_TAG,)), (BY_API, (SIGSTORE_BUNDLE,)), ({**IN_TAG, **BY_API}, (COSIGN_TAG, SIGSTORE_BUNDLE))],
)
def test_signatures_are_found_in_tags_and_by_the_api(verify_at, routes, forms):
    verdict = verify_at(routes)
    assert (verdict.failure, verdict.forms) == (None, forms)
    assert [form for form, dummy in verdict.verified] == list(forms)


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ({**IN_TAG, f"manifests/{sha256(TAGGED)}": Reply(body=b"{}")}, "something else"),
        ({**IN_TAG, f"manifests/{sha256(TAGGED)}": Reply(404)}, "HTTP 404"),
        ({**IN_TAG, f"blobs/{sha256(PAYLOAD)}": Reply(404)}, "HTTP 404"),
        ({**IN_TAG, f"blobs/{sha256(PAYLOAD)}": Reply(body=b"x" * len(PAYLOAD))}, "something else"),
        ({**BY_API, f"manifests/{sha256(REFERRER)}": Reply(404)}, "HTTP 404"),
        ({**BY_API, f"blobs/{sha256(BUNDLE)}": Reply(body=BUNDLE + b" ")}, "something else"),
    ],
)
def test_a_signature_that_is_damaged_at_its_source_is_none(verify_at, routes, words):
    failure = verify_at(routes).failure
    assert failure.reason == "unsigned"
    assert words in failure.message


@pytest.mark.parametrize("route", {**IN_TAG, **BY_API}, ids=["tag", "tagged", "payload", "list", "referrer", "bundle"])
def test_a_source_that_refuses_says_nothing_of_signatures(verify_at, route):
    with pytest.raises(ProvisioningError) as caught:
        verify_at({**IN_TAG, **BY_API, route: Reply(403)})
    assert caught.value.reason == "unauthorized"
