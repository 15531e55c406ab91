# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trust store of an operating system. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import CaCertificate
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._files import locked
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand, run


@dataclasses.dataclass(frozen=True)
class SystemStore:
    """Where a family of distributions keeps the CA certificates that it trusts.

    :param anchors: directory of the certificates that an administrator adds, one per file.
    :param programs: what makes the bundle from them; the first that exists is run.
    :param bundle: what the programs of the host read, in PEM.
    :param after_removal: arguments without which the program leaves links to removed anchors behind.
    """

    anchors: str
    programs: tuple[str, ...]
    bundle: str
    after_removal: tuple[str, ...] = ()

    def under(self, root: str) -> SystemStore:
        """The same store of a system whose root directory is elsewhere."""
        return dataclasses.replace(
            self,
            anchors=root + self.anchors,
            programs=tuple(root + program for program in self.programs),
            bundle=root + self.bundle,
        )


STORES = (
    SystemStore(  # Fedora, Red Hat and kin
        anchors="/etc/pki/ca-trust/source/anchors",
        programs=("/usr/bin/update-ca-trust", "/bin/update-ca-trust"),
        bundle="/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    ),
    SystemStore(  # SUSE
        anchors="/etc/pki/trust/anchors",
        programs=("/usr/sbin/update-ca-certificates",),
        bundle="/var/lib/ca-certificates/ca-bundle.pem",
    ),
    SystemStore(  # Arch
        anchors="/etc/ca-certificates/trust-source/anchors",
        programs=("/usr/bin/update-ca-trust",),
        bundle="/etc/ca-certificates/extracted/tls-ca-bundle.pem",
    ),
    SystemStore(  # Debian and kin, Alpine
        anchors="/usr/local/share/ca-certificates",
        programs=("/usr/sbin/update-ca-certificates",),
        bundle="/etc/ssl/certs/ca-certificates.crt",
        after_removal=("--fresh",),
    ),
)
"""The most telling anchors directory first: any system may have /usr/local/share."""


def find_store(root: str = "") -> SystemStore:
    """The store of this host, told by what is there.

    :param root: prefix of every path.
    :raises ProvisioningError: there is none that could be refreshed.
    """
    stores = [store.under(root) for store in STORES]
    for store in stores:
        programs = tuple(program for program in store.programs if os.access(program, os.X_OK))
        if programs and os.path.isdir(os.path.dirname(store.anchors)):
            return dataclasses.replace(store, programs=programs)
    raise ProvisioningError(
        "this host has no program that refreshes the system's trust store",
        reason="unsupported",
        part="trust",
        remedy="Install the package ca-certificates, or set system_trust: false",
    )


def missing(store: SystemStore, certificates: t.Sequence[CaCertificate]) -> list[CaCertificate]:
    """The certificates that are not in the bundle."""
    if not certificates:
        return []
    bundle = _compact(store.bundle)
    return [certificate for certificate in certificates if _body(certificate) not in bundle]


def is_pending(store: SystemStore, certificates: t.Sequence[CaCertificate]) -> bool:
    """Whether the bundle has to be made anew: it lacks a certificate, or is older than the anchors.

    The second tells of a run that was stopped between a removal and the refresh.
    """
    return _modified(store.anchors) > _modified(store.bundle) or bool(missing(store, certificates))


def refresh(store: SystemStore, certificates: t.Sequence[CaCertificate], run_command: RunCommand) -> None:
    """Make the bundle anew, unless another run has done it meanwhile.

    :raises ProvisioningError: the program failed.
    """
    program = store.programs[0]
    with locked(store.anchors):
        if missing(store, certificates):
            run(run_command, [program])
        elif is_pending(store, certificates):
            run(run_command, [program, *store.after_removal])


def not_in_bundle(store: SystemStore, certificate: CaCertificate) -> ProvisioningError:
    """What to say of a certificate that is missing after all."""
    return ProvisioningError(
        f"{store.bundle} does not hold CA certificate {certificate.fingerprint[:16]}",
        reason="untrusted",
        part="trust",
        remedy=f"Run {store.programs[0]} by hand and read what it says",
    )


def _body(certificate: CaCertificate) -> str:
    return "".join(certificate.pem.splitlines()[1:-1])


def _compact(path: str) -> str:
    """A PEM file without white space: equal certificates are equal texts whatever their line length."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return "".join(file.read().split())
    except FileNotFoundError:
        return ""


def _modified(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return 0


__all__ = ("STORES", "SystemStore", "find_store", "is_pending", "missing", "not_in_bundle", "refresh")
