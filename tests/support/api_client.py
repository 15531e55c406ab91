# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's client of an API server, for one that a small HTTP server plays."""

from __future__ import annotations

from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.connection import Connection

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: edge
contexts: [{{name: edge, context: {{cluster: edge, user: ops}}}}]
clusters: [{{name: edge, cluster: {{server: "{server}"}}}}]
users: [{{name: ops, user: {{token: t0ken}}}}]
"""


def connect(server: str, *, concurrency: int = 4, timeout: float = 5.0, dry_run: bool = False) -> Cluster:
    """A client of a server.

    :param server: its URL.
    :param timeout: in seconds.
    """
    content = KUBECONFIG.format(server=server)
    connection = Connection(kubeconfig="", content=content, context="", concurrency=concurrency, timeout=timeout)
    return Cluster(connection, dry_run=dry_run)
