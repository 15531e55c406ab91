# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The device's Kubernetes, as far as a kubeconfig can tell: who there is, and who may use which namespace.

Answers a few requests of the Kubernetes API, with client certificates as on the device: SelfSubjectAccessReview
(authorization.k8s.io/v1), the device's pull secret in a namespace and a change of it, and pods, which run where their image is `runs`.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import http.server
import json
import pathlib
import ssl
import threading
import time
import typing as t

from ansible_collections.edgeops.registry.tests.support.authority import Authority
from cryptography import x509
from cryptography.x509.oid import NameOID

API_HOST = "compute.device.edge.test"
SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "iotedge", "metallb-system")
PULL_SECRET = "ase-ecr-credentials"
VERSION = "1"
KUBECONFIG = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {ca}
    server: {server}
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: {user}
  name: {user}@kubernetes
current-context: {user}@kubernetes
kind: Config
preferences: {{}}
users:
- name: {user}
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
"""


@dataclasses.dataclass(frozen=True)
class User:
    """A user's kubeconfig, and the end of the certificate in it in seconds since the epoch."""

    kubeconfig: str
    ends: float


class Kubernetes:
    """State and API of one cluster, which keeps its certificates in a folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.forget()
        self._authority = Authority(folder, name="kubernetes")
        self._server = _Server(self)
        leaf = self._authority.issue(API_HOST, "127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.certificate, leaf.key)
        context.load_verify_locations(self._authority.path)
        context.verify_mode = ssl.CERT_OPTIONAL
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def forget(self) -> None:
        """Know of nobody."""
        self.namespaces = set(SYSTEM_NAMESPACES)
        self.users: dict[str, User] = {}
        self.grants: set[tuple[str, str]] = set()
        self.pull_secrets: dict[str, dict[str, t.Any]] = {}
        self.pods: dict[str, dict[str, t.Any]] = {}
        self.pods_made: list[dict[str, t.Any]] = []
        self.refusals = 0
        self.patch_status = 0

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def issue(self, user: str, days: float) -> str:
        """Give a user a certificate for so many days from now, and the kubeconfig that holds it."""
        certificate, key = (base64.b64encode(pem).decode() for pem in self._sign(user, days))
        kubeconfig = KUBECONFIG.format(ca=self._ca, server=self._url, user=user, certificate=certificate, key=key)
        self.users[user] = User(kubeconfig, time.time() + days * 86400)
        return kubeconfig

    def make_namespace(self, name: str, auths: dict[str, dict[str, str]]) -> None:
        """Make a namespace with its pull secret, for logins by endpoint."""
        content = base64.b64encode(json.dumps({"auths": auths}).encode()).decode()
        self.pull_secrets[name] = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": PULL_SECRET, "namespace": name},
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": content},
        }
        self.namespaces.add(name)

    def grant(self, user: str, namespace: str) -> None:
        """Let a user into a namespace."""
        self.grants.add((user, namespace))

    def make_pod(self, pod: dict[str, t.Any]) -> dict[str, t.Any]:
        pod["metadata"]["name"] = f"{pod['metadata']['generateName']}{len(self.pods_made)}"
        self.pods_made.append(pod)
        self.pods[pod["metadata"]["name"]] = pod
        return pod

    def look_at_pod(self, name: str) -> dict[str, t.Any]:
        """The pod; its image is pulled between the first and the second look, or turns out not to be there."""
        pod = self.pods[name]
        looks = pod["looks"] = pod.get("looks", 0) + 1
        image = pod["spec"]["containers"][0]["image"]
        waiting = {"reason": "ContainerCreating"}
        if looks > 1 and not image.endswith("/runs:1"):
            waiting = {"reason": "ErrImagePull", "message": "manifest unknown"}
        state = {"running": {}} if looks > 1 and image.endswith("/runs:1") else {"waiting": waiting}
        return {**pod, "status": {"phase": "Pending", "containerStatuses": [{"state": state}]}}

    def remove_namespace(self, name: str) -> None:
        """Remove a namespace with all that is in it."""
        self.namespaces.remove(name)
        self.grants = {grant for grant in self.grants if grant[1] != name}

    def allows(self, user: str, namespace: str) -> bool:
        return namespace in self.namespaces and (user, namespace) in self.grants

    def review(self, user: str, namespace: str) -> bool:
        """As `allows`, after `refusals` reviews that know of no access yet."""
        self.refusals -= 1
        return self.refusals < 0 and self.allows(user, namespace)

    @property
    def _url(self) -> str:
        return f"https://{API_HOST}:{self.port}"

    @property
    def _ca(self) -> str:
        return base64.b64encode(self._authority.path.read_bytes()).decode()

    def _sign(self, user: str, days: float) -> tuple[bytes, bytes]:
        """Certificate and key of a user."""
        leaf = self._authority.issue(common_name=user, valid=(dt.timedelta(days=-1), dt.timedelta(days=days)))
        return leaf.certificate.read_bytes(), leaf.key.read_bytes()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, kubernetes: Kubernetes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kubernetes = kubernetes


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes
    server: _Server
    connection: ssl.SSLSocket

    def _user(self) -> str:
        der = self.connection.getpeercert(binary_form=True)
        if der is None:
            return ""
        return str(x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        parts = self.path.split("/")
        if parts[5:] == ["pods"] and self.server.kubernetes.allows(self._user(), parts[4]):
            return self._reply(201, self.server.kubernetes.make_pod(body))
        if self.path != "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
            return self._reply(404, {"kind": "Status", "code": 404})
        if not self._user():
            return self._reply(401, {"kind": "Status", "code": 401})
        namespace = body["spec"]["resourceAttributes"]["namespace"]
        return self._reply(201, {**body, "status": {"allowed": self.server.kubernetes.review(self._user(), namespace)}})

    def do_DELETE(self) -> None:
        self._reply(200, self.server.kubernetes.pods.pop(self.path.split("/")[6]))

    def do_GET(self) -> None:
        parts = self.path.split("/")
        if parts[5:6] == ["pods"]:
            return self._reply(200, self.server.kubernetes.look_at_pod(parts[6]))
        if parts[:4] != ["", "api", "v1", "namespaces"] or parts[5:6] != ["secrets"]:
            return self._reply(404, {"kind": "Status", "code": 404})
        if not self.server.kubernetes.allows(self._user(), parts[4]):
            return self._reply(403, {"kind": "Status", "code": 403})
        if parts[6] != PULL_SECRET:
            return self._reply(404, {"kind": "Status", "code": 404})
        secret = self.server.kubernetes.pull_secrets[parts[4]]
        return self._reply(200, {**secret, "metadata": {**secret["metadata"], "resourceVersion": VERSION}})

    def do_PATCH(self) -> None:
        change = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        secret = self.server.kubernetes.pull_secrets[self.path.split("/")[4]]
        refused = self.server.kubernetes.patch_status
        if refused:
            return self._reply(refused, {"kind": "Status", "code": refused})
        if self.headers["Content-Type"] != "application/merge-patch+json":
            return self._reply(415, {"kind": "Status", "code": 415})
        if change["metadata"]["resourceVersion"] != VERSION:
            return self._reply(409, {"kind": "Status", "code": 409})
        secret["data"].update(change["data"])
        return self._reply(200, secret)

    def _reply(self, status: int, content: dict[str, t.Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""
