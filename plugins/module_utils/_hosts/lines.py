# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a hosts file, hosts(5), byte for byte. This module util is private to the collection.

A line of ours carries the endpoints that need it: ``192.0.2.10 host # edgeops.registry host:5000 host:5001``.
All other bytes stay: comments, order, tabs, line ends, encoding, a missing final newline.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint, parse_address
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

_MARKER = re.compile(rb"\s*edgeops\.registry((?:\s+\S+)+)\s*")
_FIRST_FIELD = re.compile(rb"\S+")


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of a hosts file.

    :param text: the line as it stands, without its line feed.
    """

    text: bytes

    @property
    def fields(self) -> list[str]:
        """Address and names, in lower case; empty for a comment."""
        return [field.decode("latin-1").lower() for field in self.text.partition(b"#")[0].split()]

    @property
    def endpoints(self) -> list[str]:
        """The endpoints that need this line, empty for a line that is not ours."""
        marker = _MARKER.fullmatch(self.text.partition(b"#")[2])
        return [field.decode("latin-1") for field in marker.group(1).split()] if marker else []

    def names(self, host: str, family: int) -> bool:
        """Whether the line gives the host an address of the family (4 or 6)."""
        fields = self.fields
        address = parse_address(fields[0]) if host in fields[1:] else None
        return address is not None and address.version == family

    def serves(self, host: str) -> bool:
        """Whether the line is ours and was made for this host."""
        return any(endpoint.rpartition(":")[0] == host for endpoint in self.endpoints)

    def has_address(self, address: str) -> bool:
        """Whether the line's address is this one, however it is written."""
        return parse_address(self.fields[0]) == parse_address(address)

    def with_address(self, address: str) -> Line:
        """The line with another address."""
        return Line(_FIRST_FIELD.sub(address.encode(), self.text, count=1))

    def with_endpoints(self, endpoints: t.Sequence[str]) -> Line:
        """The line, needed by these endpoints."""
        entry = self.text.partition(b"#")[0].rstrip()
        end = b"\r" if self.text.endswith(b"\r") else b""
        return Line(b"%s\t# edgeops.registry %s%s" % (entry, " ".join(endpoints).encode(), end))


def set_entry(content: bytes | None, path: str, endpoint: Endpoint, addresses: t.Sequence[str]) -> bytes | None:
    """Content in which the endpoint's host has these addresses, at most one per family, and no others from us.

    :param path: for errors.
    :raises ProvisioningError: a line that is not ours gives the host another address of the same family.
    """
    wanted = {ipaddress.ip_address(address).version: address for address in addresses}
    before = _parse(content)
    lines = _release(before, endpoint, keep=wanted)
    for family, address in wanted.items():
        _check_foreign(before, path, endpoint, family, address)
        lines = _set(lines, endpoint, family, address)
    return _render(lines) if lines != before else content


def remove_entry(content: bytes | None, endpoint: Endpoint) -> bytes | None:
    """Content without what `set_entry` put there for the endpoint. A file that was made for it stays, empty."""
    before = _parse(content)
    lines = _release(before, endpoint, keep=())
    return _render(lines) if lines != before else content


def _parse(content: bytes | None) -> list[Line]:
    """The lines; what follows the last line feed counts as one."""
    return [Line(text) for text in (content or b"").split(b"\n")]


def _render(lines: list[Line]) -> bytes:
    return b"\n".join(line.text for line in lines)


def _check_foreign(lines: list[Line], path: str, endpoint: Endpoint, family: int, address: str) -> None:
    """The first line of a hosts file wins, so that a foreign one with another address would shadow ours."""
    for number, line in enumerate(lines, start=1):
        if line.names(endpoint.host, family) and not (line.serves(endpoint.host) or line.has_address(address)):
            raise ProvisioningError(
                f"{path} line {number} gives {endpoint.host} the address {line.fields[0]}, the record says {address}",
                reason="conflict",
                part="hosts",
                remedy=f"Remove {endpoint.host} from that line, or correct the address in the record",
            )


def _set(lines: list[Line], endpoint: Endpoint, family: int, address: str) -> list[Line]:
    relevant = [number for number, line in enumerate(lines) if line.names(endpoint.host, family)]
    ours = [number for number in relevant if lines[number].serves(endpoint.host)]
    if ours:
        return [_claimed(line, endpoint, address) if number in ours else line for number, line in enumerate(lines)]
    if relevant:
        return lines
    end = b"\r" if lines[0].text.endswith(b"\r") else b""
    fresh = Line(f"{address}\t{endpoint.host}".encode() + end).with_endpoints([str(endpoint)])
    # Before what follows the last line feed: that part stays as it is, terminated or not.
    return [*lines[:-1], fresh, lines[-1]]


def _claimed(line: Line, endpoint: Endpoint, address: str) -> Line:
    if not line.has_address(address):
        line = line.with_address(address)
    if str(endpoint) not in line.endpoints:
        line = line.with_endpoints([*line.endpoints, str(endpoint)])
    return line


def _release(lines: list[Line], endpoint: Endpoint, *, keep: t.Collection[int]) -> list[Line]:
    """The lines where none but those of the kept families is needed by the endpoint; what nobody needs goes."""
    kept = []
    for line in lines:
        if str(endpoint) not in line.endpoints or any(line.names(endpoint.host, family) for family in keep):
            kept.append(line)
            continue
        others = [other for other in line.endpoints if other != str(endpoint)]
        kept += [line.with_endpoints(others)] if others else []
    return kept


__all__ = ("Line", "remove_entry", "set_entry")
