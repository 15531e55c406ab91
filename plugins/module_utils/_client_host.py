# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a client on this host. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import os
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._credentials import plan as credentials
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._hosts import plan as hosts
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand, run
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes import plan as runtimes
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.auth_files import (
    engine_auth_files,
    shadowing_files,
)
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import Engine, Place
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.restart import is_outdated, last_change
from ansible_collections.edgeops.registry.plugins.module_utils._trust import plan as trust
from ansible_collections.edgeops.registry.plugins.module_utils._trust.files import anchors_leaving
from ansible_collections.edgeops.registry.plugins.module_utils._trust.store import SystemStore, certificates_without

PARTS = ("hosts", "trust", "mirrors", "credentials")
"""The parts that are files."""


@dataclasses.dataclass(frozen=True)
class ClientHost:
    """What a host has that a client's parts go to.

    :param store: None where the system's trust is left alone.
    :param root: prefix of the system's paths.
    :param credential_store: one of `credentials.CREDENTIAL_STORE`.
    """

    engines: tuple[Engine, ...]
    store: SystemStore | None
    root: str = ""
    credential_store: str = "fail"

    @property
    def hosts_file(self) -> str:
        """Where the hosts entries are."""
        return self.root + hosts.HOSTS_FILE

    def plans(self, part: str, records: t.Sequence[Record], gone: t.Sequence[Endpoint]) -> list[FilePlan]:
        """Plans for one of `PARTS`: the records there, the endpoints that are gone not."""
        if part == "hosts":
            return hosts.absent(gone, self.hosts_file) + hosts.present(records, self.hosts_file)
        plans = runtimes.absent(part, gone, self.engines) + runtimes.present(part, records, self.engines)
        if part == "trust":
            plans += trust.absent(gone, self.engines, self.store) + trust.present(records, self.engines, self.store)
        if part == "credentials":
            plans += self._credential_plans(records, gone)
        return plans

    def system_certificates(self, records: t.Sequence[Record], gone: t.Sequence[Endpoint]) -> tuple[str, ...] | None:
        """What the system trusts once `plans` for trust are carried out, in PEM; None: no less than it does now."""
        leaving = anchors_leaving(self.store.anchors, records, gone) if self.store else []
        return certificates_without(self.store, leaving) if self.store and leaving else None

    def restarts(self, plans: t.Iterable[FilePlan], changed_paths: t.Collection[str]) -> dict[str, bool]:
        """For each runtime that is here, whether a daemon of it started before its settings got their present state.

        :param plans: what is wanted of this host: settings with none of it are not of this run's concern.
        :param changed_paths: files that were changed just now, or would have been.
        """
        concerned = {plan.path for plan in plans} | set(changed_paths)
        return {
            engine.runtime.name: any(
                _is_outdated(engine, place, changed_paths)
                for settings in engine.runtime.settings
                for place in engine.places(settings)
                if _holds_any(place.path, concerned)
            )
            for engine in self.engines
        }

    def relabel(self, plans: t.Iterable[FilePlan], changed_paths: t.Collection[str], run_command: RunCommand) -> None:
        """Give the system's files that were written the SELinux context that the policy has for them.

        :raises ProvisioningError: the program that does it failed.
        """
        paths = [plan.path for plan in plans if plan.account is None and plan.path in changed_paths]
        written = sorted({path for path in paths if os.path.exists(path)})
        programs = [self.root + program for program in ("/usr/sbin/restorecon", "/sbin/restorecon")]
        installed = [program for program in programs if os.access(program, os.X_OK)]
        if written and installed and os.path.exists(self.root + "/sys/fs/selinux/enforce"):
            run(run_command, [installed[0], *sorted({os.path.dirname(path) for path in written}), *written])

    def _credential_plans(self, records: t.Sequence[Record], gone: t.Sequence[Endpoint]) -> list[FilePlan]:
        files = engine_auth_files(self.engines)
        endpoints = [record.endpoint for record in records if record.username]
        return [
            *credentials.absent(gone, files),
            *credentials.absent([*gone, *endpoints], shadowing_files(self.engines)),
            *credentials.present(records, files, credential_store=self.credential_store),
        ]


def _is_outdated(engine: Engine, place: Place, changed_paths: t.Collection[str]) -> bool:
    modified = time.time() if _holds_any(place.path, changed_paths) else last_change(place.path)
    uids = [user.uid for user in engine.users if user.name == place.account]
    return any(is_outdated(daemon, modified, uids[0] if uids else None) for daemon in engine.runtime.daemons)


def _holds_any(settings: str, paths: t.Iterable[str]) -> bool:
    """Whether one of the paths is that of the settings, or of a file in a directory of settings."""
    return any(settings in (path, os.path.dirname(path)) for path in paths)


__all__ = ("PARTS", "ClientHost")
