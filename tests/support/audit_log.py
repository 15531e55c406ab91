# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server of a node was asked for, out of its audit log."""

from __future__ import annotations

import contextlib
import itertools
import json
import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.tests.support.kubernetes_node import Node

LOG = "/var/log/kubernetes-audit.log"
MARK = "/version?mark="
READ = f"""
kubectl get --raw "{MARK}$1" >/dev/null
until grep --quiet --fixed-strings "{MARK}$1\\"" {LOG}; do sleep 0.05; done
tail --bytes=+$(($2 + 1)) {LOG}
"""


class ApiRequest(t.NamedTuple):
    """One request: `resource` has a subresource behind a slash, and is the path where there is none."""

    verb: str
    resource: str
    namespace: str
    name: str
    user: str
    agent: str
    status: int


class AuditLog:
    """The requests of everybody but the cluster's own programs."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._marks = itertools.count()

    @contextlib.contextmanager
    def recording(self, *, agent: str = "") -> t.Iterator[list[ApiRequest]]:
        """A list of the requests that are made in the context, in order; it is filled when the context ends.

        :param agent: how the user agent starts.
        """
        start = int(self._node.shell(f"stat --format=%s {LOG}"))
        requests: list[ApiRequest] = []
        yield requests
        requests += [request for request in self._since(start) if request.agent.startswith(agent)]

    def _since(self, start: int) -> list[ApiRequest]:
        done = self._node.run("sh", "-euc", READ, "sh", f"{start}-{next(self._marks)}", str(start))
        assert done.returncode == 0, done.stderr
        events = {event["auditID"]: event for event in map(json.loads, done.stdout.splitlines())}
        return [_request(event) for event in events.values() if not event["requestURI"].startswith(MARK)]


def _request(event: dict[str, t.Any]) -> ApiRequest:
    target = event.get("objectRef", {})
    resource = "/".join(target[key] for key in ("resource", "subresource") if key in target)
    return ApiRequest(
        verb=event["verb"],
        resource=resource or event["requestURI"],
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        user=event["user"].get("username", ""),
        agent=event.get("userAgent", ""),
        status=event.get("responseStatus", {}).get("code", 0),
    )
