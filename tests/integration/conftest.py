# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client with all its files, and the module on it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.edgeops.registry.tests.support.client_host import OTHER, SECRET, ClientHost, auth


@pytest.fixture
def host(tmp_path):
    return ClientHost(tmp_path / "host")


@pytest.fixture
def record(registry):
    return registry.record_dict


@pytest.fixture
def client(host, record):
    """Run the module; whatever happens, it answers as a module does and tells no secret."""

    def run(*, module="client", check=False, **options):
        given = {"registries": [record], "runtimes": ["docker", "podman"], "timeout": 60, **options}
        result = host.module(module, check=check, diff=True, **given)
        text = json.dumps(result.values)
        for secret in (SECRET, record["password"], auth(record), OTHER["auth"]):
            assert secret not in text
        return result

    return run


@pytest.fixture
def refused(host, client):
    """Assert that the module fails with one reason and these words, and leaves everything as it is."""

    def check_both(reason, *words, **options):
        for check in (True, False):
            before = host.listing()
            result = client(check=check, **options)
            assert result["failed"]
            assert not result["changed"]
            assert result.reasons == [reason]
            [failure] = result["failures"]
            assert all(failure.values())
            for word in (failure["registry"], failure["part"], failure["msg"], failure["remedy"], *words):
                assert word in result["msg"]
            assert host.listing() == before
        return result

    return check_both
