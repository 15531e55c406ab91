# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trust store of an operating system. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import CaCertificate
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._files import locked
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand, ask, run
from ansible_collections.edgeops.registry.plugins.module_utils._trust.files import PREFIX

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----", re.ASCII)

_TELL = 'printf "%s\\n" "$@" | "$0"'  # by way of a pipe of its own: a hook need not read


@dataclasses.dataclass(frozen=True)
class SystemStore:
    """Where a family of distributions keeps the CA certificates that it trusts.

    :param anchors: directory of the certificates that an administrator adds, one per file.
    :param programs: what makes the bundle from them; the first that exists is run.
    :param bundle: what the programs of the host read, in PEM.
    :param after_removal: arguments without which the program leaves links to removed anchors behind.
    :param hooks: directory of the programs that keep other stores, such as Java's, in step; empty: there is none.
    """

    anchors: str
    programs: tuple[str, ...]
    bundle: str
    after_removal: tuple[str, ...] = ()
    hooks: str = ""

    def under(self, root: str) -> SystemStore:
        """The same store of a system whose root directory is elsewhere."""
        return dataclasses.replace(
            self,
            anchors=root + self.anchors,
            programs=tuple(root + program for program in self.programs),
            bundle=root + self.bundle,
            hooks=self.hooks and root + self.hooks,
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
        hooks="/etc/ca-certificates/update.d",
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

    :raises ProvisioningError: the program failed, or a hook of it.
    """
    program = store.programs[0]
    with locked(store.anchors):
        if not is_pending(store, certificates):
            return
        _tell_removed(store, run_command)
        run(run_command, [program, *([] if missing(store, certificates) else store.after_removal)])


def certificates_without(store: SystemStore, leaving: t.Iterable[str]) -> tuple[str, ...]:
    """The certificates of the bundle, in PEM, less some: each is taken out once, so that a copy of somebody else's stays.

    :param leaving: texts with certificates in PEM.
    """
    kept = _CERTIFICATE.findall(_read(store.bundle))
    compact = ["".join(pem.split()) for pem in kept]
    for pem in _CERTIFICATE.findall("".join(leaving)):
        body = "".join(pem.split())
        if body in compact:
            del kept[compact.index(body)]
            compact.remove(body)
    return tuple(kept)


def not_in_bundle(store: SystemStore, certificate: CaCertificate) -> ProvisioningError:
    """What to say of a certificate that is missing after all."""
    return ProvisioningError(
        f"{store.bundle} does not hold CA certificate {certificate.fingerprint[:16]}",
        reason="untrusted",
        part="trust",
        remedy=f"Run {store.programs[0]} by hand and read what it says",
    )


def _tell_removed(store: SystemStore, run_command: RunCommand) -> None:
    """Tell the hooks which of our anchors are gone, of which the program tells them nothing.

    It removes the links to them too, hence this comes first: a run that is killed here does it again.
    """
    directory = os.path.dirname(store.bundle)
    links = [entry.path for entry in os.scandir(directory) if entry.is_symlink() and entry.name.startswith(PREFIX)]
    removed = [f"-{link}" for link in sorted(links) if not os.path.exists(link)]
    for hook in _hooks(store) if removed else ():
        code, output, errors = ask(run_command, ["/bin/sh", "-c", _TELL, hook, *removed])
        if code != 0:
            raise ProvisioningError(
                f"{hook} ended with {code}: {(errors or output).strip()}",
                reason="io",
                part="trust",
                remedy="It still trusts a CA that was removed: repair what it needs, and run this again",
            )


def _hooks(store: SystemStore) -> list[str]:
    """The programs that run-parts(8) would run."""
    names = sorted(os.listdir(store.hooks)) if os.path.isdir(store.hooks) else []
    paths = [os.path.join(store.hooks, name) for name in names if re.fullmatch("[A-Za-z0-9_-]+", name)]
    return [path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)]


def _body(certificate: CaCertificate) -> str:
    return "".join(certificate.pem.splitlines()[1:-1])


def _compact(path: str) -> str:
    """A PEM file without white space: equal certificates are equal texts whatever their line length."""
    return "".join(_read(path).split())


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _modified(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return 0


__all__ = (
    "STORES",
    "SystemStore",
    "certificates_without",
    "find_store",
    "is_pending",
    "missing",
    "not_in_bundle",
    "refresh",
)
