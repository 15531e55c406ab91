# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Editing one member of a JSON text, RFC 8259, and no other byte. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

_SPACE = re.compile(r"[ \t\r\n]*")
_FIRST_MEMBER = re.compile(r'\s*\{(?:(\r?\n)([ \t]*)|[ \t]*)"(?:[^"\\]|\\.)*"\s*(:[ \t]*)')


@dataclasses.dataclass(frozen=True)
class _Member:
    """Where a member of an object stands: `text[start:end]`, its value from `value_start`."""

    start: int
    value_start: int
    end: int
    value: t.Any


@dataclasses.dataclass(frozen=True)
class _Style:
    """How the text is laid out; as Docker does it where the text does not show."""

    newline: str = "\n"
    unit: str = "\t"
    colon: str = ": "

    @classmethod
    def of(cls, text: str) -> _Style:
        found = _FIRST_MEMBER.match(text)
        return cls(found.group(1) or "", found.group(2) or "", found.group(3)) if found else cls()

    def line_break(self, depth: int) -> str:
        return self.newline + self.unit * depth

    def dump(self, value: object, depth: int) -> str:
        if not self.newline:
            return json.dumps(value, separators=(self.comma, self.colon))
        text = json.dumps(value, indent=self.unit, separators=(",", self.colon))
        return text.replace("\n", self.line_break(depth))

    @property
    def comma(self) -> str:
        """What separates members that stand on one line."""
        return "," if self.newline else "," + self.colon[1:]


@dataclasses.dataclass(frozen=True)
class _Object:
    """An object in the text: its brace is at `start`, its members are `depth` levels deep."""

    text: str
    start: int
    depth: int
    members: dict[str, _Member]

    @classmethod
    def read(cls, text: str, start: int, depth: int) -> _Object:
        decoder = json.JSONDecoder()
        members: dict[str, _Member] = {}
        position = _skip(text, start + 1)
        while text[position] != "}":
            key, end = decoder.raw_decode(text, position)
            value_start = _skip(text, _skip(text, end) + 1)
            value, end = decoder.raw_decode(text, value_start)
            members[key] = _Member(position, value_start, end, value)
            position = _skip(text, end)
            if text[position] == ",":
                position = _skip(text, position + 1)
        return cls(text, start, depth, members)

    def put(self, key: str, value: object) -> str:
        """The text with the member replaced, or added as the last one."""
        text, style = self.text, _Style.of(self.text)
        dumped = style.dump(value, self.depth)
        if key in self.members:
            old = self.members[key]
            return text[: old.value_start] + dumped + text[old.end :]
        member = style.line_break(self.depth) + json.dumps(key) + style.colon + dumped
        if self.members:
            end = max(member.end for member in self.members.values())
            return text[:end] + style.comma + member + text[end:]
        return text[: self.start + 1] + member + style.line_break(self.depth - 1) + text[self.start + 1 :]

    def cut(self, key: str) -> str:
        """The text without the member."""
        text, keys = self.text, list(self.members)
        place, member = keys.index(key), self.members[key]
        if len(keys) == 1:
            return text[: self.start + 1] + text[_skip(text, member.end) :]
        if place == len(keys) - 1:
            return text[: self.members[keys[place - 1]].end] + text[member.end :]
        return text[: member.start] + text[self.members[keys[place + 1]].start :]


def parse(text: str) -> dict[str, t.Any]:
    """The object that the text is.

    :raises ValueError: it is no JSON, or names a member twice.
    :raises TypeError: it is another JSON value than an object.
    :raises RecursionError: it is nested too deep.
    """
    document = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    if not isinstance(document, dict):
        raise TypeError("it is not a JSON object")
    return document


def set_member(text: str, outer: str, key: str, value: object) -> str:
    """The text of an object with `object[outer][key] = value`; the outer member may be missing or null.

    The text must be one that `parse` accepts.
    """
    top = _Object.read(text, text.index("{"), depth=1)
    if outer not in top.members or top.members[outer].value is None:
        return top.put(outer, {key: value})
    return _Object.read(text, top.members[outer].value_start, depth=2).put(key, value)


def remove_member(text: str, outer: str, key: str) -> str:
    """The text of an object without `object[outer][key]`, the inverse of `set_member`.

    An outer member that is empty then goes as well, unless it is the first: Docker writes an empty one there.
    """
    top = _Object.read(text, text.index("{"), depth=1)
    holder = top.members.get(outer)
    if holder is None or not holder.value or key not in holder.value:
        return text
    if len(holder.value) == 1 and next(iter(top.members)) != outer:
        return top.cut(outer)
    return _Object.read(text, holder.value_start, depth=2).cut(key)


def _skip(text: str, position: int) -> int:
    """The next position that is no white space."""
    space = _SPACE.match(text, position)
    return space.end() if space else position


def _unique(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("it names a member twice")
    return members


def _refuse(constant: str) -> t.NoReturn:
    raise ValueError(f"{constant} is not JSON")


__all__ = ("parse", "remove_member", "set_member")
