# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and keys on the registry's host. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import re

from ansible_collections.edgeops.registry.plugins.module_utils._change import Diff
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._host_files import (
    Attributes,
    Directory,
    FileWrite,
    Listing,
    Result,
    text_diff,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._authority import (
    Authority,
    KeyPair,
    digest,
    fingerprint,
    lifetime_end,
    load_certificates,
    pem,
    private_pem,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._names import Names
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._plan import (
    MAXIMUM_DAYS,
    Decision,
    Request,
    Standing,
    decide,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._supplied import Supplied

with contextlib.suppress(ImportError):  # ansible-core brings it; only ansible-test's import test has to do without
    from cryptography import x509

CA, CA_KEY, SERVER, SERVER_KEY = "ca.pem", "ca.key", "server.pem", "server.key"
_MARK = "# Made by edgeops.registry with the server.key whose SHA-256 is "
_MARKED = re.compile(re.escape(_MARK.encode()) + rb"([0-9a-f]{64})\n")


@dataclasses.dataclass(frozen=True)
class _Found:
    """What lies on the host: the CA's certificates, of which the first signs, and what follows for a decision."""

    listing: Listing
    authorities: tuple[x509.Certificate, ...]
    standing: Standing


@dataclasses.dataclass(frozen=True)
class Provider:
    """Provides a host with the files of a TLS server.

    :param owner: the user that the server runs as, the only one that may read its key; None: who writes it.
    :param renew_before: days before its end from which a certificate is replaced, or warned of.
    """

    directory: Directory
    owner: str | None
    renew_before: int
    now: dt.datetime

    def provide_own(self, request: Request) -> Result:
        """A server certificate of a CA of the host's own.

        A kill at any point leaves what the next run mends: a key is written before its certificate, and the
        certificate's file names the key that it belongs to, so that a key need never be read back.

        :raises ProvisioningError: what is there cannot be understood, or what is wanted needs another CA.
        """
        found = self._look()
        decision = decide(request, found.standing, self.now)
        predicted_only = self.directory.check_mode and not decision.new_authority  # the CA's key stays where it is
        writes = self._sign(request, found, decision) if decision.reason and not predicted_only else []
        written = {write.name: write.content for write in writes}
        authorities = load_certificates(written[CA]) if CA in written else found.authorities
        server = load_certificates(written[SERVER])[0] if SERVER in written else found.standing.server
        self.directory.write(found.listing, writes)
        diffs = self._diffs(request, found, decision)
        diffs += self._repair(found, decision)
        facts = self._facts([pem(item).decode() for item in authorities], server)
        return Result(bool(diffs), facts, diffs, decision.warnings)

    def provide_supplied(self, supplied: Supplied) -> Result:
        """A server certificate of the user's own; a CA that was made here before stays for the way back."""
        listing = self.directory.look(SERVER, SERVER_KEY)
        writes = [write for write in self._pair(supplied.pair) if not _holds(listing, write)]
        self.directory.write(listing, writes)
        server = supplied.chain[0]
        diffs: list[Diff] = []
        if writes:
            before = "another certificate or key\n" if listing.files else ""
            diffs.append(text_diff(self.directory.at(SERVER), before, _describe(server)))
        kept = {write.name: write.attributes for write in self._pair(supplied.pair) if write not in writes}
        diffs += self.directory.repair(listing, kept)
        warnings = (*self._warnings(server), *_too_long(server))
        return Result(bool(diffs), self._facts(list(supplied.authorities), server), diffs, warnings)

    def remove(self) -> Result:
        """Remove the files, and their directory where it holds nothing else."""
        listing = self.directory.look()
        names = [name for name in (SERVER, SERVER_KEY, CA, CA_KEY) if name in listing.files]
        paths = [self.directory.at(name) for name in names]
        if listing.exists and set(listing.files) <= set(names):
            paths.append(self.directory.path)
        if not self.directory.check_mode:
            for path in paths:
                self.directory.files.remove(path)
        diffs = [text_diff(path, "present\n", "") for path in paths]
        return Result(bool(paths), {"ca_certificates": [], "certificate": None}, diffs)

    def _look(self) -> _Found:
        listing = self.directory.look(CA, CA_KEY, SERVER, SERVER_KEY)
        contents = {name: self.directory.read(name) for name in (CA, SERVER) if name in listing.files}
        parsed = {name: _parse(self.directory.at(name), content) for name, content in contents.items()}
        authorities, servers = parsed.get(CA, ()), parsed.get(SERVER, ())
        mark = _MARKED.match(contents.get(SERVER, b""))
        key = listing.files.get(SERVER_KEY)
        standing = Standing(
            authority=authorities[0] if authorities else None,
            authority_key=CA_KEY in listing.files,
            server=servers[0] if servers else None,
            own=mark is not None,
            key_matches=mark is not None and key is not None and key.digest == mark[1].decode(),
        )
        return _Found(listing, authorities, standing)

    def _sign(self, request: Request, found: _Found, decision: Decision) -> list[FileWrite]:
        """The files to write, keys before their certificates, the CA before the server."""
        writes: list[FileWrite] = []
        if decision.new_authority:
            authority = Authority.create(request.names, request.ca_valid_days, self.now)
            attributes = self._attributes()
            writes.append(FileWrite(CA_KEY, private_pem(authority.key), attributes[CA_KEY]))
            writes.append(FileWrite(CA, pem(authority.certificate), attributes[CA]))
        else:
            authority = _load(self.directory.at(CA_KEY), found.authorities[0], self.directory.read(CA_KEY))
        pair = authority.issue(request.names, request.valid_days, self.now)
        marked = f"{_MARK}{digest(pair.key)}\n".encode() + pair.certificate
        return [*writes, *self._pair(dataclasses.replace(pair, certificate=marked))]

    def _pair(self, pair: KeyPair) -> list[FileWrite]:
        attributes = self._attributes()
        return [
            FileWrite(SERVER_KEY, pair.key, attributes[SERVER_KEY]),
            FileWrite(SERVER, pair.certificate, attributes[SERVER]),
        ]

    def _attributes(self) -> dict[str, Attributes]:
        public, private = Attributes(0o644), Attributes(0o600)
        return {CA: public, CA_KEY: private, SERVER: public, SERVER_KEY: Attributes(0o600, self.owner)}

    def _repair(self, found: _Found, decision: Decision) -> list[Diff]:
        kept = self._attributes()
        for name in (
            *((CA, CA_KEY) if decision.new_authority else ()),
            *((SERVER, SERVER_KEY) if decision.reason else ()),
        ):
            del kept[name]
        return self.directory.repair(found.listing, kept)

    def _diffs(self, request: Request, found: _Found, decision: Decision) -> list[Diff]:
        """What is decided, without what a prediction cannot know: keys, serial numbers, hours."""
        diffs: list[Diff] = []
        ends = [lifetime_end(self.now, request.valid_days)]
        if decision.new_authority:
            ends.append(lifetime_end(self.now, request.ca_valid_days))
            diffs.append(text_diff(self.directory.at(CA), "", _text(request.names, ends[-1])))
        else:
            ends.append(found.authorities[0].not_valid_after_utc)
        if decision.reason:
            before = _describe(found.standing.server) if found.standing.server else ""
            after = f"{_text(request.names, min(ends))}because: {decision.reason}\n"
            diffs.append(text_diff(self.directory.at(SERVER), before, after))
        return diffs

    def _facts(self, authorities: list[str], server: x509.Certificate | None) -> dict[str, object]:
        if server is None:
            return {"ca_certificates": authorities, "certificate": None}
        end = server.not_valid_after_utc
        certificate = {
            "names": Names.of(server).as_list(),
            "not_after": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "days_left": (end - self.now).days,
            "fingerprint": fingerprint(server),
        }
        return {"ca_certificates": authorities, "certificate": certificate}

    def _warnings(self, server: x509.Certificate) -> tuple[str, ...]:
        end = server.not_valid_after_utc
        if end - self.now >= dt.timedelta(days=self.renew_before):
            return ()
        return (f"The server's certificate ends on {end:%Y-%m-%d}: supply a renewed one",)


def _too_long(server: x509.Certificate) -> tuple[str, ...]:
    days = (server.not_valid_after_utc - server.not_valid_before_utc).days
    if days <= MAXIMUM_DAYS:
        return ()
    return (
        f"The server's certificate lives {days} days; some clients refuse more than {MAXIMUM_DAYS}: have it reissued",
    )


def _parse(path: str, content: bytes) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(load_certificates(content))
    except ProvisioningError as error:
        raise ProvisioningError(
            error.message, reason=error.reason, part=path, remedy="Restore it, or move it away"
        ) from error


def _load(path: str, certificate: x509.Certificate, key: bytes) -> Authority:
    try:
        return Authority.load(certificate, key)
    except ProvisioningError as error:
        raise error.at(part=path) from error


def _holds(listing: Listing, write: FileWrite) -> bool:
    found = listing.files.get(write.name)
    return found is not None and found.digest == digest(write.content)


def _describe(certificate: x509.Certificate) -> str:
    return _text(Names.of(certificate), certificate.not_valid_after_utc)


def _text(names: Names, end: dt.datetime) -> str:
    return f"vouches for: {names}\nuntil: {end:%Y-%m-%d}\n"


__all__ = ("Provider",)
