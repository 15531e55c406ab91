# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint of a registry. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import ipaddress
import re

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_EXAMPLE = "Write it as clients name it, for example registry.example.com:5000"


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Host and port of a registry, as its clients name it.

    :param host: lower case DNS name, or IP address in its canonical form, without brackets.
    :param port: 1 to 65535.
    """

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address, which needs no hosts entry."""
        return parse_address(self.host) is not None

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """Read and canonicalise `host:port` or `[v6]:port`.

        :raises ProvisioningError: it is anything else: a URL, a path, without a port, not a DNS name.
        """
        if "://" in text:
            raise _invalid("has a scheme", "Leave the scheme out, or set scheme: http for a registry without TLS")
        if "@" in text:
            raise _invalid("has credentials in it", "Use username and password")
        if "/" in text:
            raise _invalid("has a path", "Leave the path out: a repository's name belongs to the image")
        host, port = _split(text)
        return cls(_canonical_host(host), _canonical_port(port))


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a text is, None where it is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _split(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]:")
        if not bracket or parse_address(host) is None:
            raise _invalid("is not [IPv6 address]:port")
        return host, port
    if text.count(":") > 1:
        raise _invalid("is an IPv6 address without brackets", "Write it as [2001:db8::10]:5000")
    host, colon, port = text.partition(":")
    if not colon:
        raise _invalid("has no port", f"Add it: 443 for HTTPS on its usual port. {_EXAMPLE}")
    return host, port


def _canonical_host(host: str) -> str:
    address = parse_address(host)
    if address is not None:
        return str(address)
    if not host.isascii():
        raise _invalid(
            "has letters beyond ASCII (an internationalised name), which container clients refuse",
            "Write the name in its xn-- form",
        )
    lowered = host.lower()
    if len(lowered) > 253 or not all(_LABEL.fullmatch(label) for label in lowered.split(".")):
        raise _invalid("is not a DNS name")
    if all(label.isdigit() for label in lowered.split(".")):
        raise _invalid("looks like an IPv4 address but is none")
    return lowered


def _canonical_port(port: str) -> int:
    if not (re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= 65535):
        raise _invalid("has a port that is not a number from 1 to 65535")
    return int(port)


def _invalid(what: str, remedy: str = _EXAMPLE) -> ProvisioningError:
    return ProvisioningError(f"endpoint {what}", part="endpoint", remedy=remedy)


__all__ = ("Endpoint", "parse_address")
