# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry has, and taking it away. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import json
import re
import typing as t
import urllib.parse

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import DIGEST, MANIFEST_TYPES
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.pool import Answer
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import expect, sha256
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Call, Meter, Transport
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

_ACCEPT = {"Accept": ", ".join(MANIFEST_TYPES)}
_DELETED = (200, 202, 204)
_NO_REFERRERS = (400, 404, 405, 501)
_NEXT = re.compile(r'<([^>]*)>[^,<]*;\s*rel="?next"?', re.IGNORECASE)


class Catalog:
    """A registry as a whole (OCI distribution specification 1.1), for any number of threads.

    :param meter: counts what is spent.
    """

    def __init__(self, transport: Transport, meter: Meter) -> None:
        self._transport = transport
        self._meter = meter

    def repositories(self) -> t.Iterator[str]:
        """The names of all repositories, page by page.

        :raises ProvisioningError: the registry does not tell them.
        """
        scopes = ("registry:catalog:*",)
        for page in self._pages("/v2/_catalog", scopes, "its list of repositories", (200,)):
            yield from _names(page, "repositories")

    def tags(self, repository: str) -> list[str] | None:
        """The tags of a repository, in order, each once; None where there is no such repository.

        :raises ProvisioningError: the registry refuses or fails.
        """
        url, scopes = f"/v2/{repository}/tags/list", _scopes(repository, "pull")
        pages = list(self._pages(url, scopes, f"the tags of {repository}", (200, 404)))
        if not pages:
            return None
        return sorted({tag for page in pages for tag in _names(page, "tags")})

    def few_tags(self, repository: str) -> list[str] | None:
        """The tags of a repository if one request tells them all, else None.

        :raises ProvisioningError: the registry refuses or fails.
        """
        call = Call("GET", f"/v2/{repository}/tags/list", _scopes(repository, "pull"))
        answer = self._expect(self._transport.send(call, self._meter), (200,), f"the tags of {repository}")
        with contextlib.closing(answer):
            page = _json(answer, f"the tags of {repository}")
            return None if _next("/", answer.header("Link")) else _names(page, "tags")

    def manifest(self, repository: str, reference: str) -> tuple[str, bytes] | None:
        """The digest that the registry gives for a manifest, and its bytes; None where it is not there.

        :raises ProvisioningError: the registry refuses or fails.
        """
        answer = self._content(repository, f"manifests/{reference}", _ACCEPT)
        with contextlib.closing(answer):
            if answer.status != 200:
                return None
            content, digest = answer.read(), answer.header("Docker-Content-Digest")
            return digest if DIGEST.fullmatch(digest) else sha256(content), content

    def blob(self, repository: str, digest: str) -> bytes | None:
        """The bytes of a small blob, None where it is not there.

        :raises ProvisioningError: the registry refuses or fails.
        """
        with contextlib.closing(self._content(repository, f"blobs/{digest}", {})) as answer:
            return answer.read() if answer.status == 200 else None

    def referrers(self, repository: str, digest: str) -> list[str] | None:
        """The digests of the manifests that have a manifest as their subject.

        :returns: None where the registry has no list of referrers, which is asked for once only.
        :raises ProvisioningError: the registry refuses or fails.
        """
        return self._transport.referrers.attempt(lambda: self._referrers(repository, digest))

    def check_deletion(self, repository: str) -> None:
        """Ask for the deletion of what does not exist, to learn whether deleting is permitted.

        :raises ProvisioningError: it is not.
        """
        nothing = sha256(f"no manifest of {repository} has this content".encode())
        with contextlib.closing(self._ask_to_delete(repository, nothing)) as answer:
            if answer.status in (400, 405):
                raise ProvisioningError(
                    f"{self._transport.server.endpoint} does not permit to delete",
                    reason="unsupported",
                    remedy="Permit it in its configuration (distribution: storage.delete.enabled), and restart it",
                )
            self._expect(answer, (*_DELETED, 404), f"deleting in {repository}")

    def delete(self, repository: str, digest: str) -> None:
        """Take a manifest away, with all tags on it. One that is gone already is fine.

        :raises ProvisioningError: the registry refuses or fails.
        """
        answer = self._ask_to_delete(repository, digest)
        self._expect(answer, (*_DELETED, 404), f"deleting {digest} in {repository}").close()

    def untag(self, repository: str, tag: str) -> bool:
        """Take a tag away and leave its manifest; whether the registry can do that.

        :raises ProvisioningError: the registry refuses or fails.
        """
        answer = self._ask_to_delete(repository, tag)
        self._expect(answer, (*_DELETED, 400, 404, 405), f"deleting {tag} in {repository}").close()
        return answer.status not in (400, 405)

    def _ask_to_delete(self, repository: str, reference: str) -> Answer:
        call = Call("DELETE", f"/v2/{repository}/manifests/{reference}", _scopes(repository, "pull,push,delete"))
        return self._transport.send(call, self._meter)

    def _referrers(self, repository: str, digest: str) -> list[str] | None:
        url, scopes = f"/v2/{repository}/referrers/{digest}", _scopes(repository, "pull")
        try:
            pages = list(self._pages(url, scopes, f"the referrers of {digest}", (200, *_NO_REFERRERS)))
        except _NotJsonError:
            return None
        if not pages:
            return None
        items = [item for page in pages for item in page.get("manifests") or () if isinstance(item, dict)]
        return [digest for digest in (str(item.get("digest")) for item in items) if DIGEST.fullmatch(digest)]

    def _content(self, repository: str, path: str, headers: t.Mapping[str, str]) -> Answer:
        call = Call("GET", f"/v2/{repository}/{path}", _scopes(repository, "pull"), headers)
        return self._expect(self._transport.send(call, self._meter), (200, 404), f"{path} of {repository}")

    def _pages(
        self, url: str, scopes: tuple[str, ...], what: str, expected: tuple[int, ...]
    ) -> t.Iterator[dict[str, t.Any]]:
        """The pages of a list, until one names no next; none at all where it answers anything but 200."""
        seen: set[str] = set()
        while url:
            seen.add(url)
            answer = self._expect(self._transport.send(Call("GET", url, scopes), self._meter), expected, what)
            with contextlib.closing(answer):
                if answer.status != 200:
                    return
                yield _json(answer, what)
            url = _next(url, answer.header("Link"))
            if url in seen:
                raise ProvisioningError(f"{what}: its pages go in circles", reason="not_a_registry")

    def _expect(self, answer: Answer, expected: tuple[int, ...], what: str) -> Answer:
        return expect(answer, expected, self._transport.server, what)


class _NotJsonError(ProvisioningError):
    """The answer is no page of a list."""


def _json(answer: Answer, what: str) -> dict[str, t.Any]:
    try:
        data = json.loads(answer.read())
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise _NotJsonError(f"the answer for {what} is not what a registry gives", reason="not_a_registry")
    return data


def _names(page: t.Mapping[str, t.Any], key: str) -> list[str]:
    return [str(name) for name in page.get(key) or ()]  # null where there are none


def _next(url: str, link: str) -> str:
    """Path and query of the next page, of the same server whatever host a proxy has put there (RFC 8288)."""
    match = _NEXT.search(link)
    if match is None:
        return ""
    parts = urllib.parse.urlsplit(urllib.parse.urljoin(url, str(match[1])))
    return urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))


def _scopes(repository: str, actions: str) -> tuple[str, ...]:
    return (f"repository:{repository}:{actions}",)


__all__ = ("Catalog",)
