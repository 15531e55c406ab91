# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module kubernetes_registry with the engine of project zot, in an image as the project makes it: the program and nothing else."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.edgeops.registry.tests.support import zot
from ansible_collections.edgeops.registry.tests.support.cluster_registry import ClusterRegistry
from ansible_collections.edgeops.registry.tests.support.edge_images import BUSYBOX
from ansible_collections.edgeops.registry.tests.support.oci_layout import random_layer
from ansible_collections.edgeops.registry.tests.support.record_client import RecordClient
from ansible_collections.edgeops.registry.tests.support.registry_content import RepositoryContent
from ansible_collections.edgeops.registry.tests.support.skopeo import skopeo

pytestmark = pytest.mark.minutes(1)

CONFIGURATION = """
storage:
  rootDirectory: /var/lib/docker-registry/zot
  gc: true
http:
  address: 0.0.0.0
  port: "5000"
  tls:
    cert: /etc/edgeops-registry/server.pem
    key: /etc/edgeops-registry/server.key
  auth:
    htpasswd:
      path: /etc/edgeops-registry/htpasswd
"""


@pytest.fixture(scope="module")
def image(edge_registry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    shutil.copy(zot.program(), folder)
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY zot /zot\nENTRYPOINT ["/zot"]\nCMD ["serve", "/nowhere"]\n')
    name = "edgeops-test-zot:1"
    subprocess.run(["docker", "build", "--quiet", "--tag", name, folder], check=True, capture_output=True)
    skopeo(edge_registry, "copy", f"docker-daemon:{name}", "docker://{}/edge/zot:1")
    yield f"{edge_registry.endpoint}/edge/zot:1"
    subprocess.run(["docker", "image", "rm", name], check=True, capture_output=True)


@pytest.fixture
def site(cluster, node, edge_registry, image, tmp_path):
    made = ClusterRegistry(tmp_path, cluster, node, edge_registry, 31600)
    made.options.update(
        engine="zot",
        image=image,
        shell_image=f"{edge_registry.endpoint}/{BUSYBOX}",
        configuration=CONFIGURATION,
    )
    yield made
    cluster.kubectl("delete", "namespace", "--ignore-not-found", "--wait=false", made.namespace)


def test_there_and_back_with_images_that_outlive_it(site, node):
    predicted = site.run(check=True)["changes"]
    assert site.serves()
    assert "Deployment reg" in predicted
    digest = RepositoryContent(site.record, "edge/kept").image(random_layer(10_000, 1), tag="1")
    assert RecordClient(site.record, password="wrong").ask("GET", "/v2/").status == 401
    assert not site.run()["changed"]
    assert not site.run(check=True)["changed"]

    assert site.absent()["changed"]
    assert not site.absent()["changed"]
    assert site.serves()
    assert RepositoryContent(site.record, "edge/kept").pull_whole("1") == digest

    node.shell(f"touch {site.directory}/theirs")
    assert site.absent(data="remove")["changed"]
    assert not site.absent(data="remove")["changed"]
    assert node.shell(f"ls -A {site.directory}").split() == ["theirs"]
