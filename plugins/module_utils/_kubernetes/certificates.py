# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and tokens for users of a cluster. This module util is private to the collection."""

from __future__ import annotations

import base64
import contextlib
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError, missing_library
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.access import Permission
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.answers import ApiError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.cluster import Cluster
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.kubeconfig import Credential
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    MANAGED_BY,
    SERVICE_ACCOUNTS,
    SIGNING_REQUESTS,
    Object,
    Resource,
)

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    _IS_INSTALLED = True
except ImportError:
    _IS_INSTALLED = False

SIGNER = "kubernetes.io/kube-apiserver-client"
_OTHERWISE = "or set user_authentication to token"
_SIGNERS = Resource("certificates.k8s.io/v1", "Signer", "signers")
SIGNING_PERMISSIONS = (
    *(Permission(verb, SIGNING_REQUESTS, otherwise=_OTHERWISE) for verb in ("create", "list", "watch", "delete")),
    Permission("update", SIGNING_REQUESTS, subresource="approval", otherwise=_OTHERWISE),
    Permission("approve", _SIGNERS, name=SIGNER, otherwise=_OTHERWISE),
)
"""The rights that a certificate for a user takes."""


def check_requirements() -> None:
    """:raises ProvisioningError: the package that makes keys is missing."""
    if not _IS_INSTALLED:
        raise missing_library("cryptography")


def issue_certificate(cluster: Cluster, user: str, seconds: int, timeout: float) -> Credential | None:
    """Make a key and have the cluster sign a certificate for it (certificates.k8s.io/v1); the request is removed whatever happens.

    One that a killed run left is removed by the cluster itself within a day.

    :param seconds: how long it should be valid; the cluster may grant less.
    :param timeout: seconds to wait for the signature.
    :return: None in a dry run, in which the cluster only says whether it would take the request.
    :raises ProvisioningError: the cluster refuses, or signs nothing.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    request = _request(user, key, seconds)
    name = request["metadata"]["name"]
    with _explained(user):
        made = cluster.create(SIGNING_REQUESTS, request)
        if cluster.dry_run:
            return None
        try:
            made["status"] = {"conditions": [_approval(user)]}
            cluster.replace(SIGNING_REQUESTS, made, subresource="approval")
            certificate = _signed(cluster, user, name, timeout)
        finally:
            cluster.delete(SIGNING_REQUESTS, name)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Credential.of_certificate(certificate, private)


def issue_token(cluster: Cluster, namespace: str, account: str, seconds: int) -> Credential | None:
    """A token of a service account that ends, and that is void as soon as the account is gone (authentication.k8s.io/v1).

    :param seconds: how long it should be valid; the cluster may grant less.
    :return: None in a dry run.
    :raises ProvisioningError: the cluster refuses.
    """
    if cluster.dry_run:
        return None
    wanted: Object = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": {"name": account},
        "spec": {"expirationSeconds": seconds},
    }
    return Credential.of_token(cluster.create(SERVICE_ACCOUNTS, wanted, namespace, "token")["status"]["token"])


def _request(user: str, key: ec.EllipticCurvePrivateKey, seconds: int) -> Object:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, user)])
    signed = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    fingerprint = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()
    return SIGNING_REQUESTS.new(
        f"edgeops-{user}-{fingerprint[:8]}",
        labels=MANAGED_BY,
        spec={
            "request": base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode(),
            "signerName": SIGNER,
            "usages": ["client auth"],
            "expirationSeconds": seconds,
        },
    )


def _approval(user: str) -> Object:
    message = f"user {user} was asked for with the module kubernetes_namespaces"
    return {"type": "Approved", "status": "True", "reason": "EdgeopsRegistry", "message": message}


def _signed(cluster: Cluster, user: str, name: str, timeout: float) -> bytes:
    """The certificate in PEM, as soon as it is there."""
    for requests in cluster.follow(SIGNING_REQUESTS, seconds=timeout, fields=f"metadata.name={name}"):
        status = requests.get(name, {}).get("status", {})
        if status.get("certificate"):
            return base64.b64decode(status["certificate"])
        refusals = [item for item in status.get("conditions", ()) if item["type"] in ("Denied", "Failed")]
        if refusals:
            raise ProvisioningError(
                f"the cluster does not sign the certificate: {refusals[0].get('message') or refusals[0]['type']}",
                reason="forbidden",
                part=f"user {user}",
                remedy=f"Look at the policies of its signer {SIGNER}, {_OTHERWISE}",
            )
    raise ProvisioningError(
        f"the cluster took the request for a certificate and did not sign it within {timeout:.0f} seconds",
        reason="timeout",
        part=f"user {user}",
        remedy=f"Look whether the controller manager runs and has the CA's key, which managed clusters keep from it, {_OTHERWISE}",
    )


@contextlib.contextmanager
def _explained(user: str) -> t.Iterator[None]:
    """Say of a right that is missing how it is granted, or done without."""
    try:
        yield
    except ApiError as error:
        if error.status != 403:
            raise
        remedy = error.remedy
        if "not permitted to approve" in error.message:
            remedy = (
                "Allow it, with kubectl create clusterrole NAME --verb=approve --resource=signers.certificates.k8s.io"
                f" --resource-name={SIGNER} and a clusterrolebinding"
            )
        raise ProvisioningError(
            error.message, reason=error.reason, part=f"user {user}", remedy=f"{remedy}, {_OTHERWISE}"
        ) from error


__all__ = ("SIGNER", "SIGNING_PERMISSIONS", "check_requirements", "issue_certificate", "issue_token")
