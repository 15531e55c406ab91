# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody in a cluster who may do little."""

from __future__ import annotations

import json
import typing as t

import yaml

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.tests.support.kubernetes_cluster import Cluster

GROUP = "rbac.authorization.k8s.io"
API = f"{GROUP}/v1"


def rule(resources: str, *verbs: str, group: str = "", **more: t.Any) -> dict[str, t.Any]:
    """A rule of a role.

    :param resources: with spaces between them.
    """
    return {"apiGroups": [group], "resources": resources.split(), "verbs": list(verbs), **more}


class LimitedUser:
    """A service account.

    :param namespace: where it is.
    """

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = f"{namespace}-limited"

    def kubeconfig(self, *rules: dict[str, t.Any], within: t.Sequence[dict[str, t.Any]] = ()) -> str:
        """The content of its kubeconfig.

        :param rules: that hold in the whole cluster.
        :param within: rules that hold in its own namespace only.
        """
        subject = {"kind": "ServiceAccount", "name": "ops", "namespace": self._namespace}
        whole, own = {"name": self._name}, {"name": self._name, "namespace": self._namespace}
        account = {"name": "ops", "namespace": self._namespace}
        self._cluster.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account},
            {"apiVersion": API, "kind": "ClusterRole", "metadata": whole, "rules": list(rules)},
            self._binding("ClusterRole", whole, subject),
            {"apiVersion": API, "kind": "Role", "metadata": own, "rules": list(within)},
            self._binding("Role", own, subject),
        )
        config = yaml.safe_load(self._cluster.kubeconfig.read_text())
        token = self._cluster.kubectl("create", "token", "ops", f"--namespace={self._namespace}")
        users = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
        return json.dumps({**config, "users": users})

    def remove(self) -> None:
        """Take its rights in the cluster away; the rest goes with its namespace."""
        self._cluster.kubectl("delete", "clusterrole,clusterrolebinding", self._name, "--ignore-not-found")

    def _binding(self, kind: str, metadata: dict[str, str], subject: dict[str, str]) -> dict[str, t.Any]:
        role = {"apiGroup": GROUP, "kind": kind, "name": self._name}
        about = {"apiVersion": API, "kind": f"{kind}Binding", "metadata": metadata}
        return {**about, "roleRef": role, "subjects": [subject]}
