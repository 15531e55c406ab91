# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes API server, as one identity. This module util is private to the collection."""

from __future__ import annotations

import concurrent.futures
import json
import threading
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.answers import ApiError, refusal
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.connection import (
    Connection,
    NoAnswerError,
    Opened,
    Request,
    Response,
    open_connection,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import Object, Resource

FIELD_MANAGER = "edgeops.registry"
_PASSING = (429, 502, 503, 504)
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"

Objects = list[Object]
Item = t.TypeVar("Item")
Result = t.TypeVar("Result")


class Cluster:
    """A Kubernetes API server (`https://kubernetes.io/docs/reference/using-api/api-concepts/`).

    Every method raises `ApiError` where the API refuses, and `ProvisioningError` where it cannot be reached. An answer
    that says "later" (429, 503) and a lost connection are tried again until the connection's time-out has passed.

    :param dry_run: have the server check every change without making it.
    :ivar requests: how many were made.
    """

    def __init__(self, connection: Connection, *, dry_run: bool = False) -> None:
        self.dry_run = dry_run
        self.requests = 0
        self._connection = connection
        self._opened: Opened = open_connection(connection)
        self._lock = threading.Lock()

    @property
    def server(self) -> str:
        """URL of the API server."""
        return self._opened.server

    @property
    def certificate_authority(self) -> str:
        """The CA certificates in PEM that vouch for the API server; empty where it is the system's."""
        return self._opened.certificate_authority

    def get(self, resource: Resource, name: str, namespace: str = "") -> Object | None:
        """An object; None where there is none."""
        try:
            return self._json(Request("GET", resource.path(namespace, name)))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = "") -> Objects:
        """The objects of a namespace, or of all, in one request.

        :param labels: a label selector.
        :param fields: a field selector.
        """
        return self._list(resource, namespace, _selectors(labels, fields))[0]

    def create(self, resource: Resource, body: Object, namespace: str = "", subresource: str = "") -> Object:
        """Make an object, or a part of the object that `body` names."""
        name = body["metadata"]["name"] if subresource else ""
        path = resource.path(namespace, name, subresource)
        return self._json(Request("POST", path, self._writing(), body))

    def apply(self, resource: Resource, body: Object, namespace: str = "") -> Object:
        """Make an object have these fields, by server-side apply; those that another program manages are taken over."""
        query = {**self._writing(), "force": "true"}
        return self._json(Request("PATCH", resource.path(namespace, body["metadata"]["name"]), query, body, _APPLY))

    def merge(self, resource: Resource, name: str, changes: Object, namespace: str = "") -> Object:
        """Change some fields of an object (RFC 7396); with `metadata.resourceVersion`, only if it is still the one that was read."""
        return self._json(Request("PATCH", resource.path(namespace, name), self._writing(), changes, _MERGE))

    def replace(self, resource: Resource, body: Object, namespace: str = "", subresource: str = "") -> Object:
        """Put an object that was read, and then changed, back."""
        path = resource.path(namespace, body["metadata"]["name"], subresource)
        return self._json(Request("PUT", path, self._writing(), body))

    def delete(self, resource: Resource, name: str, namespace: str = "", *, uid: str = "") -> bool:
        """Remove an object, and what depends on it.

        :param uid: only if it is still this one.
        :return: whether there was one.
        """
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        if self.dry_run:
            options["dryRun"] = ["All"]  # beside a body the query would be ignored
        try:
            self._json(Request("DELETE", resource.path(namespace, name), {}, options))
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def log(self, pod: str, namespace: str, *, lines: int = 20, **query: str) -> str:
        """The last lines that a pod printed."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        return self._send(Request("GET", path, {"tailLines": str(lines), **query})).decode("utf-8", "replace")

    def follow(
        self, resource: Resource, namespace: str = "", *, seconds: float, labels: str = "", fields: str = ""
    ) -> t.Iterator[dict[str, Object]]:
        """The objects by name: first as they are, then anew after every change, until the time is over.

        A watch that ends early is begun again: at longer and longer intervals where it never lasts, as behind some proxies.
        """
        deadline = time.monotonic() + seconds
        query = _selectors(labels, fields)
        pause = _FIRST_PAUSE_SECONDS
        while True:
            found, version = self._list(resource, namespace, query)
            objects = {item["metadata"]["name"]: item for item in found}
            yield dict(objects)
            start = time.monotonic()
            if start >= deadline:
                return
            for kind, changed in self._watch(resource, namespace, {**query, "resourceVersion": version}, deadline):
                if kind == "ERROR":
                    break  # the version is too old to go on from: look at all again
                name = changed["metadata"]["name"]
                objects.update({name: changed}) if kind != "DELETED" else objects.pop(name, None)
                yield dict(objects)
            now = time.monotonic()
            if now >= deadline:
                return
            pause = _FIRST_PAUSE_SECONDS if now - start > pause else min(2 * pause, _LONGEST_PAUSE_SECONDS)
            time.sleep(min(pause, deadline - now))

    def each(self, act: t.Callable[[Item], Result], items: t.Iterable[Item]) -> t.Sequence[Result | ProvisioningError]:
        """Do something for each item, some side by side: the results in order, and the error for an item that failed."""

        def attempt(item: Item) -> Result | ProvisioningError:
            try:
                return act(item)
            except ProvisioningError as error:
                return error

        with concurrent.futures.ThreadPoolExecutor(self._connection.concurrency) as pool:
            return list(pool.map(attempt, items))

    def all(self, act: t.Callable[[Item], Result], items: t.Iterable[Item]) -> t.Sequence[Result]:
        """Do something for each item, some side by side: the results in order.

        :raises ProvisioningError: one failed; the API's refusal of a right comes first.
        """
        results = self.each(act, items)
        failures = [result for result in results if isinstance(result, ProvisioningError)]
        if failures:
            raise min(failures, key=lambda error: not (isinstance(error, ApiError) and error.status == 403))
        return [result for result in results if not isinstance(result, ProvisioningError)]

    def _writing(self) -> dict[str, str]:
        dry_run = {"dryRun": "All"} if self.dry_run else {}
        return {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", **dry_run}

    def _list(self, resource: Resource, namespace: str, query: dict[str, str]) -> tuple[Objects, str]:
        answer = self._json(Request("GET", resource.path(namespace), query))
        return answer.get("items") or [], answer["metadata"].get("resourceVersion", "")

    def _watch(
        self, resource: Resource, namespace: str, query: dict[str, str], deadline: float
    ) -> t.Iterator[tuple[str, Object]]:
        """Events until the deadline, or until the server ends them."""
        seconds = max(1, round(deadline - time.monotonic()))
        request = Request("GET", resource.path(namespace), {**query, "watch": "1", "timeoutSeconds": str(seconds)})
        for line in self._opened.lines(self._answer(request, stream=True)):
            event = json.loads(line)
            yield event["type"], event["object"]

    def _json(self, request: Request) -> Object:
        body = self._send(request)
        try:
            answer: Object = json.loads(body)
        except ValueError as error:
            raise ProvisioningError(
                "what answers is no Kubernetes API",
                reason="invalid",
                part=self.server,
                remedy="Look at the server's address in the kubeconfig",
            ) from error
        return answer

    def _send(self, request: Request) -> bytes:
        return self._answer(request, stream=False).data

    def _answer(self, request: Request, *, stream: bool) -> Response:
        """The first answer that is not "later": a success."""
        deadline = time.monotonic() + self._connection.timeout
        pause = _FIRST_PAUSE_SECONDS
        while True:
            with self._lock:
                self.requests += 1
            try:
                answer = self._opened.send(request, timeout=self._connection.timeout, stream=stream)
            except NoAnswerError as error:
                failure: ProvisioningError = error
                wait = pause
            else:
                if 200 <= answer.status < 300:
                    return answer
                failure = refusal(answer.status, answer.data, request.subject)
                if answer.status not in _PASSING:
                    raise failure
                wait = max(pause, _seconds(answer.headers.get("Retry-After")))
            if failure.reason == "untrusted" or time.monotonic() + wait > deadline:
                raise failure
            time.sleep(wait)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _selectors(labels: str, fields: str) -> dict[str, str]:
    given = {"labelSelector": labels, "fieldSelector": fields}
    return {key: value for key, value in given.items() if value}


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdigit() else 0.0


__all__ = ("FIELD_MANAGER", "Cluster")
