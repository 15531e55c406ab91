# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One emulated device for the tests of a module, as at its start for each."""

from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._target import Target
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.edge_device import USER, EdgeDevice


@pytest.fixture(scope="module")
def node_authority(tmp_path_factory):
    """The CA of the device's node."""
    return Authority(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="module")
def node_leaf(node_authority):
    """The certificate of the device's node, for a name by which nobody reaches it."""
    return node_authority.issue("serial1.edge.test")


@pytest.fixture(scope="module")
def started(node_leaf):
    device = EdgeDevice(node_leaf)
    yield device
    device.stop()


@pytest.fixture
def device(started):
    """Afterwards every shell that was opened is closed."""
    started.forget()
    yield started
    report = started.report
    assert report["shells_opened"] == report["shells_closed"]


@pytest.fixture
def target(device, node_authority):
    """How the device is reached, with quick timeouts."""

    def make(**fields):
        given = {
            "host": "127.0.0.1",
            "port": device.port,
            "https": True,
            "username": USER,
            "password": device.password,
            "ca_cert": str(node_authority.path),
            "tls_server_name": "serial1.edge.test",
            "operation_timeout": 1,
            "timeout": 30,
        }
        return Target(**{**given, **fields})

    return make
