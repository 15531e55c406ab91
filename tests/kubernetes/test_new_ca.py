# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry changes its CA, and at no moment is there a pod that cannot pull: for a while the nodes trust both."""

from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.cri import pull
from ansible_collections.edgeops.registry.tests.support.edge_images import HELLO, push_images
from ansible_collections.edgeops.registry.tests.support.namespaces import provision

pytestmark = pytest.mark.minutes(2)


@pytest.fixture
def registry(node, start_edge_registry):
    """One that the node neither knows nor trusts when the test ends."""
    started = start_edge_registry()
    push_images(started)
    yield started
    trust(node, {"endpoint": started.endpoint}, state="absent")


def trust(node, record, **options):
    """Not by the system's store too, which a running containerd reads but once."""
    result = node.module("client", registries=[record], system_trust=False, **options)
    assert not result.values.get("failed"), result.values
    return result["changed"]


def test_pods_pull_before_during_and_after_a_change_of_the_ca(cluster, node, namespace, registry, tmp_path):
    former, new = registry.authority, Authority(tmp_path / "new")
    image, record = f"{registry.endpoint}/{HELLO}", registry.record_dict
    both = {**record, "ca_certificates": [former.pem, new.pem]}
    granted = provision(namespace, registries=[record], kubeconfig=str(cluster.kubeconfig))
    assert not granted.get("failed"), granted

    def see_a_pod_pull(name):
        options = ("--image-pull-policy=Always", "--restart=Never", f"--namespace={namespace}")
        cluster.kubectl("run", name, f"--image={image}", *options)
        finished = "--for=jsonpath={.status.phase}=Succeeded"
        cluster.kubectl("wait", finished, f"pod/{name}", f"--namespace={namespace}", "--timeout=180s")

    assert trust(node, record)
    see_a_pod_pull("before")
    assert trust(node, both)
    see_a_pod_pull("with-both-before")
    registry.change_authority(new)
    see_a_pod_pull("with-both-after")
    assert not trust(node, both)
    assert trust(node, registry.record_dict)
    see_a_pod_pull("after")

    registry.change_authority(former)
    assert "x509" in pull(node, image, record)
    assert len(cluster.objects("pods", namespace)) == 4
