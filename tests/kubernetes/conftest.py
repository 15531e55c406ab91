# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster, a node and registries beside it.

With the path of a kubeconfig in KUBECONFIG_UNDER_TEST the cluster is the one that it leads to, and every test that
uses the fixture `node`, which only a cluster of ours can give, is deselected. With the name of a running container in
NODE_UNDER_TEST, such as one that `kubernetes_node.py` started, it is what they use, and stays.
"""

from __future__ import annotations

import os
import secrets
import typing as t
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.tests.support.edge_images import push_images
from ansible_collections.edgeops.registry.tests.support.kubernetes_cluster import UNDER_TEST, Cluster
from ansible_collections.edgeops.registry.tests.support.kubernetes_node import Node, RunningNode
from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry

OURS = {"node", "start_node"}
"""Fixtures that need a machine of ours."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if UNDER_TEST and OURS.intersection(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=ours)
    items[:] = [item for item in items if item not in ours]


def pytest_report_header() -> str | None:
    return f"cluster: {UNDER_TEST}, without the tests that need a node of ours" if UNDER_TEST else None


def new_node(config: pytest.Config, **options: t.Any) -> Node:
    """A node; what it says while it is being built is seen."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        return Node(f"edgeops-kubernetes-{secrets.token_hex(3)}", **options)


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest) -> t.Iterator[Node]:
    """The node of the cluster, with containerd 2."""
    running = os.environ.get("NODE_UNDER_TEST")
    started = RunningNode(running) if running else new_node(request.config)
    yield started
    started.remove()


@pytest.fixture
def start_node(request: pytest.FixtureRequest) -> t.Iterator[t.Callable[..., Node]]:
    """Start further nodes; they go with the test."""
    started: list[Node] = []

    def start(**options: t.Any) -> Node:
        started.append(new_node(request.config, **options))
        return started[-1]

    yield start
    for one in started:
        one.remove()


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Cluster]:
    """The cluster that is tested with; namespaces that it gave names for go with it."""
    kubeconfig = Path(UNDER_TEST)
    if not UNDER_TEST:
        kubeconfig = tmp_path_factory.mktemp("cluster") / "kubeconfig"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(request.getfixturevalue("node").kubeconfig)
    found = Cluster(kubeconfig)
    yield found
    found.remove_namespaces()


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """A namespace that is empty but for its default service account."""
    return cluster.new_namespace()


@pytest.fixture(scope="session")
def edge_registry(
    request: pytest.FixtureRequest, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> t.Iterator[RealRegistry]:
    """A registry with TLS, a password and images, outside of the cluster; a node of ours knows and trusts it."""
    registry = RealRegistry(tmp_path_factory.mktemp("edge-registry"), address=cluster.address_of_this_machine())
    registry.start()
    push_images(registry)
    if not UNDER_TEST:
        request.getfixturevalue("node").trust(registry)
    yield registry
    registry.stop()


@pytest.fixture
def start_edge_registry(cluster: Cluster, tmp_path: Path) -> t.Iterator[t.Callable[..., RealRegistry]]:
    """Start registries like that, empty and unknown to the node; they stop with the test."""
    started: list[RealRegistry] = []

    def start(**settings: t.Any) -> RealRegistry:
        directory = tmp_path / f"edge-registry-{len(started)}"
        started.append(RealRegistry(directory, address=cluster.address_of_this_machine(), **settings))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.stop()
