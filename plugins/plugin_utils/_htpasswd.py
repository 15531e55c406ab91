# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users in a password file (Apache's htpasswd format, bcrypt only). This plugin util is private to the collection."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
import traceback
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

try:
    import bcrypt
except ImportError:
    BCRYPT_ERROR: str | None = traceback.format_exc()
else:
    BCRYPT_ERROR = None

LONGEST_PASSWORD = 72
"""Bytes that bcrypt looks at; it would accept any password that begins with them."""
COST_GENERATED, COST_CHOSEN = 5, 10
STRONG_BITS = 128
_HASH = re.compile(rb"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{53}")


@dataclasses.dataclass(frozen=True)
class User:
    """A user who is wanted with a password, or, with none, not wanted."""

    name: str
    password: str | None = dataclasses.field(repr=False)

    def __post_init__(self) -> None:
        """Check both.

        :raises ProvisioningError: the file, or bcrypt, cannot hold them.
        """
        if not self.name or self.name[0] in "# \t" or any(letter in ":\r\n" for letter in self.name):
            raise ProvisioningError(
                "must not be empty, begin with # or a blank, or hold a colon or a line end",
                part="username",
                remedy="Take another, for example edge",
            )
        if self.password is None:
            return
        if not self.password or "\0" in self.password:
            raise ProvisioningError("must not be empty or hold a NUL", part=f"password of {self.name}")
        if len(self.password.encode()) > LONGEST_PASSWORD:
            raise ProvisioningError(
                f"is longer than {LONGEST_PASSWORD} bytes, and bcrypt would ignore the rest",
                part=f"password of {self.name}",
                remedy="Take a shorter one: 32 random letters and digits are plenty",
            )


@dataclasses.dataclass(frozen=True)
class Plan:
    """A password file as it becomes, and what a diff may show of it: the users' names."""

    content: bytes
    before: str
    after: str


def plan(content: bytes, users: t.Sequence[User], cost: int | None) -> Plan:
    """The file with its users as wanted.

    Lines of other users, comments and their order stay. A hash that fits its password stays too, unless it is cheaper
    to guess than `cost`, or than what suits the password where `cost` is None.

    :param cost: of bcrypt, 4 to 31; with a number, dearer hashes are replaced as well.
    """
    lines = content.splitlines(keepends=True)
    notes: dict[bytes, str] = {}
    for user in users:
        lines, note = _place(lines, user, cost)
        notes[user.name.encode()] = note
    after = b"".join(lines)
    return Plan(after, _names(content, {}), _names(after, notes))


def fitting_cost(password: str) -> int:
    """The cost that suits a password: every request pays for it, and nobody guesses 128 random bits at any cost.

    A password counts as generated only where it cannot well be anything else: long for the number of different
    characters in it, with small letters, capitals and digits mixed as no words are.
    """
    kinds = [_kind(letter) for letter in password if letter.isalnum()]
    changes = sum(one != other for one, other in itertools.pairwise(kinds))
    bits = len(password) * math.log2(max(1, len(set(password))))
    return COST_GENERATED if bits >= STRONG_BITS and changes >= 0.4 * len(password) else COST_CHOSEN


def _kind(letter: str) -> str:
    return "digit" if letter.isdigit() else "capital" if letter.isupper() else "small"


def _place(lines: list[bytes], user: User, cost: int | None) -> tuple[list[bytes], str]:
    """The lines with one user's line as wanted, and how its password changed."""
    prefix = user.name.encode() + b":"
    positions = [number for number, line in enumerate(lines) if line.startswith(prefix)]
    others = [line for number, line in enumerate(lines) if number not in positions[1:]]
    if user.password is None:
        return [line for line in lines if not line.startswith(prefix)], ""
    if not positions:
        if others and not others[-1].endswith(b"\n"):
            others[-1] += b"\n"
        return [*others, prefix + _hash(user.password, cost) + b"\n"], ""
    position = positions[0]
    if _fits(lines[position][len(prefix) :].strip(), user.password, cost):
        return others, ""
    others[position] = prefix + _hash(user.password, cost) + b"\n"
    return others, " (new password or cost)"


def _fits(found: bytes, password: str, cost: int | None) -> bool:
    parsed = _HASH.fullmatch(found)
    if parsed is None:
        return False
    dear = int(parsed["cost"])
    suits = dear >= fitting_cost(password) if cost is None else dear == cost
    return suits and _verifies(password, found)


def _verifies(password: str, found: bytes) -> bool:
    try:
        return bcrypt.checkpw(password.encode(), found)
    except ValueError:  # the form of a hash, but none
        return False


def _hash(password: str, cost: int | None) -> bytes:
    """A hash with the prefix that Apache's own tool writes."""
    salt = bcrypt.gensalt(cost or fitting_cost(password))
    return b"$2y$" + bcrypt.hashpw(password.encode(), salt)[4:]


def _names(content: bytes, notes: t.Mapping[bytes, str]) -> str:
    names = [line.partition(b":")[0] for line in content.splitlines() if b":" in line and not line.startswith(b"#")]
    return "".join(f"{name.decode(errors='backslashreplace')}{notes.get(name, '')}\n" for name in names)


__all__ = ("BCRYPT_ERROR", "COST_CHOSEN", "COST_GENERATED", "Plan", "User", "fitting_cost", "plan")
