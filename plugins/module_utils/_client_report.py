# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the client module found and did. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import Diff, FileChange
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.probe import Probe
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError


@dataclasses.dataclass
class Entry:
    """What became of one registry. Only booleans are for control flow: a text may be masked.

    :param changed: by part, whether it changed, or would in check mode.
    :param in_place: by part, whether it is as it is wanted when the module ends.
    :param verify: null in `ok` where nothing was tried.
    """

    endpoint: str
    changed: dict[str, bool]
    in_place: dict[str, bool]
    verify: dict[str, t.Any] = dataclasses.field(
        default_factory=lambda: {"ok": None, "reason": "", "http_status": None, "requests": 0}
    )
    certificate: dict[str, t.Any] | None = None


class Report:
    """Collects what happens, registry by registry.

    :param endpoints: in the order of the input.
    :param parts: that are looked at.
    """

    def __init__(self, endpoints: t.Iterable[Endpoint], parts: t.Iterable[str]) -> None:
        names = list(parts)
        self._entries = {
            str(endpoint): Entry(str(endpoint), dict.fromkeys(names, False), dict.fromkeys(names, True))
            for endpoint in endpoints
        }
        self.changed = False
        self.changed_paths: set[str] = set()
        self.failures: list[dict[str, str]] = []
        self._failed: set[tuple[str, str]] = set()
        self.skipped: list[dict[str, str]] = []
        self.warnings: list[str] = []
        self.diff: list[Diff] = []

    @property
    def entries(self) -> list[dict[str, t.Any]]:
        """The registries as plain data."""
        return [dataclasses.asdict(entry) for entry in self._entries.values()]

    def entry(self, endpoint: Endpoint | str) -> Entry:
        """What is known of one registry; of no interest later where it is not one of the input's."""
        return self._entries.get(str(endpoint), Entry(str(endpoint), {}, {}))

    def probed(self, endpoint: Endpoint, result: Probe) -> None:
        """Take down what trying the record showed."""
        entry = self.entry(endpoint)
        entry.verify = {
            "ok": result.ok,
            "reason": result.reason,
            "http_status": result.http_status,
            "requests": result.requests,
        }
        entry.certificate = dataclasses.asdict(result.certificate) if result.certificate else None

    def file_changed(self, part: str, change: FileChange, *, written: bool) -> None:
        """Take down what converging a file did, or would do."""
        self.differs(part, change)
        for owner in change.owners:
            self.part_changed(owner, part, written=written)
        if change.changed:
            self.changed_paths.add(change.path)
        if change.diff:
            self.diff.append(change.diff)

    def part_changed(self, endpoint: Endpoint | str, part: str, *, written: bool) -> None:
        """Take down that a part changed, or would."""
        self.changed = True
        self.entry(endpoint).changed[part] = True
        self.entry(endpoint).in_place[part] = written and not self.has_failed(endpoint, part)

    def differs(self, part: str, change: FileChange) -> None:
        """Take down what a file lacks, and why it could not be looked at."""
        for owner in change.owners:
            self.entry(owner).in_place[part] = False
        for failure in change.failures:
            self.fail(ProvisioningError.from_failure(failure), part=part)

    def fail(self, error: ProvisioningError, *, endpoint: Endpoint | str = "", part: str = "") -> None:
        """Take down a failure, once."""
        failure = error.at(registry=str(endpoint), part=part).as_failure()
        in_place = self.entry(failure["registry"]).in_place
        self._failed.add((failure["registry"], failure["part"]))
        if failure["part"] in in_place:
            in_place[failure["part"]] = False
        if failure not in self.failures:
            self.failures.append(failure)

    def has_failed(self, endpoint: Endpoint | str, part: str) -> bool:
        """Whether there is a failure of a part."""
        return (str(endpoint), part) in self._failed

    def reject(self, error: ProvisioningError, endpoint: Endpoint, part: str = "verify") -> None:
        """Take down that a registry cannot be used from here."""
        self.fail(error, endpoint=endpoint, part=part)
        entry = self.entry(endpoint)
        if entry.verify["ok"] is not False:
            entry.verify = {**entry.verify, "ok": False, "reason": error.reason}

    def parts_not_in_place(self, endpoint: Endpoint) -> list[str]:
        """The parts that are not as wanted and have no failure yet."""
        failed = {failure["part"] for failure in self.failures if failure["registry"] == str(endpoint)}
        return [part for part, is_there in self.entry(endpoint).in_place.items() if not is_there and part not in failed]

    def skip(self, endpoint: Endpoint, part: str, why: str) -> None:
        """Take down that there is nothing to do, and why."""
        self.skipped.append({"registry": str(endpoint), "part": part, "msg": why})

    def summary(self) -> str:
        """Every failure as one text; empty where there is none."""
        return "; ".join(str(ProvisioningError.from_failure(failure)) for failure in self.failures)


__all__ = ("Entry", "Report")
