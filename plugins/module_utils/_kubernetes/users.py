# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use which namespaces. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    MANAGED_BY,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
    Object,
)

USER_OPTIONS: ArgumentSpec = {
    "user_authentication": {"type": "str", "choices": ["certificate", "token"], "default": "certificate"},
    "user_days": {"type": "int", "default": 365},
    "renew_before": {"type": "int", "default": 30},
    "kubeconfig_directory": {"type": "path"},
    "kubeconfig_server": {"type": "str"},
}
"""How users get in; documented by the fragment `edgeops.registry.kubernetes_users`."""

NAMESPACE_USER_OPTIONS: ArgumentSpec = {
    "users": {"type": "list", "elements": "str"},
    "role": {"type": "str", "default": "edit"},
}
"""Who may use one namespace; documented where the namespaces are."""

USER_LABELS = {**MANAGED_BY, "app.kubernetes.io/component": "user"}
"""The labels of what gives a user access."""

_USER = re.compile(r"[a-z0-9]([a-z0-9@._-]{0,61}[a-z0-9])?")
_ACCOUNT = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_GROUP = "rbac.authorization.k8s.io"


@dataclasses.dataclass(frozen=True)
class Grant:
    """A user's access to a namespace.

    :param role: name of a ClusterRole, whose rights the user gets in this namespace only.
    """

    user: str
    namespace: str
    role: str


@dataclasses.dataclass(frozen=True)
class Users:
    """The users of a list of namespaces.

    :param grants: in the order of the list.
    :param managed: the namespaces whose users are told: nobody else keeps access that was given here.
    :param by_token: whether they are service accounts, in place of names in certificates.
    :param days: how long a certificate or token is to be valid.
    :param renew_before: days before its end from which it is renewed.
    :param directory: absolute path, where each gets the file `<user>.kubeconfig`; empty: nowhere.
    :param server: URL under which they reach the API; empty: as this run does.
    """

    grants: tuple[Grant, ...]
    managed: frozenset[str]
    by_token: bool
    days: int
    renew_before: int
    directory: str
    server: str

    @classmethod
    def from_options(cls, params: t.Mapping[str, t.Any], namespaces: t.Iterable[t.Mapping[str, t.Any]]) -> Users:
        """From `USER_OPTIONS` and items with a name and `NAMESPACE_USER_OPTIONS`.

        :raises ProvisioningError: one is wrong.
        """
        told = [item for item in namespaces if item.get("users") is not None]
        by_token = params["user_authentication"] == "token"
        grants = [Grant(user, item["name"], item["role"]) for item in told for user in item["users"]]
        for grant in grants:
            _check_name(grant.user, _ACCOUNT if by_token else _USER)
        for name, least in (("user_days", 1), ("renew_before", 0)):
            if params[name] < least:
                raise ProvisioningError(f"must be {least} or more", part=name)
        return cls(
            grants=tuple(dict.fromkeys(grants)),
            managed=frozenset(item["name"] for item in told),
            by_token=by_token,
            days=params["user_days"],
            renew_before=params["renew_before"],
            directory=os.path.abspath(params["kubeconfig_directory"]) if params["kubeconfig_directory"] else "",
            server=params["kubeconfig_server"] or "",
        )

    @property
    def is_asked(self) -> bool:
        """Whether anything about users is to be looked at."""
        return bool(self.managed)

    @property
    def names(self) -> list[str]:
        """Each user once."""
        return list(dict.fromkeys(grant.user for grant in self.grants))

    def namespaces_of(self, user: str) -> list[str]:
        """The namespaces that a user may use, the first one's where his service account is made."""
        return list(dict.fromkeys(grant.namespace for grant in self.grants if grant.user == user))

    def home_of(self, user: str, accounts: t.Iterable[Object]) -> str:
        """The namespace of a user's service account: where it is already, or the first that he may use.

        :param accounts: the service accounts of the cluster.
        """
        homes = sorted(
            item["metadata"]["namespace"] for item in accounts if is_of_user(item) and item["metadata"]["name"] == user
        )
        return homes[0] if homes else self.namespaces_of(user)[0]


def wanted_objects(users: Users, accounts: t.Sequence[Object]) -> list[Object]:
    """The service accounts of users who get tokens, and the RoleBindings of all grants.

    :param accounts: the service accounts of the cluster.
    :raises ProvisioningError: a service account of that name belongs to another.
    """
    homes = {user: users.home_of(user, accounts) for user in users.names} if users.by_token else {}
    foreign = {_place(item) for item in accounts if not is_of_user(item)}
    for user, home in homes.items():
        if (home, user) in foreign:
            raise ProvisioningError(
                f"the service account {home}/{user} is there and not of a user",
                reason="conflict",
                part=f"user {user}",
                remedy="Take another name for the user",
            )
    made = [SERVICE_ACCOUNTS.new(user, home, labels=USER_LABELS) for user, home in homes.items()]
    return made + [_binding(grant, homes.get(grant.user, "")) for grant in users.grants]


def stale_bindings(users: Users, bindings: t.Iterable[Object]) -> list[Object]:
    """The RoleBindings of users in the managed namespaces that are not wanted any more.

    :param bindings: the RoleBindings of the cluster.
    """
    wanted = {(grant.namespace, _binding_name(grant)) for grant in users.grants}
    return [
        item
        for item in bindings
        if is_of_user(item) and item["metadata"]["namespace"] in users.managed and _place(item) not in wanted
    ]


def stale_accounts(users: Users, bindings: t.Iterable[Object], accounts: t.Sequence[Object]) -> list[Object]:
    """The service accounts of users that no RoleBinding names any more."""
    staying = [item for item in bindings if is_of_user(item) and _place(item)[0] not in users.managed]
    named = {
        (subject.get("namespace"), subject["name"])
        for item in (*staying, *wanted_objects(users, accounts))
        for subject in item.get("subjects") or ()
    }
    return [item for item in accounts if is_of_user(item) and _place(item) not in named]


def without_access(users: Users, bindings: t.Iterable[Object]) -> list[str]:
    """The users who lose all access that was given here."""
    staying = [item for item in bindings if is_of_user(item) and _place(item)[0] not in users.managed]
    return sorted(_subjects(stale_bindings(users, bindings)) - _subjects(staying) - set(users.names))


def is_of_user(found: Object) -> bool:
    """Whether an object is what gives a user access."""
    labels = found["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in USER_LABELS.items())


def _binding(grant: Grant, home: str) -> Object:
    subject = {"kind": "User", "apiGroup": _GROUP, "name": grant.user}
    if home:
        subject = {"kind": SERVICE_ACCOUNTS.kind, "namespace": home, "name": grant.user}
    return ROLE_BINDINGS.new(
        _binding_name(grant),
        grant.namespace,
        labels=USER_LABELS,
        roleRef={"apiGroup": _GROUP, "kind": "ClusterRole", "name": grant.role},
        subjects=[subject],
    )


def _binding_name(grant: Grant) -> str:
    """It tells the role, since that of a RoleBinding cannot be changed. No user has a colon in his name."""
    return f"edgeops:{grant.user}:{grant.role}"


def _subjects(bindings: t.Iterable[Object]) -> set[str]:
    return {subject["name"] for item in bindings for subject in item.get("subjects") or ()}


def _place(found: Object) -> tuple[str, str]:
    return found["metadata"]["namespace"], found["metadata"]["name"]


def _check_name(name: str, allowed: re.Pattern[str]) -> None:
    if not allowed.fullmatch(name) or name == "default":
        raise ProvisioningError(
            "must be 1 to 63 of a-z, 0-9 and -, with certificates also ., @ and _, and not default",
            part="users",
            remedy="Take a simple name, for example shop-admin",
        )


__all__ = (
    "NAMESPACE_USER_OPTIONS",
    "USER_LABELS",
    "USER_OPTIONS",
    "Grant",
    "Users",
    "is_of_user",
    "stale_accounts",
    "stale_bindings",
    "wanted_objects",
    "without_access",
)
