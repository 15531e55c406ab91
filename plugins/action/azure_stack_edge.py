# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of an Azure Stack Edge."""

from __future__ import annotations

import contextlib
import time
import typing as t
from pathlib import Path

from ansible.parsing.vault import VaultSecretsContext
from ansible_collections.edgeops.registry.plugins.module_utils._change import Diff
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.probe import probe
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.plugin_utils._host_files import Result, text_diff
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._action import HIDDEN, DeviceAction
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._certificate import (
    handshake,
    pinned,
    read_certificates,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import RegistryInfo
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._switch import Switch, Switched
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._target import (
    CONNECTION_OPTIONS,
    parse_fingerprint,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._record_file import RecordFile

_HANDSHAKE_SECONDS = 10.0


class ActionModule(DeviceAction):
    """Module edgeops.registry.azure_stack_edge."""

    ARGUMENTS: t.ClassVar = {
        **CONNECTION_OPTIONS,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str", "default": ""},
        "certificate_file": {"type": "path"},
        "certificate_fingerprint": {"type": "str"},
        "trust_on_first_use": {"type": "bool", "default": False},
        "record_file": {"type": "path"},
        "verify": {"type": "bool", "default": True},
        "poll_interval": {"type": "float", "default": 5.0},
    }
    CONSTRAINTS: t.ClassVar = {
        "mutually_exclusive": [("certificate_file", "certificate_fingerprint")],
        "required_if": [("trust_on_first_use", True, ("record_file",))],
    }

    def act(self, options: dict[str, t.Any]) -> Result:
        """Switch the registry, and read how it is reached."""
        target = self.target(options)
        pin = parse_fingerprint(options["certificate_fingerprint"] or "", "certificate_fingerprint")
        switch = Switch(self.sessions(target, options["poll_interval"]), check_mode=self.check_mode)
        switched = switch.absent() if options["state"] == "absent" else switch.present()
        if switched.info is not None:
            return self._report(options, pin, switched, switched.info)
        return Result(switched.changed, {"registry": None}, _diff(target.host, options["state"], switched))

    def _report(self, options: dict[str, t.Any], pin: str, switched: Switched, info: RegistryInfo) -> Result:
        """The record, proven. A registry that was only just enabled may take a while to answer."""
        deadline = time.monotonic() + (options["timeout"] if switched.changed else 0)
        while True:
            try:
                return self._look(options, pin, switched, info)
            except ProvisioningError as error:
                if error.reason != "unreachable" or time.monotonic() > deadline:
                    raise
                self.tell(f"{error.message}; trying again")
                time.sleep(options["poll_interval"])

    def _look(self, options: dict[str, t.Any], pin: str, switched: Switched, info: RegistryInfo) -> Result:
        bare = Record.parse(info.as_record(options["name"]), "registry")
        source, certificates, warnings = self._certificates(options, pin, bare)
        record = Record.parse(info.as_record(options["name"], certificates), "registry")
        if options["verify"]:
            _prove(record, source)
        facts = {
            **HIDDEN,
            "registry": record.as_dict(),
            "certificate": {"source": source, "fingerprints": [item.fingerprint for item in record.ca_certificates]},
        }
        return Result(switched.changed, facts, warnings=warnings)

    def _certificates(self, options: dict[str, t.Any], pin: str, record: Record) -> tuple[str, list[str], list[str]]:
        """Where the CA certificates come from, they themselves in PEM, and warnings."""
        if options["certificate_file"]:
            found = read_certificates(self._read(options["certificate_file"]))
            return "file", [certificate.pem for certificate in found], []
        if not pin and not options["trust_on_first_use"]:
            return "public", [], []
        shown = handshake(Server.of(record), _HANDSHAKE_SECONDS)
        if pin:
            return "pin", [pinned(shown, {pin}, remembered=False).pem], []
        known = self._remembered(options["record_file"], record)
        if known:
            return "record_file", [pinned(shown, known, remembered=True).pem], []
        anchor = shown.anchor()
        warning = (
            f"{record.endpoint}: trusted on first use, compare it with the device's web page: "
            f"SHA-256 {anchor.fingerprint}"
        )
        return "first_use", [anchor.pem], [warning]

    def _remembered(self, path: str, record: Record) -> set[str]:
        """Fingerprints of the CA certificates in the record file."""
        file = RecordFile(VaultSecretsContext.current().secrets or [])
        with contextlib.suppress(FileNotFoundError):
            known = file.find(Path(self._loader.path_dwim(path)).read_bytes(), record.endpoint)
            return {item.fingerprint for item in known.ca_certificates} if known else set()
        return set()

    def _read(self, path: str) -> bytes:
        resolved = self._loader.path_dwim(path)
        try:
            return Path(resolved).read_bytes()
        except OSError as error:
            raise ProvisioningError(
                f"{resolved} cannot be read: {error.strerror}",
                reason="io",
                part="certificate_file",
                remedy="Download it in the device's web page, under Certificates",
            ) from error


def _prove(record: Record, source: str) -> None:
    """:raises ProvisioningError: the record does not let anybody in."""
    proof = probe(record)
    if proof.ok:
        return
    remedy = (
        "Give certificate_file, or certificate_fingerprint"
        if proof.reason == "untrusted" and source == "public"
        else proof.remedy
    )
    raise ProvisioningError(proof.msg, reason=proof.reason, registry=str(record.endpoint), remedy=remedy)


def _diff(host: str, state: str, switched: Switched) -> list[Diff]:
    before, after = ("on", "off") if state == "absent" else ("off", "on")
    return [text_diff(f"registry of {host}", f"{before}\n", f"{after}\n")] if switched.changed else []
