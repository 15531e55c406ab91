# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share."""

from __future__ import annotations

import signal
import typing as t

import pytest
from ansible_collections.edgeops.registry.tests.support.authority import Authority, Leaf
from ansible_collections.edgeops.registry.tests.support.http_server import Answer, HttpServer, Reply
from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry
from ansible_collections.edgeops.registry.tests.support.token_server import TokenServer
from hypothesis import settings

if t.TYPE_CHECKING:
    from pathlib import Path

settings.register_profile("project", deadline=None)  # machines that run tests are slow at times
settings.load_profile("project")


def pytest_configure() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up as Ctrl-C does


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, lest a worker is alone with it at the end."""
    items.sort(key=_minutes, reverse=True)


def _minutes(item: pytest.Item) -> float:
    mark = item.get_closest_marker("minutes")
    return float(mark.args[0]) if mark else 0


class StartRegistry(t.Protocol):
    def __call__(self, **settings: t.Any) -> RealRegistry: ...


class Serve(t.Protocol):
    def __call__(self, answer: Answer | Reply, leaf: Leaf | None = None) -> HttpServer: ...


@pytest.fixture
def start_registry(tmp_path: Path) -> t.Iterator[StartRegistry]:
    """Start any number of real registries, each with its own CA and password; they stop with the test."""
    started: list[RealRegistry] = []

    def start(**settings: t.Any) -> RealRegistry:
        registry = RealRegistry(tmp_path / f"registry-{len(started)}", **settings)
        started.append(registry)
        registry.start()
        return registry

    yield start
    for registry in started:
        registry.stop()


@pytest.fixture
def registry(start_registry: StartRegistry) -> RealRegistry:
    """A real registry with TLS, a password, storage of its own and an access log."""
    return start_registry()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A CA that can make every kind of wrong certificate."""
    return Authority(tmp_path / "authority")


@pytest.fixture
def serve() -> t.Iterator[Serve]:
    """Start any number of small HTTP servers; they stop with the test."""
    started: list[HttpServer] = []

    def start(answer: Answer | Reply, leaf: Leaf | None = None) -> HttpServer:
        started.append(HttpServer(answer, leaf))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def token_registry(start_registry: StartRegistry, authority: Authority) -> t.Iterator[tuple[RealRegistry, TokenServer]]:
    """A real registry that wants bearer tokens, and the server that gives them to the registry's user."""
    server = TokenServer(authority, "edge", "token-password")
    yield start_registry(options={"auth": server.auth_section}, password="token-password"), server
    server.http.stop()
