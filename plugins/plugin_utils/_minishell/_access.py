# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Kubernetes API lets a user of a device do. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import tempfile
import time
import typing as t
import urllib.parse

from ansible_collections.edgeops.registry.plugins.module_utils._ca_certificate import parse_ca_certificates
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import (
    Connection,
    Server,
    network_errors,
)
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.kubeconfig import Kubeconfig
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pods import (
    has_run,
    lacked_secrets,
    pull_pod,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell import _pull_secret

_BODY_LIMIT = 1 << 20
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_JSON = "application/json"
_MERGE_PATCH = "application/merge-patch+json"  # RFC 7396


class Access(contextlib.AbstractContextManager[t.Any]):
    """The API, asked as one user.

    :param address: where it is; empty: what the name in the kubeconfig resolves to.
    :param timeout: seconds for each wait on the network.
    """

    def __init__(self, kubeconfig: Kubeconfig, address: str, timeout: float) -> None:
        parts = urllib.parse.urlsplit(kubeconfig.server)
        self._endpoint = Endpoint.parse(f"{parts.hostname}:{parts.port or 443}")
        authorities = tuple(parse_ca_certificates(kubeconfig.ca.decode("latin-1")))
        server = Server(self._endpoint, "https", (address,) if address else (), authorities)
        self._user = kubeconfig.user
        self._connection = Connection(server, _context(server, kubeconfig), timeout)

    def __exit__(self, *unused: object) -> None:
        """Close the connection."""
        self._connection.close()

    def allows(self, namespace: str) -> bool:
        """Whether the user may make pods in a namespace.

        :raises ProvisioningError: the API does not answer.
        """
        attributes = {"namespace": namespace, "verb": "create", "resource": "pods"}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        status, answer = self._ask("POST", _REVIEWS, review)
        verdict = answer.get("status")
        if status != http.client.CREATED or not isinstance(verdict, dict):
            raise ProvisioningError(
                f"Kubernetes at {self._endpoint} answers HTTP {status} to user {self._user}",
                reason="unauthorized",
                remedy=f"Look whether the kubeconfig works: Get-HcsKubernetesUserConfig -UserName {self._user}",
            )
        return verdict.get("allowed") is True

    def pull_secret(self, namespace: str) -> dict[str, t.Any] | None:
        """The pull secret that the device makes in a namespace, None where there is none for this user."""
        status, secret = self._ask("GET", _path(namespace, "secrets", _pull_secret.NAME))
        return secret if status == http.client.OK else None

    def merge_pull_secret(self, namespace: str, change: t.Mapping[str, t.Any]) -> bool:
        """Change the pull secret of a namespace; whether this user may.

        :raises ProvisioningError: Kubernetes refuses for another reason.
        """
        status, dummy = self._ask("PATCH", _path(namespace, "secrets", _pull_secret.NAME), change, _MERGE_PATCH)
        if status not in (http.client.OK, http.client.FORBIDDEN):
            raise ProvisioningError(
                f"Kubernetes answers HTTP {status} to the registry's new password in secret {namespace}/{_pull_secret.NAME}",
                reason="conflict" if status == http.client.CONFLICT else "io",
                remedy="Run this again: it looks at the secret anew",
            )
        return status == http.client.OK

    def prove_pull(self, namespace: str, image: str, *, timeout: float, interval: float) -> None:
        """Have a pod pull an image with the device's pull secret, until it has run; the pod is removed whatever happens.

        :param timeout: seconds to wait for it.
        :param interval: seconds between two looks.
        :raises ProvisioningError: it did not get that far.
        """
        pods = _path(namespace, "pods")
        wanted = pull_pod(image, seconds=round(2 * timeout), secrets=[_pull_secret.NAME])
        status, answer = self._ask("POST", pods, wanted)
        if status != http.client.CREATED:
            raise ProvisioningError(
                f"Kubernetes answers HTTP {status} to a pod in {namespace}",
                reason="unauthorized",
                remedy="Look at quotas and policies of the namespace with kubectl",
            )
        name = answer["metadata"]["name"]
        deadline = time.monotonic() + timeout
        try:
            while not self._has_run(namespace, name, image):
                if time.monotonic() > deadline:
                    raise ProvisioningError(
                        f"a pod in {namespace} did not run {image} within {timeout:.0f} seconds",
                        reason="unreachable",
                        remedy="Look why with kubectl describe, for a pod of the same image",
                    )
                time.sleep(interval)
        finally:
            self._ask("DELETE", _path(namespace, "pods", name))

    def _has_run(self, namespace: str, name: str, image: str) -> bool:
        """Whether a pod has; not yet, where its node was refused because it did not have the pull secret in time."""
        try:
            return has_run(self._ask("GET", _path(namespace, "pods", name))[1], image)
        except ProvisioningError as error:
            if error.reason != "unauthorized":
                raise
            query = urllib.parse.urlencode({"fieldSelector": f"involvedObject.name={name}"})
            status, events = self._ask("GET", f"{_path(namespace, 'events')}?{query}")
            if status != http.client.OK or lacked_secrets(events["items"], [_pull_secret.NAME]) is False:
                raise
            return False

    def _ask(self, method: str, path: str, content: object = None, kind: str = _JSON) -> tuple[int, dict[str, t.Any]]:
        """HTTP status and the answer, which is empty where it is no JSON object."""
        body = None if content is None else json.dumps(content).encode()
        try:
            with network_errors(self._endpoint):
                self._connection.request(method, path, body, {"Content-Type": kind})
                response = self._connection.getresponse()
                return response.status, _document(response.read(_BODY_LIMIT))
        except ProvisioningError as error:
            raise ProvisioningError(
                f"Kubernetes does not tell who may use a namespace: {error.message}",
                reason=error.reason,
                remedy="Let the controller reach this port of the device, and set kubernetes_address where the address is another",
            ) from error


def _path(namespace: str, resources: str, name: str = "") -> str:
    return f"/api/v1/namespaces/{namespace}/{resources}" + f"/{name}" * bool(name)


def _document(body: bytes) -> dict[str, t.Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _context(server: Server, kubeconfig: Kubeconfig) -> ssl.SSLContext | None:
    """How the API's certificate is checked, and the user's certificate, which ssl takes from a file only."""
    context = server.tls_context()
    with tempfile.NamedTemporaryFile(prefix="edgeops-") as file:  # mode 0600
        file.write(kubeconfig.credential.certificate + b"\n" + kubeconfig.credential.key)
        file.flush()
        try:
            if context is not None:
                context.load_cert_chain(file.name)
        except ssl.SSLError as error:
            raise ProvisioningError(
                f"the kubeconfig of {kubeconfig.user} has a certificate or key that OpenSSL does not take",
                reason="unparsable",
                remedy=f"Look at it with: Get-HcsKubernetesUserConfig -UserName {kubeconfig.user}",
            ) from error
    return context


__all__ = ("Access",)
