# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception family. This module util is private to the collection."""

from __future__ import annotations

import sys
import typing as t

PROBE_REASONS = (
    "unauthorized",
    "untrusted",
    "legacy_common_name",
    "expired",
    "clock",
    "name_mismatch",
    "unresolved",
    "unreachable",
    "not_a_registry",
)
"""Why a registry could not be used, as every module reports it."""

REASONS = (
    *PROBE_REASONS,
    "invalid",
    "unparsable",
    "conflict",
    "unsupported",
    "io",
    "busy",
    "forbidden",
    "timeout",
    "digest_mismatch",
    "unsigned",
)
"""The closed vocabulary of RV(failures[].reason)."""


class ProvisioningError(Exception):
    """A failure with its place, its cause and its remedy.

    :param message: what is wrong, without any value that may be secret.
    :param reason: one of `REASONS`.
    :param registry: the endpoint that was being worked on, empty where none was.
    :param part: the step: an option's name, a part of the client, an image.
    :param remedy: what the reader should do, as a sentence.
    """

    def __init__(
        self, message: str, *, reason: str = "invalid", registry: str = "", part: str = "", remedy: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.registry = registry
        self.part = part
        self.remedy = remedy

    def __str__(self) -> str:
        place = ", ".join(word for word in (self.registry, self.part) if word)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text}. {self.remedy}" if self.remedy else text

    def at(self, *, registry: str = "", part: str = "") -> ProvisioningError:
        """The same failure with its place filled in where it was not known."""
        return ProvisioningError(
            self.message,
            reason=self.reason,
            registry=self.registry or registry,
            part=self.part or part,
            remedy=self.remedy,
        )

    def as_failure(self) -> dict[str, str]:
        """An item of RV(failures)."""
        return {
            "registry": self.registry,
            "part": self.part,
            "reason": self.reason,
            "msg": self.message,
            "remedy": self.remedy,
        }

    @classmethod
    def from_failure(cls, failure: t.Mapping[str, str]) -> ProvisioningError:
        """The inverse of `as_failure`."""
        return cls(
            failure["msg"],
            reason=failure["reason"],
            registry=failure["registry"],
            part=failure["part"],
            remedy=failure["remedy"],
        )


def missing_library(name: str, remedy: str = "") -> ProvisioningError:
    """The error where a Python package is not there.

    :param remedy: what to do, where it is more than to install it.
    """
    return ProvisioningError(
        f"the Python package {name} is missing for {sys.executable}",
        reason="unsupported",
        remedy=remedy or f"Install it there: pip install {name}",
    )


__all__ = ("PROBE_REASONS", "REASONS", "ProvisioningError", "missing_library")
