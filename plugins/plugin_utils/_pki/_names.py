# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of a registry in certificates (RFC 5280). This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint, parse_address
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

with contextlib.suppress(ImportError):  # ansible-core brings it; only ansible-test's import test has to do without
    from cryptography import x509

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NOWHERE = "invalid"
"""A top-level domain that never exists (RFC 6761)."""
_EVERYWHERE = tuple(ipaddress.ip_network(network) for network in ("0.0.0.0/0", "::/0"))


@dataclasses.dataclass(frozen=True)
class Names:
    """What a server certificate vouches for."""

    dns: frozenset[str]
    addresses: frozenset[Address]

    @classmethod
    def parse(cls, items: t.Sequence[str]) -> Names:
        """Read DNS names and IP addresses, the endpoint's host first.

        :raises ProvisioningError: there is none, one is neither, or there are addresses and the first is a DNS name.
        """
        if not items:
            raise ProvisioningError("at least one name is needed", part="names", remedy="Give the endpoint's host")
        hosts = [_canonical(item, f"names[{number}]") for number, item in enumerate(items)]
        addresses = frozenset(found for found in map(parse_address, hosts) if found is not None)
        if addresses and parse_address(hosts[0]) is None:
            raise ProvisioningError(
                "an address may stand here only where the endpoint's host, which is first, is an address",
                part="names",
                remedy="Leave the addresses out: clients check the name that they use, not the address behind it",
            )
        return cls(frozenset(host for host in hosts if parse_address(host) is None), addresses)

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Names:
        """The subject alternative names of a certificate; a common name does not count."""
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return cls(frozenset(), frozenset())
        addresses = names.get_values_for_type(x509.IPAddress)
        return cls(
            frozenset(name.lower() for name in names.get_values_for_type(x509.DNSName)),
            frozenset(item for item in addresses if isinstance(item, (ipaddress.IPv4Address, ipaddress.IPv6Address))),
        )

    def __str__(self) -> str:
        return ", ".join(self.as_list())

    def as_list(self) -> list[str]:
        """All names as text, DNS names first."""
        return [*sorted(self.dns), *sorted(map(str, self.addresses))]

    def alternative_names(self) -> x509.SubjectAlternativeName:
        """The extension that a server certificate carries."""
        return x509.SubjectAlternativeName(
            [*map(x509.DNSName, sorted(self.dns)), *map(x509.IPAddress, sorted(self.addresses, key=str))]
        )

    def constraints(self) -> x509.NameConstraints:
        """The extension that leaves a CA power over these names only (and those below them).

        Constraints bind only the kinds of name that they list, so that every kind is listed: what is not wanted is
        permitted for `NOWHERE` alone, which every implementation reads alike, unlike an exclusion of everything.
        """
        networks = [ipaddress.ip_network(address) for address in sorted(self.addresses, key=str)]
        permitted: list[x509.GeneralName] = [
            *map(x509.DNSName, sorted(self.dns) or [NOWHERE]),
            *map(x509.IPAddress, networks),
            x509.RFC822Name(NOWHERE),
            x509.UniformResourceIdentifier(NOWHERE),
        ]
        versions = {network.version for network in networks}
        excluded = [x509.IPAddress(network) for network in _EVERYWHERE if network.version not in versions]
        return x509.NameConstraints(permitted, excluded or None)

    def outside(self, authority: x509.Certificate) -> Names:
        """Those of these names that the name constraints of a CA forbid."""
        try:
            constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
        except x509.ExtensionNotFound:
            return Names(frozenset(), frozenset())
        return Names(
            frozenset(name for name in self.dns if not _permits(constraints, x509.DNSName, name, _is_below)),
            frozenset(item for item in self.addresses if not _permits(constraints, x509.IPAddress, item, _is_within)),
        )

    def missing_from(self, offered: Names) -> Names:
        """Those of these names that a certificate with the names `offered` does not vouch for; `*.` matches one label."""
        return Names(
            frozenset(name for name in self.dns if not {name, "*." + name.partition(".")[2]} & offered.dns),
            self.addresses - offered.addresses,
        )

    def __bool__(self) -> bool:
        return bool(self.dns or self.addresses)


T = t.TypeVar("T")


def _canonical(item: str, place: str) -> str:
    """A name as an endpoint has it for its host."""
    try:
        return Endpoint.parse(f"[{item}]:443" if ":" in item else f"{item}:443").host
    except ProvisioningError as error:
        raise ProvisioningError(
            "it is neither a DNS name nor an IP address", part=place, remedy="Leave scheme, port and wildcards out"
        ) from error


def _permits(
    constraints: x509.NameConstraints, kind: type[x509.GeneralName], value: T, matches: t.Callable[[T, t.Any], bool]
) -> bool:
    permitted = [item.value for item in constraints.permitted_subtrees or () if isinstance(item, kind)]
    excluded = [item.value for item in constraints.excluded_subtrees or () if isinstance(item, kind)]
    if any(matches(value, base) for base in excluded):
        return False
    return not permitted or any(matches(value, base) for base in permitted)


def _is_below(name: str, base: str) -> bool:
    return not base or name == base or name.endswith("." + base)


def _is_within(address: Address, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return address in network


__all__ = ("NOWHERE", "Names")
