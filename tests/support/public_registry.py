# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registries that answer as Docker Hub and Microsoft's do: tokens, blobs at another host, a count of what was pulled."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import typing as t
import urllib.parse

from ansible_collections.edgeops.registry.tests.support.http_server import Asked, HttpServer, Reply
from ansible_collections.edgeops.registry.tests.support.proxy_server import ProxyServer

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.tests.conftest import Serve
    from ansible_collections.edgeops.registry.tests.support.authority import Authority

HUB, HUB_TOKENS, HUB_CDN = "registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com"
MCR, MCR_CDN = "mcr.microsoft.com", "westeurope.data.mcr.microsoft.com"
PASSWORD = "secret"
_TOKEN = "the.token"
_SIGNED = "verify=1-a%2Fb%3D"
_SAID = {
    "TOOMANYREQUESTS": "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    "UNAUTHORIZED": "authentication required",
    "MANIFEST_UNKNOWN": "manifest unknown",
}


class PublicRegistry:
    """One repository.

    :param contents: of its manifests and blobs.
    :param tag: of the last one of them.
    :param wants_token: whether it asks even anonymous users for a token.
    :param username: who alone gets one; empty for everybody.
    :param limit: how many manifests it gives.
    """

    def __init__(
        self,
        repository: str,
        tag: str,
        contents: t.Iterable[bytes],
        cdn: str,
        *,
        wants_token: bool,
        username: str = "",
        limit: int = 100,
    ) -> None:
        self.pulls = 0
        self._repository = repository
        self._contents = {_digest(one): one for one in contents}
        self._tags = {tag: list(self._contents)[-1]}
        self._cdn = cdn
        self._wants_token = wants_token
        self._basic = "Basic " + base64.b64encode(f"{username}:{PASSWORD}".encode()).decode() if username else None
        self._limit = limit

    def answer(self, asked: Asked) -> Reply:
        """As the registry itself."""
        if self._wants_token and asked.headers.get("Authorization") != f"Bearer {_TOKEN}":
            challenge = (
                f'Bearer realm="https://{HUB_TOKENS}/token",service="registry.docker.io",'
                f'scope="repository:{self._repository}:pull"'
            )
            return _refusal(401, "UNAUTHORIZED", {"WWW-Authenticate": challenge})
        kind, reference = asked.path.rsplit("/", 2)[1:]
        if kind == "blobs":
            return Reply(307, {"Location": f"https://{self._cdn}/{reference}?{_SIGNED}"})
        digest = self._tags.get(reference, reference)
        if asked.path != f"/v2/{self._repository}/manifests/{reference}" or digest not in self._contents:
            return _refusal(404, "MANIFEST_UNKNOWN")
        return self._answer_manifest(asked, digest)

    def answer_token(self, asked: Asked) -> Reply:
        """As the token server."""
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(asked.path).query)
        if asked.headers.get("Authorization") != self._basic:
            return Reply(401)
        if query != {"service": ["registry.docker.io"], "scope": [f"repository:{self._repository}:pull"]}:
            return Reply(400)
        return Reply(body=json.dumps({"token": _TOKEN, "access_token": _TOKEN, "expires_in": 300}).encode())

    def answer_blob(self, asked: Asked) -> Reply:
        """As the host that has the blobs, which takes no credentials but those in its URLs."""
        path, dummy, query = asked.path.partition("?")
        if "Authorization" in asked.headers or query != _SIGNED:
            return Reply(400)
        return Reply(body=self._contents[path.lstrip("/")])

    def _answer_manifest(self, asked: Asked, digest: str) -> Reply:
        content = self._contents[digest]
        media_type = json.loads(content)["mediaType"]
        if media_type not in asked.headers.get("Accept", ""):
            return _refusal(404, "MANIFEST_UNKNOWN")
        self.pulls += asked.method == "GET"  # looking at one does not count
        limits = {"ratelimit-limit": f"{self._limit};w=21600", "docker-ratelimit-source": "192.0.2.1"}
        if self.pulls > self._limit:
            return _refusal(429, "TOOMANYREQUESTS", {**limits, "Retry-After": "0"})
        left = {"ratelimit-remaining": f"{self._limit - self.pulls};w=21600"}
        return Reply(200, {**limits, **left, "Content-Type": media_type, "Docker-Content-Digest": digest}, content)


class Internet:
    """Servers that answer to public names, behind one proxy."""

    def __init__(self, serve: Serve, authority: Authority, answers: t.Mapping[str, t.Callable[[Asked], Reply]]) -> None:
        leaf = authority.issue(*answers)
        self.servers: dict[str, HttpServer] = {name: serve(answer, leaf) for name, answer in answers.items()}
        self.proxy = ProxyServer({f"{name}:443": server.port for name, server in self.servers.items()})


@contextlib.contextmanager
def connected(
    serve: Serve, authority: Authority, *, hub: PublicRegistry | None = None, mcr: PublicRegistry | None = None
) -> t.Iterator[Internet]:
    """Docker Hub, Microsoft's registry, or both, for as long as they are used."""
    answers: dict[str, t.Callable[[Asked], Reply]] = {}
    if hub:
        answers |= {HUB: hub.answer, HUB_TOKENS: hub.answer_token, HUB_CDN: hub.answer_blob}
    if mcr:
        answers |= {MCR: mcr.answer, MCR_CDN: mcr.answer_blob}
    internet = Internet(serve, authority, answers)
    try:
        yield internet
    finally:
        internet.proxy.stop()


def _refusal(status: int, code: str, headers: t.Mapping[str, str] | None = None) -> Reply:
    body = json.dumps({"errors": [{"code": code, "message": _SAID[code], "detail": None}]}).encode()
    return Reply(status, {"Content-Type": "application/json", **(headers or {})}, body)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
