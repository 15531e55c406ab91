# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a host a client of registries: prove, then write. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import CaCertificate
from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._client_host import PARTS, ClientHost
from ansible_collections.edgeops.registry.plugins.module_utils._client_proof import Proof, check_resolution, prove
from ansible_collections.edgeops.registry.plugins.module_utils._client_report import Report
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.probe import probe
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._hosts.plan import cloud_init_warning
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record, parse_records
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import Engine, find_engines, find_users
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.plan import left_out
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.runtimes import NAMES
from ansible_collections.edgeops.registry.plugins.module_utils._trust import store as trust_store
from ansible_collections.edgeops.registry.plugins.module_utils._trust.store import SystemStore

VERIFY = "verify"
_OFFLINE = ("unreachable", "unresolved")
_AUDIT_WORDS = {
    "hosts": "the hosts entry is",
    "trust": "CA certificates are",
    "mirrors": "mirrors are",
    "credentials": "logins are",
}
_AUDIT_REASONS = {"hosts": "unresolved", "trust": "untrusted", "mirrors": "conflict", "credentials": "unauthorized"}


@dataclasses.dataclass(frozen=True)
class Options:
    """What a client shall be; the options of module `client`."""

    registries: t.Sequence[t.Mapping[str, t.Any]]
    state: str = "present"
    absent_endpoints: t.Sequence[str] = ()
    parts: t.Sequence[str] = (*PARTS, VERIFY)
    runtimes: t.Sequence[str] = ("auto",)
    users: t.Sequence[str] = ("root",)
    system_trust: bool = True
    verify_image: str | None = None
    allow_http: bool = False
    credential_store: str = "fail"
    on_failure: str = "fail"
    unreachable: str = "fail"
    timeout: float = 10.0

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any], **fixed: t.Any) -> Options:
        """The options that are among a module's; `fixed` ones the module does not have."""
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in params.items() if name in names}, **fixed)

    @property
    def is_audit(self) -> bool:
        """Whether nothing is to be written, so that all parts are only looked at."""
        return tuple(self.parts) == (VERIFY,)

    @property
    def file_parts(self) -> tuple[str, ...]:
        """The parts to look at, in the order of `PARTS`."""
        return PARTS if self.is_audit else tuple(part for part in PARTS if part in self.parts)


def provision(options: Options, settings: Settings, root: str = "") -> Outcome:
    """Do everything that a client of some registries needs, or take it back.

    :param root: prefix of the system's paths.
    :raises ProvisioningError: an option is wrong; nothing was written.
    """
    records, gone = _wanted(options)
    engines = tuple(find_engines(options.runtimes, find_users(options.users, root), root))
    report = Report([record.endpoint for record in records] or gone, options.file_parts)
    host = ClientHost(engines, _find_store(options, records, report, root), root, options.credential_store)
    proofs = [_prove(record, options, report, _system_certificates(host, record, records, gone)) for record in records]
    if options.is_audit:
        _look(host, proofs, gone, report)
    else:
        _Writer(host, settings, report).write(options.file_parts, proofs, gone)
    _check_locally(host, options, proofs, report)
    _note_skipped(host, options, proofs, report)
    plans = [plan for part in options.file_parts for plan in host.plans(part, records, gone)]
    return _outcome(options, report, host.restarts(plans, report.changed_paths), host.engines)


def _wanted(options: Options) -> tuple[list[Record], list[Endpoint]]:
    """The records that shall be there, and the endpoints that shall not."""
    gone = _endpoints(options.absent_endpoints, "absent_endpoints[{}]")
    if options.state == "absent":
        named = _endpoints([str(item["endpoint"]) for item in options.registries], "registries[{}].endpoint")
        return [], list(dict.fromkeys([*named, *gone]))
    records = parse_records(options.registries)
    both = [record.endpoint for record in records if record.endpoint in gone]
    if both:
        raise ProvisioningError(
            "it is in registries and in absent_endpoints", registry=str(both[0]), remedy="Take it out of one of them"
        )
    return records, gone


def _endpoints(texts: t.Iterable[str], where: str) -> list[Endpoint]:
    endpoints = []
    for number, text in enumerate(texts):
        try:
            endpoints.append(Endpoint.parse(text))
        except ProvisioningError as error:
            raise ProvisioningError(error.message, part=where.format(number), remedy=error.remedy) from error
    return endpoints


def _system_certificates(
    host: ClientHost, record: Record, records: list[Record], gone: list[Endpoint]
) -> tuple[str, ...] | None:
    """What vouches for a record without a CA of its own: not an anchor that this very run takes away."""
    return None if record.ca_certificates else host.system_certificates(records, gone)


def _prove(record: Record, options: Options, report: Report, system_certificates: tuple[str, ...] | None) -> Proof:
    ask = functools.partial(
        probe,
        verify_image=options.verify_image,
        allow_http=options.allow_http,
        timeout=options.timeout,
        system_certificates=system_certificates,
    )
    proof = prove(record, ask if VERIFY in options.parts else None, allow_http=options.allow_http)
    if proof.probe:
        report.probed(record.endpoint, proof.probe)
    if proof.error and options.unreachable == "warn" and proof.error.reason in _OFFLINE:
        report.warnings.append(str(proof.error.at(registry=str(record.endpoint))))
    elif proof.error:
        report.reject(proof.error, record.endpoint)
    for error in proof.left_out:
        report.skip(record.endpoint, "trust", error.message)
    return proof


def _find_store(options: Options, records: list[Record], report: Report, root: str) -> SystemStore | None:
    if "trust" not in options.file_parts or not options.system_trust:
        return None
    try:
        return trust_store.find_store(root)
    except ProvisioningError as error:
        for record in records:
            if record.ca_certificates:
                report.fail(error, endpoint=record.endpoint, part="trust")
        return None


def _look(host: ClientHost, proofs: list[Proof], gone: list[Endpoint], report: Report) -> None:
    """Look at every part and call what is not in place a failure."""
    for part in PARTS:
        for change in converge(host.plans(part, [proof.record for proof in proofs], gone), Settings(check_mode=True)):
            report.differs(part, change)
            for endpoint in (endpoint for endpoint in gone if str(endpoint) in change.owners):
                error = ProvisioningError(
                    f"{change.path} still has something for it",
                    reason="conflict",
                    remedy="Run the client module without parts",
                )
                report.reject(error, endpoint, part)
    for proof in proofs:
        for part in report.parts_not_in_place(proof.record.endpoint):
            error = ProvisioningError(
                f"{_AUDIT_WORDS[part]} missing, or not what the record says",
                reason=_AUDIT_REASONS[part],
                remedy="Run the client module with all of its parts",
            )
            report.reject(error, proof.record.endpoint, part)


@dataclasses.dataclass(frozen=True)
class _Writer:
    """Makes a host as it is wanted."""

    host: ClientHost
    settings: Settings
    report: Report

    def write(self, parts: t.Sequence[str], proofs: list[Proof], gone: list[Endpoint]) -> None:
        """Write what is proven and has no obstacle in any part; of the rest only look how it stands."""
        proven = [proof.record for proof in proofs if not proof.error]
        obstructed = self._obstructed(parts, proven, gone)
        free = [record for record in proven if str(record.endpoint) not in obstructed]
        others = [proof.record for proof in proofs if proof.record not in free]
        for part in parts:
            self._converge(part, self.host.plans(part, free, gone))
            for change in converge(self.host.plans(part, others, ()), Settings(check_mode=True)):
                self.report.differs(part, change)
        ready = [record for record in free if not self.report.has_failed(record.endpoint, "trust")]
        if self.host.store and (ready or gone):
            self._refresh(self.host.store, ready)

    def _obstructed(self, parts: t.Sequence[str], records: list[Record], gone: list[Endpoint]) -> set[str]:
        """The registries with a failure, or with a file that could not be written: none of theirs is to be."""
        look_only = Settings(check_mode=True)
        changes = (change for part in parts for change in converge(self.host.plans(part, records, gone), look_only))
        foreseen = [failure for change in changes for failure in change.failures]
        return {failure["registry"] for failure in (*self.report.failures, *foreseen)}

    def _converge(self, part: str, plans: list[FilePlan]) -> None:
        for change in converge(plans, self.settings):
            self.report.file_changed(part, change, written=not self.settings.check_mode)
        if not self.settings.check_mode:
            self.host.relabel(plans, self.report.changed_paths, self.settings.run_command)

    def _refresh(self, store: SystemStore, records: list[Record]) -> None:
        """Have the bundle made anew where its state says so, or would after what check mode did not write."""
        certificates = [certificate for record in records for certificate in record.ca_certificates]
        is_changed = any(path.startswith(f"{store.anchors}/") for path in self.report.changed_paths)
        if not is_changed and not trust_store.is_pending(store, certificates):
            return
        self.report.changed = True
        for record in records:
            if trust_store.missing(store, record.ca_certificates):
                self.report.part_changed(record.endpoint, "trust", written=not self.settings.check_mode)
        if not self.settings.check_mode:
            self._run_refresh(store, records, certificates)

    def _run_refresh(self, store: SystemStore, records: list[Record], certificates: list[CaCertificate]) -> None:
        try:
            trust_store.refresh(store, certificates, self.settings.run_command)
        except ProvisioningError as error:
            for record in records:
                self.report.fail(error, endpoint=record.endpoint, part="trust")


def _check_locally(host: ClientHost, options: Options, proofs: list[Proof], report: Report) -> None:
    """Prove that this host's own resolver and trust bundle know what was proven with the record's."""
    for proof in proofs:
        record, in_place = proof.record, report.entry(proof.record.endpoint).in_place
        if proof.error:
            continue
        if VERIFY in options.parts and in_place.get("hosts", True):
            try:
                check_resolution(record)
            except ProvisioningError as error:
                report.reject(error, record.endpoint)
        if host.store and in_place["trust"]:
            for certificate in trust_store.missing(host.store, record.ca_certificates):
                report.reject(trust_store.not_in_bundle(host.store, certificate), record.endpoint)


def _note_skipped(host: ClientHost, options: Options, proofs: list[Proof], report: Report) -> None:
    for proof in proofs:
        record = proof.record
        for part, why in left_out(record, host.engines):
            if part in options.file_parts:
                report.skip(record.endpoint, part, why)
    if "hosts" in options.file_parts and any(proof.record.addresses for proof in proofs):
        warning = cloud_init_warning(host.hosts_file)
        report.warnings += [warning] if warning else []


def _outcome(options: Options, report: Report, restarts: dict[str, bool], engines: t.Iterable[Engine]) -> Outcome:
    """What the module returns."""
    is_reported = options.on_failure == "report"
    return Outcome(
        changed=report.changed,
        facts={
            "registries": report.entries,
            "runtimes": [engine.runtime.name for engine in engines],
            "restart": {**dict.fromkeys(NAMES, False), **restarts},
            "failures": report.failures,
            "left_out": report.skipped,
            **({"msg": report.summary()} if is_reported else {}),
        },
        diff=report.diff,
        warnings=report.warnings,
        failed="" if is_reported else report.summary(),
    )


__all__ = ("PARTS", "VERIFY", "Options", "provision")
