# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of namespaces. This module util is private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import Diff
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.converge import ObjectChange
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_work import Done

_SHOWN = 5

Value = t.TypeVar("Value")


class Report:
    """Collects what happens, namespace by namespace.

    :param names: in the order in which they are returned.
    """

    def __init__(self, names: t.Iterable[str]) -> None:
        self._entries: dict[str, dict[str, t.Any]] = {name: _entry(name) for name in names}
        self._failures: list[dict[str, str]] = []
        self._undone: dict[str, ProvisioningError] = {}
        self.diff: list[Diff] = []
        self.changed = False

    @property
    def entries(self) -> list[dict[str, t.Any]]:
        """An item of RV(namespaces) for each."""
        return list(self._entries.values())

    @property
    def is_server_lost(self) -> bool:
        """Whether the API server has left, so that there is no use in more requests."""
        return bool(self._undone)

    @property
    def failed(self) -> set[str]:
        """The namespaces with a failure."""
        return {failure["namespace"] for failure in self._failures} | set(self._undone)

    @property
    def failures(self) -> list[dict[str, str]]:
        """Items of RV(failures); the loss of the API server is one, however many namespaces it left undone."""
        return [*self._failures, *([_lost(self._undone)] if self._undone else [])]

    def without_failures(self, namespaces: t.Mapping[str, Value]) -> dict[str, Value]:
        """Those of the namespaces in which all went well."""
        failed = self.failed
        return {name: value for name, value in namespaces.items() if name not in failed}

    def add(self, done: Done) -> None:
        """Take down how far the work in a namespace went."""
        for change in done.changes:
            self._add_change(done.namespace, change)
        if done.error and done.is_server_lost:
            self._undone[done.namespace] = done.error
        elif done.error:
            self.fail(done.namespace, done.error)

    def _add_change(self, namespace: str, change: ObjectChange) -> None:
        entry = self._entries.setdefault(namespace, _entry(namespace))
        entry["changed"] = self.changed = True
        entry["actions"].append({"action": change.action, "kind": change.kind, "name": change.name})
        self.diff.append(change.diff)

    def fail(self, namespace: str, error: ProvisioningError) -> None:
        """Take down a failure; one of no namespace if that is empty."""
        self._failures.append(_failure(namespace, error))

    def summary(self) -> str:
        """Every failure as one text; empty where there is none."""
        return "; ".join(
            str(ProvisioningError.from_failure({**failure, "registry": failure["namespace"]}))
            for failure in self.failures
        )


def _entry(name: str) -> dict[str, t.Any]:
    return {"name": name, "changed": False, "actions": []}


def _failure(namespace: str, error: ProvisioningError) -> dict[str, str]:
    failure = {"namespace": namespace, **error.as_failure()}
    del failure["registry"]
    return failure


def _lost(undone: t.Mapping[str, ProvisioningError]) -> dict[str, str]:
    names, error = list(undone), next(iter(undone.values()))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    message = f"{error.message}; not done: {', '.join(names[:_SHOWN])}{more}"
    return _failure("", ProvisioningError(message, reason=error.reason, part=error.part, remedy=error.remedy))


__all__ = ("Report",)
