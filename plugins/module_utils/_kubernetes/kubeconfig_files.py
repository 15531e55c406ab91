# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubeconfig files of a cluster's users. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import (
    Diff,
    FileChange,
    FilePlan,
    show_nothing,
)
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._files import read_file
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.access import Permission
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.certificates import (
    SIGNING_PERMISSIONS,
    check_requirements,
    issue_certificate,
    issue_token,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.kubeconfig import (
    Credential,
    Kubeconfig,
    is_of_another,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import SERVICE_ACCOUNTS, Object
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.users import Users

_DAY = dt.timedelta(days=1)
_UNKNOWN = b"(to be issued)\n"


@dataclasses.dataclass(frozen=True)
class Provided:
    """What became of the files.

    :param facts: an item of RV(users) for each user.
    :param failures: what went wrong, each with the user in its part.
    """

    changed: bool = False
    facts: tuple[dict[str, t.Any], ...] = ()
    diff: tuple[Diff, ...] = ()
    warnings: tuple[str, ...] = ()
    failures: tuple[ProvisioningError, ...] = ()


@dataclasses.dataclass(frozen=True)
class Files:
    """The directory of kubeconfigs, one file for each user.

    :param accounts: the service accounts of the cluster, those of the users among them.
    :param timeout: seconds to wait for a signature.
    """

    cluster: Cluster
    users: Users
    accounts: t.Sequence[Object]
    timeout: float
    settings: Settings

    def permissions(self) -> list[Permission]:
        """The rights that it takes to provide them.

        :raises ProvisioningError: a package that it takes is missing.
        """
        if not self._names:
            return []
        check_requirements()
        due = [name for name in self._names if self._is_due(name)]
        if not self.users.by_token:
            return list(SIGNING_PERMISSIONS) if due else []
        return [
            Permission("create", SERVICE_ACCOUNTS, self.users.home_of(name, self.accounts), name, subresource="token")
            for name in due
        ]

    def provide(self) -> Provided:
        """Write those that are missing, of another cluster or identity, or near their end. The others cost no request."""
        return _sum_up(self.cluster.each(self._provide, self._names))

    def withdraw(self, names: t.Iterable[str]) -> Provided:
        """Remove those of users who have no access any more, where they are for this cluster."""
        if not self.users.directory:
            return Provided()
        plans = [self._plan(name, self._without(name)) for name in names]
        return _sum_up([_provided(change, {}, []) for change in converge(plans, self.settings)])

    @property
    def _names(self) -> list[str]:
        """The users who get one."""
        return self.users.names if self.users.directory else []

    def _is_due(self, name: str) -> bool:
        """Whether something is to be issued; what is wrong with the file is said when it is its turn."""
        try:
            current = self._current(name)
        except ProvisioningError:
            return False
        now = dt.datetime.now(dt.timezone.utc)
        return current is None or current.credential.is_due(now, self.users.renew_before)

    def _provide(self, name: str) -> Provided:
        now = dt.datetime.now(dt.timezone.utc)
        current = self._current(name)
        if current is not None and not current.credential.is_due(now, self.users.renew_before):
            plan = self._plan(name, lambda content: content)
            credential: Credential | None = current.credential
        else:
            credential = self._issue(name)
            plan = self._plan(name, self._with(name, credential))
        [change] = converge([plan], self.settings)
        return _provided(change, self._facts(name, credential, now), self._warnings(name, credential))

    def _current(self, name: str) -> Kubeconfig | None:
        """What the file holds, if it gets this user into this cluster."""
        content = self._read(name)
        if content and is_of_another(name, content):
            raise ProvisioningError(
                f"{self._path(name)} is there and was not made for this user",
                reason="conflict",
                part=f"user {name}",
                remedy="Move it away, or choose another kubeconfig_directory",
            )
        former = _parse(name, content)
        if former is None or (former.server, former.ca) != (self._server, self._ca):
            return None
        identity = self._account_uid(name) if self.users.by_token else name
        return former if former.credential.identity == identity else None

    def _read(self, name: str) -> bytes | None:
        path = self._path(name)
        try:
            found = read_file(path)
        except OSError as error:
            raise ProvisioningError(
                f"{path}: {error.strerror}", reason="io", part=f"user {name}", remedy="Run as the owner of the file"
            ) from error
        return found.content if found else None

    def _issue(self, name: str) -> Credential | None:
        seconds = round(self.users.days * _DAY.total_seconds())
        if self.users.by_token:
            return issue_token(self.cluster, self.users.home_of(name, self.accounts), name, seconds)
        return issue_certificate(self.cluster, name, seconds, self.timeout)

    def _with(self, name: str, credential: Credential | None) -> t.Callable[[bytes | None], bytes | None]:
        if credential is None:
            return lambda dummy: _UNKNOWN
        namespace = self.users.namespaces_of(name)[0]
        content = Kubeconfig(name, self._server, self._ca, credential, namespace).render().encode()
        return lambda dummy: content

    def _without(self, name: str) -> t.Callable[[bytes | None], bytes | None]:
        def render(content: bytes | None) -> bytes | None:
            former = None if is_of_another(name, content or b"") else _parse(name, content)
            return None if former and former.server == self._server else content

        return render

    def _plan(self, name: str, render: t.Callable[[bytes | None], bytes | None]) -> FilePlan:
        return FilePlan(
            self._path(name),
            render,
            name,
            mode=0o600,
            enforce_mode=True,
            directory_mode=0o700,
            redact=show_nothing,
        )

    def _path(self, name: str) -> str:
        return f"{self.users.directory}/{name}.kubeconfig"

    @property
    def _server(self) -> str:
        return self.users.server or self.cluster.server

    @property
    def _ca(self) -> bytes:
        return self.cluster.certificate_authority.encode()

    def _account_uid(self, name: str) -> str:
        home = self.users.home_of(name, self.accounts)
        places = {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in self.accounts}
        return str(places[home, name]["metadata"]["uid"]) if (home, name) in places else ""

    def _facts(self, name: str, credential: Credential | None, now: dt.datetime) -> dict[str, t.Any]:
        return {
            "name": name,
            "namespaces": self.users.namespaces_of(name),
            "path": self._path(name),
            "not_after": credential.not_after.strftime("%Y-%m-%dT%H:%M:%SZ") if credential else None,
            "days_left": credential.days_left(now) if credential else None,
        }

    def _warnings(self, name: str, credential: Credential | None) -> list[str]:
        """A cluster may grant less than it is asked for; the run must then come sooner."""
        if credential is None or credential.not_after - credential.not_before > 0.9 * self.users.days * _DAY:
            return []
        end = credential.not_after.strftime("%Y-%m-%d %H:%M UTC")
        return [f"The cluster lets user {name} in until {end} only, not for {self.users.days} days: run again before"]


def _parse(name: str, content: bytes | None) -> Kubeconfig | None:
    """What a file holds; None where it is no kubeconfig of ours."""
    try:
        return Kubeconfig.parse(name, (content or b"").decode("utf-8", "replace").splitlines())
    except ProvisioningError:
        return None


def _provided(change: FileChange, facts: dict[str, t.Any], warnings: list[str]) -> Provided:
    return Provided(
        changed=change.changed,
        facts=(facts,) if facts else (),
        diff=(change.diff,) if change.diff else (),
        warnings=tuple(warnings),
        failures=tuple(ProvisioningError.from_failure(failure) for failure in change.failures),
    )


def _sum_up(results: t.Iterable[Provided | ProvisioningError]) -> Provided:
    parts = [Provided(failures=(item,)) if isinstance(item, ProvisioningError) else item for item in results]
    return Provided(
        changed=any(part.changed for part in parts),
        facts=tuple(fact for part in parts for fact in part.facts),
        diff=tuple(diff for part in parts for diff in part.diff),
        warnings=tuple(warning for part in parts for warning in part.warnings),
        failures=tuple(failure for part in parts for failure in part.failures),
    )


__all__ = ("Files", "Provided")
