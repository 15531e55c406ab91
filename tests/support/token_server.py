# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A token server as the Docker token authentication specification has it, for the real registry."""

from __future__ import annotations

import base64
import json
import secrets
import time
import typing as t
import urllib.parse

from ansible_collections.edgeops.registry.tests.support.http_server import Asked, HttpServer, Reply
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.tests.support.authority import Authority

ISSUER = "test-issuer"
SERVICE = "test-service"


class TokenServer:
    """Gives tokens to one user, for the password or for the identity token; anonymous ones get none.

    :param host: how the realm names it; its certificate is made by `authority`.
    """

    def __init__(self, authority: Authority, username: str, password: str, host: str = "localhost") -> None:
        self._authority = authority
        self._expected = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
        self.identity_token = secrets.token_urlsafe(16)
        signing = authority.issue("signing")
        self._certificate = x509.load_pem_x509_certificate(signing.certificate.read_bytes())
        self._key = serialization.load_pem_private_key(signing.key.read_bytes(), password=None)
        self.http = HttpServer(self._answer, authority.issue("localhost", "127.0.0.1"))
        self.realm = f"https://{host}:{self.http.port}/token"

    @property
    def auth_section(self) -> dict[str, t.Any]:
        """The registry's configuration that points to this server."""
        return {
            "token": {
                "realm": self.realm,
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(self._authority.path),
            }
        }

    def _answer(self, asked: Asked) -> Reply:
        if asked.method == "POST":
            return self._answer_refresh(urllib.parse.parse_qs(asked.body.decode()))
        if asked.headers.get("Authorization") != self._expected:
            return Reply(401)
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(asked.path).query)
        return self._grant("token", query.get("scope", []))

    def _answer_refresh(self, form: dict[str, list[str]]) -> Reply:
        """Docker's OAuth2: one field with all scopes, the token in another field of the answer."""
        if form.get("grant_type") != ["refresh_token"] or form.get("refresh_token") != [self.identity_token]:
            return Reply(401)
        if form.get("service") != [SERVICE] or not form.get("client_id"):
            return Reply(400)
        return self._grant("access_token", form.get("scope", [""])[0].split())

    def _grant(self, key: str, scopes: list[str]) -> Reply:
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        return Reply(body=json.dumps({key: self._sign(access), "expires_in": 300}).encode())

    def _sign(self, access: list[dict[str, t.Any]]) -> str:
        now = int(time.time())
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(der).decode()]}
        claims = {
            "iss": ISSUER,
            "sub": "u",
            "aud": SERVICE,
            "exp": now + 300,
            "nbf": now - 10,
            "iat": now,
            "access": access,
        }
        signed = f"{_encode(json.dumps(header).encode())}.{_encode(json.dumps(claims).encode())}"
        if not isinstance(self._key, ec.EllipticCurvePrivateKey):
            raise TypeError("the signing key is not on an elliptic curve")
        r, s = utils.decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
