# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proving a record before anything is written for it. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import socket
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.probe import Probe, check_scheme
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import parse_address
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record


@dataclasses.dataclass(frozen=True)
class Proof:
    """What trying a record showed.

    :param record: the record with those of its CA certificates that are valid now.
    :param probe: None where the network was not asked.
    :param error: why nothing may be written for it; None: it is proven.
    :param left_out: what was wrong with the CA certificates that are not valid now.
    """

    record: Record
    probe: Probe | None = None
    error: ProvisioningError | None = None
    left_out: tuple[ProvisioningError, ...] = ()


def prove(record: Record, ask: t.Callable[[Record], Probe] | None, *, allow_http: bool) -> Proof:
    """Try a record; never raises for what is wrong with it.

    :param ask: how to ask the registry; None: look at the record alone.
    """
    valid, left_out = _valid_now(record)
    if left_out and not valid.ca_certificates:
        return Proof(record, error=left_out[0])
    try:
        check_scheme(valid, allow_http=allow_http)
        if ask is None:
            return Proof(valid, left_out=left_out)
        result = ask(valid)
    except ProvisioningError as error:
        return Proof(valid, error=error, left_out=left_out)
    refusal = None if result.ok else ProvisioningError(result.msg, reason=result.reason, remedy=result.remedy)
    return Proof(valid, result, refusal, left_out)


def check_resolution(record: Record) -> None:
    """Look the record's host up as every program of this host does.

    :raises ProvisioningError: it is not found, or at an address that the record does not have.
    """
    if record.endpoint.is_address or not record.addresses:
        return
    host = record.endpoint.host
    try:
        answers = socket.getaddrinfo(host, record.endpoint.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise ProvisioningError(
            f"{host} is not found on this host: {error.strerror}",
            reason="unresolved",
            remedy="Let the hosts part write its entry, or give the name to DNS",
        ) from error
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    foreign = [address for address in found if address not in record.addresses and _rivals(address, record.addresses)]
    if foreign or not set(found) & set(record.addresses):
        raise ProvisioningError(
            f"{host} is {', '.join(found)} on this host and {', '.join(record.addresses)} in the record",
            reason="unresolved",
            remedy="Remove the older line of /etc/hosts or correct DNS, and look whether a name service cache runs",
        )


def _valid_now(record: Record) -> tuple[Record, tuple[ProvisioningError, ...]]:
    valid, errors = [], []
    for certificate in record.ca_certificates:
        try:
            certificate.check_validity()
            valid.append(certificate)
        except ProvisioningError as error:
            errors.append(error)
    return dataclasses.replace(record, ca_certificates=tuple(valid)), tuple(errors)


def _rivals(address: str, addresses: t.Iterable[str]) -> bool:
    """Whether an address is of the same family as one of the others."""
    parsed = parse_address(address)
    families = {other.version for other in map(parse_address, addresses) if other}
    return parsed is not None and parsed.version in families


__all__ = ("Proof", "check_resolution", "prove")
