# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubeconfig of a device's user. This plugin util is private to the collection."""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import datetime as dt
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

with contextlib.suppress(ImportError):  # ansible-core brings it; only ansible-test's import test has to do without
    from cryptography import x509

_FIELDS = ("certificate-authority-data", "server", "client-certificate-data", "client-key-data")
_LAYOUT = """\
apiVersion: v1
kind: Config
clusters:
  - name: kubernetes
    cluster:
      server: {server}
      certificate-authority-data: {ca}
users:
  - name: {user}
    user:
      client-certificate-data: {certificate}
      client-key-data: {key}
contexts:
  - name: {user}@kubernetes
    context:
      cluster: kubernetes
      user: {user}
current-context: {user}@kubernetes
"""


@dataclasses.dataclass(frozen=True)
class Kubeconfig:
    """One user of one cluster.

    :param server: URL of the Kubernetes API.
    :param ca: the cluster's CA in PEM.
    :param certificate: the user's certificate in PEM.
    :param key: the user's key in PEM.
    :param not_after: end of the certificate's validity, in UTC.
    """

    user: str
    server: str
    ca: bytes
    certificate: bytes
    key: bytes = dataclasses.field(repr=False)
    not_after: dt.datetime

    @classmethod
    def parse(cls, user: str, lines: t.Iterable[str]) -> Kubeconfig:
        """Read what a cmdlet printed: its indentation cannot be relied on, so each field is looked for by its name.

        :raises ProvisioningError: a field is missing, is there twice or is damaged; no value is part of the message.
        """
        found = _scan(lines)
        for name in _FIELDS:
            if len(set(found[name])) != 1:
                raise _unusable(user, f"has {'no' if not found[name] else 'more than one'} {name}")
        ca, certificate, key = (_decode(user, name, found[name][0]) for name in _FIELDS if name != "server")
        try:
            not_after = x509.load_pem_x509_certificate(certificate).not_valid_after_utc
        except ValueError as error:
            raise _unusable(user, "has a damaged client-certificate-data") from error
        return cls(user, found["server"][0], ca, certificate, key, not_after)

    def days_left(self, now: dt.datetime) -> int:
        """Whole days until the certificate ends."""
        return (self.not_after - now).days

    def replaces(self, other: Kubeconfig | None, now: dt.datetime, renew_before: int) -> bool:
        """Whether this one is to be written over another: for another cluster, or since the other's end is near."""
        if other is None or (self.server, self.ca, self.user) != (other.server, other.ca, other.user):
            return True
        return other.days_left(now) < renew_before and other.not_after < self.not_after

    def render(self) -> str:
        """As kubectl reads it."""
        return _LAYOUT.format(
            user=self.user,
            server=self.server,
            ca=base64.b64encode(self.ca).decode(),
            certificate=base64.b64encode(self.certificate).decode(),
            key=base64.b64encode(self.key).decode(),
        )


def _scan(lines: t.Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in _FIELDS}
    for line in lines:
        match = re.fullmatch(r"[\s-]*(?P<name>[a-z-]+):\s*(?P<value>\S+)\s*", line)
        if match and match["name"] in found:
            found[match["name"]].append(match["value"].strip("\"'"))
    return found


def _decode(user: str, name: str, value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise _unusable(user, f"has a damaged {name}") from error


def _unusable(user: str, what: str) -> ProvisioningError:
    return ProvisioningError(
        f"the kubeconfig of {user} {what}",
        reason="unparsable",
        remedy=f"Look at it with: Get-HcsKubernetesUserConfig -UserName {user}",
    )


__all__ = ("Kubeconfig",)
