# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registries of the benchmark: the real engine in a network namespace, and what is seeded from one to the other."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import typing as t

import bcrypt
from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry

from benchmarks.seeding.network import DEVICE, EDGE_ADDRESS, FAR_ADDRESS, Link, Namespace, Network

if t.TYPE_CHECKING:
    from pathlib import Path

BCRYPT_COST = 5


class Registry(RealRegistry):
    """A registry at an address of a namespace; its password costs what `htpasswd` makes it cost by default."""

    def __init__(self, directory: Path, namespace: Namespace, address: str) -> None:
        super().__init__(directory)
        self._namespace = namespace
        self.address = address
        self._leaf = self.authority.issue(address, "127.0.0.1")

    @property
    def endpoint(self) -> str:
        """What all clients call it."""
        return f"{self.address}:{self.port}"

    @property
    def record_dict(self) -> dict[str, t.Any]:
        """Its record."""
        return self.record_dict_for(self.address)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._namespace.entered():
            super().start()

    def requests(self) -> int:
        """How many requests it has answered since the last call."""
        with self._namespace.entered():
            count = len(self.access_log())
            self.clear_access_log()
        return count

    def empty(self) -> None:
        """Start it anew, with nothing in it."""
        self.stop()
        shutil.rmtree(self.directory / "data", ignore_errors=True)
        self.start()

    def _configuration(self) -> dict[str, t.Any]:
        configuration = super()._configuration()
        configuration["http"]["addr"] = f":{self.port}"
        return configuration

    def _write_password(self) -> None:
        digest = bcrypt.hashpw(self.password.encode(), bcrypt.gensalt(BCRYPT_COST)).decode()
        (self.directory / "htpasswd").write_text(f"{self.username}:{digest}\n", encoding="ascii")

    def _ask(self, path: str) -> None:
        with self._namespace.entered():
            super()._ask(path)


@dataclasses.dataclass(frozen=True)
class Spent:
    """What a network has seen at source and destination.

    Attributes:
        connections: to each.
        bytes: to and from each, as the devices count them: with TLS and the headers of all packets.
    """

    connections: tuple[int, int]
    bytes: tuple[int, int]

    def since(self, before: Spent) -> Spent:
        """What has come since then."""
        return Spent(_difference(self.connections, before.connections), _difference(self.bytes, before.bytes))


@dataclasses.dataclass(frozen=True)
class Lab:
    """A source, a destination, and the link between them; tools run where the destination is."""

    network: Network
    source: Registry
    destination: Registry

    def spent(self) -> Spent:
        """What the network has seen so far."""
        far, edge = self.network.far, self.network.edge
        return Spent((far.accepted(), edge.accepted()), (far.bytes_on(DEVICE), edge.bytes_on("lo")))


@contextlib.contextmanager
def lab(folder: Path, link: Link) -> t.Iterator[Lab]:
    """Start both registries, with what is in `folder`; gone again, whatever happens, when the context ends."""
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(contextlib.closing(Network(link)))
        source = Registry(folder / "source", network.far, FAR_ADDRESS)
        destination = Registry(folder / "destination", network.edge, EDGE_ADDRESS)
        for registry in (source, destination):
            stack.callback(registry.stop)
            registry.start()
        yield Lab(network, source, destination)


def _difference(after: tuple[int, int], before: tuple[int, int]) -> tuple[int, int]:
    return after[0] - before[0], after[1] - before[1]
