# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blobs as streams that survive a broken connection. This module util is private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import unreachable
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.pool import Answer
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import TRIES
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

_WASTE = 1 << 18  # bytes that are read at once and not wanted

Ask = t.Callable[[t.Mapping[str, str]], Answer]
"""Sends the request for the blob with further headers; gives an answer of status 200 or 206."""


class Download:
    """The stream of a blob, to be closed. It goes on where it broke off (RFC 9110, section 14, "Range Requests").

    :param pause: called with the number of the failure, from 0, before the stream goes on.
    :param offset: how many bytes of the blob are left out.
    :raises ProvisioningError: as `ask` does.
    """

    def __init__(self, ask: Ask, pause: t.Callable[[int], None], offset: int = 0) -> None:
        self._ask = ask
        self._pause = pause
        self._position = offset
        self._failures = 0
        self._etag = ""
        self._surplus = 0  # bytes before the position, where the server does not know ranges
        self._answer: Answer | None = None
        self._open()

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer; 0 at the end of the blob.

        :raises ProvisioningError: the connection broke, again and again with nothing arriving in between.
        """
        while True:
            answer = self._answer or self._open()
            try:
                count = self._next(answer, buffer)
            except ProvisioningError:
                self.close()
                if self._failures == TRIES - 1:
                    raise
                self._pause(self._failures)
                self._failures += 1
            else:
                self._position += count
                self._failures = 0 if count else self._failures
                return count

    def close(self) -> None:
        """Give the connection back."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def _next(self, answer: Answer, buffer: memoryview) -> int:
        waste = memoryview(bytearray(min(self._surplus, _WASTE)))
        while self._surplus:
            count = answer.readinto(waste[: self._surplus])
            if not count:
                return 0
            self._surplus -= count
        return answer.readinto(buffer)

    def _open(self) -> Answer:
        headers = {"Range": f"bytes={self._position}-"} if self._position else {}
        if self._position and self._etag:
            headers["If-Range"] = self._etag
        answer = self._ask(headers)
        self._surplus = self._position if answer.status == 200 else 0
        if answer.status == 206 and not answer.header("Content-Range").startswith(f"bytes {self._position}-"):
            answer.close()
            raise unreachable("the answer to a request for a part of a blob has another part", "Look at the registry")
        etag = answer.header("ETag")
        self._etag = "" if etag.startswith("W/") else etag
        self._answer = answer
        return answer


__all__ = ("Download",)
