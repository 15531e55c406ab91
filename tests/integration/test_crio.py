# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When CRI-O has to be restarted: its files and the name of its process are the real ones, but the program only sleeps."""

from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.tests.support.container import Container
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until


@pytest.fixture
def host():
    container = Container("edgeops-test-systemd:bookworm")
    assert container.run("cp", "/bin/sleep", "/usr/bin/crio").returncode == 0
    start_crio(container)
    yield container
    container.remove()


def start_crio(container):
    container.run("crio", "infinity", detach=True)
    wait_until(lambda: container.run("pgrep", "-x", "crio").returncode == 0, "CRI-O does not start")


def restart_crio(container):
    container.run("pkill", "-x", "crio")
    wait_until(lambda: container.run("pgrep", "-x", "crio").returncode == 1, "CRI-O does not end")
    start_crio(container)


def needs_restart(host, *, changed, **options):
    result = host.module("client", **options)
    assert not result.values.get("failed"), result.values
    assert (result["runtimes"], result["changed"]) == (["crio"], changed)
    return result["restart"]["crio"]


@pytest.mark.parametrize(
    ("part", "different"),
    [
        ("trust", {"scheme": "http", "ca_certificates": []}),
        ("mirrors", {"mirrors": [{"upstream": "docker.io", "prefix": "mirror"}]}),
    ],
)
def test_a_restart_is_told_until_it_happened(host, registry, part, different):
    options = {"registries": [{**registry.record_dict, **different}], "allow_http": True, "parts": [part]}
    assert needs_restart(host, changed=True, check=True, **options)
    assert needs_restart(host, changed=True, **options)
    assert needs_restart(host, changed=False, **options)
    restart_crio(host)
    assert not needs_restart(host, changed=False, **options)
    gone = {"registries": [{"endpoint": registry.endpoint}], "state": "absent"}
    assert needs_restart(host, changed=True, **gone)
    restart_crio(host)
    assert not needs_restart(host, changed=False, **gone)


def test_a_ca_and_a_login_need_none(host, registry):
    options = {"registries": [registry.record_dict]}
    assert not needs_restart(host, changed=True, check=True, **options)
    assert not needs_restart(host, changed=True, **options)
    assert not needs_restart(host, changed=False, **options)
