# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubeconfig of one user of one cluster. This module util is private to the collection."""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import datetime as dt
import json
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

with contextlib.suppress(ImportError):  # ansible-core brings it; hosts that only pull need not have it
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

_AUTHORITY, _CERTIFICATE, _KEY = "certificate-authority-data", "client-certificate-data", "client-key-data"
_FIELDS = (_AUTHORITY, "server", _CERTIFICATE, _KEY, "token")
_LAYOUT = """\
apiVersion: v1
kind: Config
clusters:
  - name: kubernetes
    cluster:
      server: {server}
{authority}\
users:
  - name: {user}
    user:
{credential}\
contexts:
  - name: {context}
    context:
      cluster: kubernetes
      user: {user}
{namespace}\
current-context: {context}
"""


@dataclasses.dataclass(frozen=True)
class Credential:
    """What a user proves with who he is: a certificate with its key, in PEM, or a service account's token (RFC 7519).

    :param identity: the certificate's common name, or the UID of the service account.
    :param not_before: start of its validity, in UTC.
    :param not_after: end of its validity, in UTC.
    """

    identity: str
    not_before: dt.datetime
    not_after: dt.datetime
    certificate: bytes = b""
    key: bytes = dataclasses.field(default=b"", repr=False)
    token: str = dataclasses.field(default="", repr=False)

    @classmethod
    def of_certificate(cls, certificate: bytes, key: bytes) -> Credential:
        """:raises ValueError: they are no certificate and its key in PEM."""
        parsed = x509.load_pem_x509_certificate(certificate)
        form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        own = serialization.load_pem_private_key(key, None).public_key()
        if own.public_bytes(*form) != parsed.public_key().public_bytes(*form):
            raise ValueError("of another certificate")
        names = parsed.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        identity = str(names[0].value) if names else ""
        return cls(identity, *_validity(parsed), certificate=certificate, key=key)

    @classmethod
    def of_token(cls, token: str) -> Credential:
        """:raises ValueError: it is no token of a service account that ends."""
        try:
            payload = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            start, end = (dt.datetime.fromtimestamp(claims[name], dt.timezone.utc) for name in ("iat", "exp"))
            return cls(claims["kubernetes.io"]["serviceaccount"]["uid"], start, end, token=token)
        except (LookupError, TypeError) as error:
            raise ValueError(type(error)) from error

    def days_left(self, now: dt.datetime) -> int:
        """Whole days until it ends."""
        return (self.not_after - now).days

    def is_due(self, now: dt.datetime, renew_before: int) -> bool:
        """Whether it is to be renewed: it ends within so many days, or within a third of its life where that is less."""
        life = self.not_after - self.not_before
        return self.not_after - now <= min(dt.timedelta(days=renew_before), life / 3)


@dataclasses.dataclass(frozen=True)
class Kubeconfig:
    """One user of one cluster.

    :param server: URL of the Kubernetes API.
    :param ca: the cluster's CA in PEM; empty where the system vouches for the server.
    :param namespace: where commands go that name none; written, and never read back.
    """

    user: str
    server: str
    ca: bytes
    credential: Credential
    namespace: str = dataclasses.field(default="", compare=False)

    @classmethod
    def parse(cls, user: str, lines: t.Iterable[str]) -> Kubeconfig:
        """Read the form that has its data in it, whatever its indentation: each field is looked for by its name.

        :raises ProvisioningError: a field is missing, is there twice or is damaged; no value is part of the message.
        """
        found = _scan(lines)
        secret = ("token",) if found["token"] else (_CERTIFICATE, _KEY)
        for name in _FIELDS:
            if len(set(found[name])) > 1 or (name in ("server", *secret) and not found[name]):
                raise _unusable(user, f"has {'no' if not found[name] else 'more than one'} {name}")
        ca = _decode(user, found, _AUTHORITY) if found[_AUTHORITY] else b""
        return cls(user, found["server"][0], ca, _credential(user, found))

    def render(self) -> str:
        """As kubectl reads it."""
        secret = {"token": self.credential.token}
        if not self.credential.token:
            secret = {_CERTIFICATE: _data(self.credential.certificate), _KEY: _data(self.credential.key)}
        return _LAYOUT.format(
            user=json.dumps(self.user),  # a name may look like a number
            context=json.dumps(_context(self.user)),
            server=self.server,
            authority=_lines({_AUTHORITY: _data(self.ca)}),
            credential=_lines(secret),
            namespace=_lines({"namespace": json.dumps(self.namespace) if self.namespace else ""}),
        )


def is_of_another(user: str, content: bytes) -> bool:
    """Whether a file is a kubeconfig that was not made here for a user, of whatever cluster."""
    found = re.search(rb"^current-context:[ \t]*(.*?)\s*$", content, re.MULTILINE)
    return bool(found and found[1].strip(b"\"'") != _context(user).encode())


def _context(user: str) -> str:
    return f"{user}@kubernetes"


def _scan(lines: t.Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in _FIELDS}
    for line in lines:
        match = re.fullmatch(r"[\s-]*(?P<name>[a-z-]+):\s*(?P<value>\S+)\s*", line)
        if match and match["name"] in found:
            found[match["name"]].append(match["value"].strip("\"'"))
    return found


def _credential(user: str, found: dict[str, list[str]]) -> Credential:
    name = "token" if found["token"] else f"{_CERTIFICATE} or {_KEY}"
    try:
        if found["token"]:
            return Credential.of_token(found["token"][0])
        return Credential.of_certificate(_decode(user, found, _CERTIFICATE), _decode(user, found, _KEY))
    except (TypeError, ValueError) as error:  # the former for a key that wants a password
        raise _unusable(user, f"has a damaged {name}") from error


def _decode(user: str, found: dict[str, list[str]], name: str) -> bytes:
    try:
        return base64.b64decode(found[name][0], validate=True)
    except binascii.Error as error:
        raise _unusable(user, f"has a damaged {name}") from error


def _validity(certificate: x509.Certificate) -> tuple[dt.datetime, dt.datetime]:
    if hasattr(certificate, "not_valid_after_utc"):
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc
    # cryptography before 42 has only the naive ones
    naive = certificate.not_valid_before, certificate.not_valid_after
    return naive[0].replace(tzinfo=dt.timezone.utc), naive[1].replace(tzinfo=dt.timezone.utc)


def _data(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _lines(fields: dict[str, str]) -> str:
    return "".join(f"      {name}: {value}\n" for name, value in fields.items() if value)


def _unusable(user: str, what: str) -> ProvisioningError:
    return ProvisioningError(f"the kubeconfig of {user} {what}", reason="unparsable", remedy="Have it written anew")


__all__ = ("Credential", "Kubeconfig", "is_of_another")
