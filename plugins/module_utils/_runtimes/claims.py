# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text files of ours in which each registry has a block. This module util is private to the collection.

A comment before each block says whose it is, so that one registry's end takes nothing from another.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

TITLE = "# Made by edgeops.registry, which overwrites what is changed here and removes it when it is not needed\n"
_MARKER = "# edgeops.registry: "

Content = t.Optional[bytes]
Blocks = dict[str, str]


@dataclasses.dataclass(frozen=True)
class OwnFile:
    """How a file of ours is laid out.

    :param path: absolute path, for errors.
    :param head: what stands above the blocks.
    :param root: the claim whose block stands there instead, if there is one.
    """

    path: str
    head: str = ""
    root: str = ""

    def put(self, content: Content, claim: str, block: str, order: t.Sequence[str], *, beside: str = "") -> Content:
        """Content with a block.

        :param order: claims that have to be in this order.
        :param beside: a claim without which it means nothing, and is left out.
        :raises ProvisioningError: the file is somebody else's.
        """
        blocks = self._parse(content)
        if beside and beside not in blocks:
            return content
        names = placed(list(blocks), claim, order)
        blocks[claim] = block
        return self._render({name: blocks[name] for name in names})

    def take(self, content: Content, claims: t.Collection[str]) -> Content:
        """Content without some blocks, None without any; that of somebody else stays."""
        if not is_ours(content):
            return content
        rest = {claim: block for claim, block in self._parse(content).items() if claim not in claims}
        return self._render(rest) if rest else None

    def _parse(self, content: Content) -> Blocks:
        if content and content.strip() and not is_ours(content):
            raise ProvisioningError(
                f"{self.path} is not a file of edgeops.registry, so it was left alone",
                reason="conflict",
                remedy="Remove it, so that it is made from the records, or leave this container engine out of runtimes",
            )
        return _blocks(content)

    def _render(self, blocks: Blocks) -> bytes:
        root = {claim: block for claim, block in blocks.items() if claim == self.root}
        head = "" if root else self.head
        return (TITLE + head + "".join(_section(*item) for item in {**root, **blocks}.items())).encode()


def is_ours(content: Content) -> bool:
    """Whether a file was made here."""
    return bool(content) and t.cast("bytes", content).startswith(TITLE.encode())


def claims_of(path: str) -> list[str]:
    """Whose blocks a file has; none where it is not ours, or cannot be read."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        content = file.read()
        return list(_blocks(content)) if is_ours(content) else []
    return []


def placed(names: t.Sequence[str], name: str, order: t.Sequence[str], *, last: bool = True) -> list[str]:
    """Names with one more, if it is missing; those of `order` are in that order, the others stay where they are.

    :param last: whether it comes last, rather than first, where none that it has to follow is there.
    """
    result = list(names)
    if name not in result:
        before = [other for other in order[: order.index(name)] if other in result]
        end = len(result) if last else 0
        result.insert(result.index(before[-1]) + 1 if before else end, name)
    ordered = iter(sorted((other for other in result if other in order), key=order.index))
    return [next(ordered) if other in order else other for other in result]


def _section(claim: str, block: str) -> str:
    return f"\n{_MARKER}{claim}\n{block}"


def _blocks(content: Content) -> Blocks:
    text = (content or b"").decode("utf-8", errors="replace")
    sections = f"\n{text}".split(f"\n{_MARKER}")[1:]
    parts = [section.partition("\n") for section in sections]
    return {claim: f"{block.rstrip()}\n" if block.strip() else "" for claim, dummy, block in parts}


__all__ = ("TITLE", "Content", "OwnFile", "claims_of", "is_ours", "placed")
