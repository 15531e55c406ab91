# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blobs of a real registry, over a network that fails."""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authenticator import Credentials
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.pool import Pace
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository, sha256
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import TRIES, Meter, Transport
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.tests.support.fault_proxy import DOWN, FaultProxy
from ansible_collections.edgeops.registry.tests.support.oci_layout import random_layer
from ansible_collections.edgeops.registry.tests.support.pusher import Pusher

BLOB = random_layer(2_000_000, 1)
GREETING = 50_000  # more than TLS and headers take


@pytest.fixture
def proxy(registry):
    with Pusher(registry, "app") as pusher:
        pusher.blob(BLOB)
    started = FaultProxy(registry)
    yield started
    started.stop()


@pytest.fixture
def meter():
    return Meter()


@pytest.fixture
def repository(proxy, meter):
    record = Record.parse(proxy.record_dict)
    transport = Transport(Server.of(record), Credentials.of(record), timeout=5, pace=Pace(base=0.01))
    yield Repository(transport, "app", meter)
    transport.close()


def read(repository, offset=0):
    content, buffer = b"", memoryview(bytearray(100_000))
    with contextlib.closing(repository.open_blob(sha256(BLOB), offset)) as stream:
        while count := stream.readinto(buffer):
            content += buffer[:count]
    return content


@pytest.mark.parametrize("offset", [0, 1, 1_999_999])
def test_from_an_offset_on(repository, offset):
    assert read(repository, offset) == BLOB[offset:]


def test_it_goes_on_as_long_as_something_arrives(proxy, repository, meter):
    proxy.cut(DOWN, *[GREETING] * (2 * TRIES))
    assert read(repository) == BLOB
    assert meter.retries == 2 * TRIES
    assert proxy.connections == 2 * TRIES + 1


def test_it_ends_where_nothing_arrives_any_more(proxy, repository, registry):
    proxy.cut(DOWN, GREETING, *[1] * 100)
    with pytest.raises(ProvisioningError) as caught:
        read(repository)
    assert caught.value.reason == "unreachable"
    assert proxy.connections <= 2 * TRIES
