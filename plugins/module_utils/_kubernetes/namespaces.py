# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces whose pods can pull, and their users. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes import namespace_plans
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.access import Permission, check_permissions
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.connection import Connection
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.converge import ObjectPlan
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.kubeconfig_files import Files, Provided
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_look import Query, list_all, look
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_plans import Found
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_removal import (
    WORKLOADS,
    still_used,
    wait_until_gone,
    workloads_by_namespace,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_report import Report
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_selection import (
    Selection,
    Wanted,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_work import (
    Work,
    carry_out,
    needed_permissions,
    pending,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_restarts import pods_to_restart
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_secret import DEFAULT_ACCOUNT
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    NAMESPACES,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
    Object,
    is_ours,
    is_terminating,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.users import (
    Users,
    stale_accounts,
    stale_bindings,
    wanted_objects,
    without_access,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.verification import (
    Puller,
    Verification,
    Verified,
    verify_pulls,
)
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome

_WAIT = Permission("watch", NAMESPACES)
"""The right to wait for namespaces that go."""


def provision_namespaces(params: dict[str, t.Any], settings: Settings) -> Outcome:
    """Carry out the options of module `kubernetes_namespaces`.

    :raises ProvisioningError: an option is wrong, or the cluster cannot be used; nothing was changed.
    """
    if params["wait_timeout"] < 0:
        raise ProvisioningError("must be 0 seconds or more", part="wait_timeout", remedy="Leave it out for 120")
    selection = Selection.from_options(params)
    verification = Verification.from_options(params)
    is_present = params["state"] == "present"
    users = Users.from_options(params, _user_items(params["namespaces"], is_present=is_present))
    cluster = Cluster(Connection.from_options(params), dry_run=settings.check_mode)
    found = look(cluster, selection.pull_secret, params["state"], with_bindings=users.is_asked)
    run = _Run(cluster, selection, users, found, params, settings)
    return run.present(verification) if is_present else run.absent()


def _user_items(items: t.Iterable[dict[str, t.Any]], *, is_present: bool) -> list[dict[str, t.Any]]:
    """What goes leaves no user."""
    return [item if is_present else {**item, "users": []} for item in items]


@dataclasses.dataclass(frozen=True)
class _Run:
    cluster: Cluster
    selection: Selection
    users: Users
    found: Found
    params: t.Mapping[str, t.Any]
    settings: Settings

    def present(self, verification: Verification) -> Outcome:
        """Namespaces, secrets, service accounts and users as they are wanted, and proof of it."""
        wanted, report = self._wanted_and_report()
        leaving = [item for item in self._listed_objects() if is_terminating(item)]
        found = self.found.without({item["metadata"]["name"] for item in leaving})
        works = pending(self._present_works(wanted, found), found)
        files = self._files(self.users, found)
        pullers = {item.name: _puller(item, self.selection) for item in wanted}
        further = [*files.permissions(), *verification.permissions(pullers), *([_WAIT] if leaving else [])]
        check_permissions(self.cluster, [*needed_permissions(works, found), *further])
        blocked = {item["metadata"]["name"] for item in leaving}
        self._carry_out([work for work in works if work.namespace not in blocked], found, report)
        stuck = self._wait_until_gone(leaving, report)
        self._carry_out([work for work in works if work.namespace in blocked - stuck], found, report)
        provided: list[Provided] = []
        verified = Verified()
        if not report.is_server_lost:
            former = without_access(self.users, self.found.bindings.values())
            provided = [files.provide(), files.withdraw(former)]
            verified = verify_pulls(self.cluster, report.without_failures(pullers), verification)
        for namespace, error in verified.failures:
            report.fail(namespace, error)
        restarts = pods_to_restart(wanted, found.pods, found.accounts, self.selection.pull_secret)
        return self._outcome(report, provided, restarts, list(verified.facts))

    def absent(self) -> Outcome:
        """Nothing of ours: our namespaces go, and from those of others what was put there."""
        wanted, report = self._wanted_and_report()
        ours = {item["metadata"]["name"]: item for item in self._listed_objects() if is_ours(item)}
        for name, workloads in self._workloads(name for name, item in ours.items() if not is_terminating(item)).items():
            report.fail(name, still_used(workloads))
            del ours[name]
        kept = report.failed
        users = dataclasses.replace(self.users, managed=self.users.managed - kept)
        others = [item for item in wanted if item.name in self.found.namespaces and item.name not in {*ours, *kept}]
        works = [
            Work(name, (namespace_plans.removal(name),)) for name, item in ours.items() if not is_terminating(item)
        ]
        works += [work for work in self._absent_works(others, users) if work.namespace not in ours]
        works = pending(works, self.found)
        check_permissions(self.cluster, [*needed_permissions(works, self.found), *([_WAIT] if ours else [])])
        self._carry_out(works, self.found, report)
        self._wait_until_gone([item for name, item in ours.items() if name not in report.failed], report)
        files = []
        if not report.is_server_lost:
            files = [self._files(users, self.found).withdraw(without_access(users, self.found.bindings.values()))]
        return self._outcome(report, files, [], [])

    def _wanted_and_report(self) -> tuple[list[Wanted], Report]:
        wanted = self.selection.resolve(self.found.namespaces.values())
        return wanted, Report(item.name for item in wanted)

    def _listed_objects(self) -> list[Object]:
        """The namespaces of the list that are there."""
        there = self.found.namespaces
        return [there[item.name] for item in self.selection.listed if item.name in there]

    def _present_works(self, wanted: t.Iterable[Wanted], found: Found) -> list[Work]:
        name, secrets = self.selection.pull_secret, found.secrets
        there = found.accounts_by_namespace()
        plans = {
            item.name: namespace_plans.present(item, name, secrets.get(item.name), there.get(item.name, ()))
            for item in wanted
        }
        accounts, bindings = list(found.accounts.values()), list(found.bindings.values())
        for item in wanted_objects(self.users, accounts):
            resource = SERVICE_ACCOUNTS if item["kind"] == SERVICE_ACCOUNTS.kind else ROLE_BINDINGS
            plans.setdefault(item["metadata"]["namespace"], []).append(namespace_plans.exactly(resource, item))
        for plan in _stale(self.users, bindings, accounts):
            plans.setdefault(plan.namespace, []).append(plan)
        return [Work(name, tuple(items), is_new=name not in found.namespaces) for name, items in plans.items()]

    def _absent_works(self, wanted: t.Iterable[Wanted], users: Users) -> list[Work]:
        selection, secrets, there = self.selection, self.found.secrets, self.found.accounts_by_namespace()
        plans = {
            item.name: namespace_plans.absent(
                item, selection.pull_secret, secrets.get(item.name), there.get(item.name, ()), selection.endpoints
            )
            for item in wanted
        }
        for plan in _stale(users, list(self.found.bindings.values()), list(self.found.accounts.values())):
            plans.setdefault(plan.namespace, []).append(plan)
        return [Work(namespace, tuple(items)) for namespace, items in plans.items()]

    def _workloads(self, names: t.Iterable[str]) -> dict[str, list[str]]:
        """What there is in namespaces that are to be deleted, where that matters."""
        going = list(names)
        if not going or self.params["delete_workloads"]:
            return {}
        queries = [Query(resource, fields=fields) for resource, fields in WORKLOADS.items()]
        found = workloads_by_namespace(zip(WORKLOADS, list_all(self.cluster, queries)))
        return {name: found[name] for name in going if name in found}

    def _carry_out(self, works: t.Iterable[Work], found: Found, report: Report) -> None:
        for done in carry_out(self.cluster, works, found):
            report.add(done)

    def _wait_until_gone(self, namespaces: t.Collection[Object], report: Report) -> set[str]:
        """Wait for namespaces to be deleted, unless nothing is to happen. Returns the names of those that are still there."""
        if self.cluster.dry_run or report.is_server_lost:
            return set()
        try:
            stuck = wait_until_gone(self.cluster, namespaces, self.params["wait_timeout"])
        except ProvisioningError as lost:
            stuck = dict.fromkeys((item["metadata"]["name"] for item in namespaces), lost)
        for name, error in stuck.items():
            report.fail(name, error)
        return set(stuck)

    def _files(self, users: Users, found: Found) -> Files:
        return Files(self.cluster, users, list(found.accounts.values()), self.params["timeout"], self.settings)

    def _outcome(
        self,
        report: Report,
        files: t.Sequence[Provided],
        restarts: list[dict[str, str]],
        verification: list[dict[str, t.Any]],
    ) -> Outcome:
        for error in (error for part in files for error in part.failures):
            report.fail("", error)
        is_reported = self.params["on_failure"] == "report"
        return Outcome(
            changed=report.changed or any(part.changed for part in files),
            facts={
                "namespaces": report.entries,
                "restart_needed": restarts,
                "users": [fact for part in files for fact in part.facts],
                "verification": verification,
                "failures": report.failures,
                "requests": self.cluster.requests,
                **({"msg": report.summary()} if is_reported else {}),
            },
            diff=[*report.diff, *(diff for part in files for diff in part.diff)],
            warnings=[warning for part in files for warning in part.warnings],
            failed="" if is_reported else report.summary(),
        )


def _stale(users: Users, bindings: t.Sequence[Object], accounts: t.Sequence[Object]) -> list[ObjectPlan]:
    """What gives access to users who shall have none."""
    if not users.is_asked:
        return []
    return [
        *(namespace_plans.gone(ROLE_BINDINGS, item) for item in stale_bindings(users, bindings)),
        *(namespace_plans.gone(SERVICE_ACCOUNTS, item) for item in stale_accounts(users, bindings, accounts)),
    ]


def _puller(wanted: Wanted, selection: Selection) -> Puller:
    """As whom a pod of a namespace proves that it can pull: as those that name nobody, if these are to be able to."""
    if not wanted.records or not wanted.accounts:
        return Puller()
    account = DEFAULT_ACCOUNT if DEFAULT_ACCOUNT in wanted.accounts else wanted.accounts[0]
    return Puller(account, (selection.pull_secret,))


__all__ = ("provision_namespaces",)
