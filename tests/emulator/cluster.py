# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The device's Kubernetes where it is a real one: namespaces, pull secrets, users and access are made in that cluster.

What rights a device gives is not public: here it is the ClusterRole admin in the namespace.
"""

from __future__ import annotations

import base64
import json
import secrets
import typing as t

from ansible_collections.edgeops.registry.tests.emulator.kubernetes import Kubernetes
from ansible_collections.edgeops.registry.tests.support.kubernetes_cluster import Cluster
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if t.TYPE_CHECKING:
    import pathlib

RBAC = "rbac.authorization.k8s.io"


class RealKubernetes(Kubernetes):
    """A cluster whose administrator has this kubeconfig."""

    def __init__(self, folder: pathlib.Path, kubeconfig: pathlib.Path) -> None:
        super().__init__(folder)
        self._cluster = Cluster(kubeconfig)
        view = self._cluster.kubectl("config", "view", "--raw", "--minify", "--output=json")
        self._connection = json.loads(view)["clusters"][0]["cluster"]

    def make_namespace(self, name: str, auths: dict[str, dict[str, str]]) -> None:
        """Make a namespace with its pull secret, for logins by endpoint."""
        super().make_namespace(name, auths)
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        self._cluster.apply(namespace, self.pull_secrets[name])
        self._cluster.kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={name}", "--timeout=180s")

    def remove_namespace(self, name: str) -> None:
        """Remove a namespace with all that is in it."""
        super().remove_namespace(name)
        self._cluster.kubectl("delete", "namespace", name)

    def grant(self, user: str, namespace: str) -> None:
        """Let a user into a namespace."""
        super().grant(user, namespace)
        self._cluster.apply(
            {
                "apiVersion": f"{RBAC}/v1",
                "kind": "RoleBinding",
                "metadata": {"name": f"{user}-admin", "namespace": namespace},
                "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "admin"},
                "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user}],
            }
        )

    @property
    def _url(self) -> str:
        return str(self._connection["server"])

    @property
    def _ca(self) -> str:
        return str(self._connection["certificate-authority-data"])

    def _sign(self, user: str, days: float) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user)])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        name = f"device-{user}-{secrets.token_hex(4)}"
        spec = {
            "request": base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode(),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
            "expirationSeconds": round(days * 86400),
        }
        kind = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}
        self._cluster.apply({**kind, "metadata": {"name": name}, "spec": spec})
        self._cluster.kubectl("certificate", "approve", name)
        self._cluster.kubectl("wait", "--for=jsonpath={.status.certificate}", f"csr/{name}", "--timeout=180s")
        signed = self._cluster.kubectl("get", f"csr/{name}", "--output=jsonpath={.status.certificate}")
        self._cluster.kubectl("delete", "csr", name)
        encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return base64.b64decode(signed), key.private_bytes(*encoding)
