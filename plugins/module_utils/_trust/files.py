# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CA certificates as files. This module util is private to the collection.

A file of ours is called `edgeops-<name>-<first 16 hexadecimal digits of the fingerprint>.crt` and holds one certificate.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import CaCertificate
from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

PREFIX = "edgeops-"
SUFFIX = ".crt"
_MARKER = "# edgeops.registry: "

Content = t.Optional[bytes]


def file_name(record: Record, certificate: CaCertificate) -> str:
    """What the file of a record's certificate is called."""
    return f"{PREFIX}{record.name}-{certificate.fingerprint[:16]}{SUFFIX}"


def list_ours(directory: str) -> list[str]:
    """Names of the files in a directory that are ours; none where there is no directory."""
    try:
        names = os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    return sorted(name for name in names if name.startswith(PREFIX) and name.endswith(SUFFIX))


def anchors_present(record: Record, directory: str, ours: t.Iterable[str]) -> list[FilePlan]:
    """Plans for one record's certificates in the system's directory of anchors, and against its former ones.

    Each file says in comments which endpoints it is for, so that one endpoint's end takes nothing from another.

    :param ours: names of our files that are there.
    """
    endpoint = record.endpoint
    wanted = {file_name(record, certificate): certificate for certificate in record.ca_certificates}
    return [
        FilePlan(os.path.join(directory, name), functools.partial(_claim, certificate, endpoint), owner=str(endpoint))
        for name, certificate in wanted.items()
    ] + anchors_absent(endpoint, directory, set(ours) - set(wanted))


def anchors_absent(endpoint: Endpoint, directory: str, ours: t.Iterable[str]) -> list[FilePlan]:
    """Plans that take an endpoint's claim from these files; a file without claims goes."""
    return [
        FilePlan(os.path.join(directory, name), functools.partial(_release, endpoint), owner=str(endpoint))
        for name in sorted(ours)
    ]


def anchors_leaving(directory: str, records: t.Iterable[Record], gone: t.Iterable[Endpoint]) -> list[str]:
    """Contents of our files in the system's directory of anchors that no endpoint claims any more then."""
    kept: dict[str, set[str]] = {str(endpoint): set() for endpoint in gone}
    for record in records:
        kept[str(record.endpoint)] = {file_name(record, certificate) for certificate in record.ca_certificates}
    leaving = []
    for name in list_ours(directory):
        with contextlib.suppress(OSError), open(os.path.join(directory, name), "rb") as file:
            content = file.read()
            claims = _claims(content)
            if claims and not any(name in kept.get(claim, {name}) for claim in claims):
                leaving.append(content.decode("ascii", errors="replace"))
    return leaving


@dataclasses.dataclass(frozen=True)
class CertsDirectory:
    """Where a container engine looks for the CA certificates of one registry (containers-certs.d(5)).

    :param account: as whom it is written; None: the user that runs the module.
    :param removable: directory above it, from which on everything that is empty goes with the last file of ours.
    """

    path: str
    account: str | None
    removable: str

    @classmethod
    def of(cls, parent: str, endpoint: Endpoint, account: str | None, removable: str = "") -> CertsDirectory:
        """The one in an engine's directory, such as `/etc/docker/certs.d`."""
        path = os.path.join(parent, str(endpoint))
        return cls(path, account, removable or path)


def certs_d_present(record: Record, directory: CertsDirectory) -> list[FilePlan]:
    """Plans for one record's certificates in a container engine's directory, and against its former ones."""
    wanted = {file_name(record, certificate): certificate.pem.encode() for certificate in record.ca_certificates}
    names = sorted({*list_ours(directory.path), *wanted})
    return [_certs_d_plan(record.endpoint, directory, name, wanted.get(name)) for name in names]


def certs_d_absent(endpoint: Endpoint, directory: CertsDirectory) -> list[FilePlan]:
    """Plans that remove our files from a container engine's directory."""
    return [_certs_d_plan(endpoint, directory, name, None) for name in list_ours(directory.path)]


def _certs_d_plan(endpoint: Endpoint, directory: CertsDirectory, name: str, content: Content) -> FilePlan:
    return FilePlan(
        os.path.join(directory.path, name),
        lambda _before: content,
        owner=str(endpoint),
        account=directory.account,
        prune=directory.removable,
    )


def _claim(certificate: CaCertificate, endpoint: Endpoint, content: Content) -> Content:
    return _render(_claims(content) | {str(endpoint)}, certificate.pem.encode())


def _release(endpoint: Endpoint, content: Content) -> Content:
    claims = _claims(content)
    if content is None or str(endpoint) not in claims:
        return content
    rest = claims - {str(endpoint)}
    body = b"".join(line for line in content.splitlines(keepends=True) if not line.startswith(_MARKER.encode()))
    return _render(rest, body) if rest else None


def _claims(content: Content) -> set[str]:
    lines = (content or b"").decode("utf-8", errors="replace").splitlines()
    return {line[len(_MARKER) :].strip() for line in lines if line.startswith(_MARKER)}


def _render(claims: set[str], pem: bytes) -> bytes:
    return "".join(f"{_MARKER}{claim}\n" for claim in sorted(claims)).encode() + pem


__all__ = (
    "CertsDirectory",
    "anchors_absent",
    "anchors_leaving",
    "anchors_present",
    "certs_d_absent",
    "certs_d_present",
    "file_name",
    "list_ours",
)
