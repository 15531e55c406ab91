# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests and blobs of one repository. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import hashlib
import json
import typing as t
import urllib.parse

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server, unreachable
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.download import Download
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import MANIFEST_TYPES
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.pool import Answer
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import (
    Call,
    Meter,
    Transport,
)
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

Body = t.Callable[[], t.Iterable["bytes | memoryview"]]

_ACCEPT = {"Accept": ", ".join(MANIFEST_TYPES)}
_ENOUGH = "Try again later, or give the record, or auth_file, credentials that may do more"
_ERROR_LIMIT = 1 << 16
_STALE = (404, 416)  # an upload that the registry has forgotten


class BlobUnknownError(ProvisioningError):
    """The registry has not what a manifest refers to."""


class _BodyError(Exception):
    """What is to be sent cannot be had, which is no failure of the registry."""

    def __init__(self, cause: ProvisioningError) -> None:
        super().__init__(cause)
        self.cause = cause


class Repository:
    """A repository of a registry (OCI distribution specification 1.1).

    :param meter: counts what is spent.
    :param push: whether tokens are to be good for writing too.
    """

    def __init__(self, transport: Transport, name: str, meter: Meter, *, push: bool = False) -> None:
        self.name = name
        self._transport = transport
        self._meter = meter
        self._scopes: tuple[str, ...] = (f"repository:{name}:{'pull,push' if push else 'pull'}",)

    def manifest_digest(self, reference: str) -> str | None:
        """The digest that a tag or digest has there, None where it is not.

        :raises ProvisioningError: the registry refuses or fails.
        """
        call = self._call("HEAD", f"manifests/{reference}", headers=_ACCEPT)
        answer = self._send(call, (200, 404), f"manifest {reference}")
        answer.close()
        if answer.status == 404:
            return None
        return answer.header("Docker-Content-Digest") or sha256(self.manifest(reference))

    def manifest(self, reference: str) -> bytes:
        """The bytes of a manifest, as they are there.

        :raises ProvisioningError: it is not there; the registry refuses or fails.
        """
        call = self._call("GET", f"manifests/{reference}", headers=_ACCEPT)
        with contextlib.closing(self._send(call, (200,), f"manifest {reference}")) as answer:
            return answer.read()

    def put_manifest(self, reference: str, media_type: str, content: bytes) -> bool:
        """Write a manifest under a tag or its digest.

        :returns: whether the registry took note of the manifest's subject.
        :raises BlobUnknownError: the registry has not what the manifest refers to.
        :raises ProvisioningError: the registry refuses or fails.
        """
        headers = {"Content-Type": media_type, "Content-Length": str(len(content))}
        call = self._call("PUT", f"manifests/{reference}", headers=headers, body=lambda: self._counted((content,)))
        with contextlib.closing(self._send(call, (201,), f"manifest {reference}")) as answer:
            return bool(answer.header("OCI-Subject"))

    def has_blob(self, digest: str) -> bool:
        """Whether a blob is there.

        :raises ProvisioningError: the registry refuses or fails.
        """
        answer = self._send(self._call("HEAD", f"blobs/{digest}"), (200, 404), f"blob {digest}")
        answer.close()
        return answer.status == 200

    def read_blob(self, digest: str) -> Answer:
        """A blob as it is served at the first go, to be closed.

        :raises ProvisioningError: it is not there; the registry refuses or fails.
        """
        return self._send(self._call("GET", f"blobs/{digest}"), (200,), f"blob {digest}")

    def open_blob(self, digest: str, offset: int = 0) -> Download:
        """A blob as a stream that survives a broken connection, to be closed.

        :param offset: how many bytes of it are left out.
        :raises ProvisioningError: it is not there; the registry refuses or fails.
        """

        def ask(headers: t.Mapping[str, str]) -> Answer:
            return self._send(self._call("GET", f"blobs/{digest}", headers=headers), (200, 206), f"blob {digest}")

        return Download(ask, lambda failure: self._transport.pause(failure, self._meter), offset)

    def mount_blob(self, digest: str, origin: str) -> str:
        """Take a blob over from a repository of the same registry; from this one itself if it is there already.

        :returns: empty when it is there now, else where it may be uploaded to, also where the registry does not mount.
        :raises ProvisioningError: the registry refuses or fails.
        """
        query = urllib.parse.urlencode({"mount": digest, "from": origin})
        scopes = (*self._scopes, *([] if origin == self.name else [f"repository:{origin}:pull"]))
        headers = {"Content-Length": "0"}
        call = self._call("POST", f"blobs/uploads/?{query}", scopes=scopes, headers=headers)
        with contextlib.closing(self._transport.send(call, self._meter)) as answer:
            if answer.status == 201:
                return ""
            if answer.status == 202:
                return self._location(answer)
        with contextlib.closing(self._send(self._start_call(), (202,), f"blob {digest}")) as started:
            return self._location(started)

    def upload_blob(self, digest: str, size: int, body: Body, location: str = "") -> None:
        """Send a blob whole; again from its start where the connection breaks.

        :param body: makes the stream of the blob anew for every try; where it fails there is no further one.
        :param location: where the registry has already offered to take it.
        :raises ProvisioningError: the registry refuses or fails, or the body cannot be made.
        """
        offers = [location] if location else []

        def attempt() -> Answer:
            offered = bool(offers)
            if not offers:
                started = self._transport.once(self._start_call(), self._meter)
                if started.status != 202:
                    return started
                started.close()
                offers.append(self._location(started))
            answer = self._transport.once(self._upload_call(offers.pop(), digest, size, body), self._meter)
            if offered and answer.status in _STALE:
                answer.close()
                return attempt()
            return answer

        try:
            answer = self._transport.persist(attempt, self._meter)
        except _BodyError as error:
            raise error.cause from error
        self._check(answer, (201,), f"blob {digest}").close()

    def cancel_upload(self, location: str) -> None:
        """Give up what `mount_blob` has begun, as far as the registry can do that."""
        if self._transport.is_silent:
            return
        with contextlib.suppress(ProvisioningError):
            self._transport.once(Call("DELETE", location, self._scopes), self._meter).close()

    def _start_call(self) -> Call:
        return self._call("POST", "blobs/uploads/", headers={"Content-Length": "0"})

    def _upload_call(self, location: str, digest: str, size: int, body: Body) -> Call:
        separator = "&" if urllib.parse.urlsplit(location).query else "?"
        return Call(
            "PUT",
            f"{location}{separator}{urllib.parse.urlencode({'digest': digest})}",
            self._scopes,
            {"Content-Type": "application/octet-stream", "Content-Length": str(size)},
            lambda: self._counted(body()),
        )

    def _location(self, answer: Answer) -> str:
        return self._transport.locate(answer.header("Location"), f"/v2/{self.name}/blobs/uploads/")

    def _counted(self, blocks: t.Iterable[bytes | memoryview]) -> t.Iterator[bytes | memoryview]:
        try:
            for block in blocks:
                self._meter.add(bytes_sent=len(block))
                yield block
        except ProvisioningError as error:
            raise _BodyError(error) from error

    def _call(self, method: str, path: str, **details: t.Any) -> Call:
        return Call(method, f"/v2/{self.name}/{path}", details.pop("scopes", self._scopes), **details)

    def _send(self, call: Call, expected: tuple[int, ...], what: str) -> Answer:
        return self._check(self._transport.send(call, self._meter), expected, what)

    def _check(self, answer: Answer, expected: tuple[int, ...], what: str) -> Answer:
        return expect(answer, expected, self._transport.server, f"{what} in {self.name}")


def expect(answer: Answer, expected: tuple[int, ...], server: Server, what: str) -> Answer:
    """The answer, if its status is one of the expected.

    :param what: what was asked for.
    :raises ProvisioningError: it is not; with what the registry says about it.
    """
    if answer.status in expected:
        return answer
    with contextlib.closing(answer):
        words = _words(answer.read(_ERROR_LIMIT))
        raise _refusal(answer.status, words, f"{server.endpoint} answers HTTP {answer.status} for {what}{words}")


def sha256(content: bytes) -> str:
    """The digest of a content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _words(body: bytes) -> str:
    """Code and message of a registry's error (OCI distribution specification, "Error codes")."""
    try:
        first = json.loads(body)["errors"][0]
        return ": " + " ".join(str(first[key]) for key in ("code", "message") if first.get(key))[:200]
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def _refusal(status: int, words: str, message: str) -> ProvisioningError:
    if "MANIFEST_BLOB_UNKNOWN" in words:
        return BlobUnknownError(message, reason="conflict", remedy="Run again, or look at the registry's storage")
    if status in (401, 403):
        return ProvisioningError(
            message, reason="unauthorized", remedy="Correct the credentials, or grant the user the right"
        )
    if status == 404:
        return ProvisioningError(message, remedy="Correct the name, or push it first")
    if status in (405, 415):
        return ProvisioningError(message, reason="unsupported", remedy="Permit it in the registry's configuration")
    if status == 429 or status >= 500:
        return unreachable(message, _ENOUGH if status == 429 else "Look at the registry's log, or try again later")
    return ProvisioningError(message, reason="conflict", remedy="Look at the registry's log")


__all__ = ("BlobUnknownError", "Body", "Repository", "expect", "sha256")
