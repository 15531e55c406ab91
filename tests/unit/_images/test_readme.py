# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's own example of seeding, with nothing but the path of its archive changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.edgeops.registry.tests.support.docker_save import new_archive
from ansible_collections.edgeops.registry.tests.support.oci_layout import OciLayout, random_layer
from ansible_collections.edgeops.registry.tests.support.public_registry import (
    HUB_CDN,
    MCR_CDN,
    PublicRegistry,
    connected,
)
from ansible_collections.edgeops.registry.tests.support.skopeo import skopeo
from ansible_collections.edgeops.registry.tests.support.syncing import summary, sync

README = Path(__file__).parents[3] / "README.md"
MACHINES = ("amd64", "arm64", "s390x")
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


@pytest.fixture
def example(tmp_path):
    """The options of the task, but for the registry; its archive is there."""
    [text] = re.findall(r"## Images\n\n```yaml\n(.*?)```", README.read_text(), re.DOTALL)
    [task] = yaml.safe_load(text)
    given = task["edgeops.registry.image_sync"]
    new_archive(tmp_path / "app.tar", b"layer", tags=["app:1.0"])
    images = [
        {**image, "source": image["source"].replace("/srv/app.tar", f"{tmp_path}/app.tar")} for image in given["images"]
    ]
    given = {key: value for key, value in given.items() if key not in ("registry", "images")}
    return images, {**given, "spool": str(tmp_path / "spool")}


def contents(folder, seed, index_type):
    """An image of three platforms with an attestation, as builders push it: what it consists of, itself last."""
    layout = OciLayout(folder)
    children = [
        {
            **layout.manifest(random_layer(50_000, seed + number)),
            "platform": {"os": "linux", "architecture": machine},
        }
        for number, machine in enumerate(MACHINES)
    ]
    about = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": children[0]["digest"]}
    attestation = {
        **layout.manifest(f"in-toto {seed}".encode()),
        "platform": {"os": "unknown", "architecture": "unknown"},
    }
    index = {
        "schemaVersion": 2,
        "mediaType": index_type,
        "manifests": [*children, {**attestation, "annotations": about}],
    }
    digest = layout.document(index, index_type)["digest"]
    paths = sorted(layout.folder.glob("blobs/sha256/*"), key=lambda path: path.name == digest.partition(":")[2])
    return digest, [path.read_bytes() for path in paths]


def test_the_readme_seeds_from_docker_hub_and_from_microsoft(
    example, registry, serve, authority, tmp_path, monkeypatch
):
    images, options = example
    nginx, nginx_contents = contents(tmp_path / "nginx", 10, DOCKER_LIST)
    redis, redis_contents = contents(tmp_path / "redis", 20, OCI_INDEX)
    hub = PublicRegistry("library/redis", "7", redis_contents, HUB_CDN, wants_token=True)
    mcr = PublicRegistry("oss/nginx/nginx", "1.17.5-alpine", nginx_contents, MCR_CDN, wants_token=False)
    with connected(serve, authority, hub=hub, mcr=mcr) as internet:
        monkeypatch.setenv("HTTPS_PROXY", internet.proxy.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))  # what vouches for public servers
        outcome = sync(registry, *images, **options)
        assert not outcome.failed, outcome.failed
        assert summary(outcome, "name", "action") == [
            ("nginx:2.0", "copy"),
            ("library/redis:7", "copy"),
            ("team/app:1.0", "copy"),
        ]
        assert outcome.facts["images"][0]["digest"] == nginx
        assert [redis in warning for warning in outcome.warnings] == [True]
        assert hub.pulls == 1 + 3  # the index, two platforms and the attestation of one: each counts once
        again = sync(registry, *images, **options)
        assert (again.failed, again.changed, hub.pulls) == ("", False, 4)
    served = json.loads(skopeo(registry, "inspect", "--raw", "docker://{}/library/redis:7"))
    assert {one["platform"]["architecture"] for one in served["manifests"]} == {"amd64", "arm64", "unknown"}
    skopeo(registry, "copy", "--all", "docker://{}/nginx:2.0", f"oci:{tmp_path}/pulled")
