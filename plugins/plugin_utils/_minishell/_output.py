# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cmdlet gave, as plain data. This plugin util is private to the collection."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._redaction import redacted

_UNSUPPORTED = ("CommandNotFoundException", "NamedParameterNotFound", "ScriptsNotAllowed")
_OBJECT_NOT_FOUND = 13  # System.Management.Automation.ErrorCategory
_NOT_THERE = re.compile(r"not found|(does|do|did)( not|n't) exist|no such|there is no|unknown user", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class CmdletError:
    """An error record.

    :param identifier: its FullyQualifiedErrorId.
    :param category: its number in System.Management.Automation.ErrorCategory.
    """

    identifier: str
    message: str
    category: int = 0

    @property
    def is_unsupported(self) -> bool:
        """Whether the device does not know the cmdlet or its parameter."""
        return self.identifier.split(",", 1)[0] in _UNSUPPORTED

    def redacted(self, secrets: t.Iterable[str]) -> CmdletError:
        """The same without these secrets; the identifier of what a script throws is the text that it throws."""
        return dataclasses.replace(
            self, identifier=redacted(self.identifier, secrets), message=redacted(self.message, secrets)
        )

    def denies_user(self, name: str) -> bool:
        """Whether it says that there is no such user: by its category, or in words, since nobody documents which."""
        if self.is_unsupported:
            return False
        tells_whom = any(word in self.message.lower() for word in (name, "user"))
        return self.category == _OBJECT_NOT_FOUND or (tells_whom and bool(_NOT_THERE.search(self.message)))


@dataclasses.dataclass(frozen=True)
class Output:
    """What one run of a cmdlet gave.

    :param failed: whether it ended with a terminating error; the error is among `errors`.
    :param objects: the properties of each object, in order.
    :param text: lines, from strings and information records alike.
    """

    cmdlet: str
    failed: bool = False
    objects: tuple[t.Mapping[str, t.Any], ...] = ()
    text: tuple[str, ...] = ()
    errors: tuple[CmdletError, ...] = ()

    @property
    def secrets(self) -> list[str]:
        """The passwords in its objects."""
        return [str(item["Password"]) for item in self.objects if item.get("Password")]

    @property
    def is_unsupported(self) -> bool:
        """Whether the device has no such cmdlet."""
        return any(error.is_unsupported for error in self.errors)

    @property
    def says_nothing(self) -> bool:
        """Whether there is nothing in it, no error either."""
        return not (self.failed or self.objects or self.text or self.errors)

    def redacted(self, secrets: t.Iterable[str]) -> Output:
        """The same, whose errors hold none of these secrets, nor what they themselves call one."""
        return dataclasses.replace(self, errors=tuple(error.redacted(secrets) for error in self.errors))

    def check(self) -> Output:
        """The same, if it did not fail.

        :raises ProvisioningError: it failed.
        """
        if self.failed:
            raise self.failure()
        return self

    def check_complete(self) -> Output:
        """The same, if it neither failed nor complained.

        :raises ProvisioningError: it did.
        """
        if self.failed or self.errors:
            raise self.failure()
        return self

    def failure(self) -> ProvisioningError:
        """Its errors as one."""
        if self.is_unsupported:
            return ProvisioningError(
                f"not supported by this device: {self.cmdlet} ({self.complaint()})",
                reason="unsupported",
                remedy="Update the device's software, or do this step in its web page",
            )
        return ProvisioningError(
            f"{self.cmdlet} failed: {self.complaint() or 'the device does not say why'}",
            reason="io",
            remedy="Run it by hand in the device's PowerShell interface, and look at the device's alerts",
        )

    def complaint(self) -> str:
        """Its errors in the device's words."""
        return "; ".join(f"{error.message.strip().rstrip('.')} [{error.identifier}]" for error in self.errors)


def read_output(cmdlet: str, values: t.Iterable[t.Any], information: t.Iterable[t.Any], **rest: t.Any) -> Output:
    """Sort what a pipeline wrote.

    :param values: its output as pypsrp has it: strings, numbers, and objects with properties.
    :param information: the data of its information records, which Write-Host makes.
    :param rest: the other fields of `Output`.
    """
    objects: list[t.Mapping[str, t.Any]] = []
    lines: list[str] = []
    for value in values:
        properties = _properties(value)
        if properties is not None:
            objects.append(properties)
        elif value is not None:
            lines += str(value).splitlines()
    for data in information:
        lines += _information(data).splitlines()
    return Output(cmdlet, objects=tuple(objects), text=tuple(lines), **rest)


def _properties(value: object) -> dict[str, t.Any] | None:
    """Typed objects of .NET have adapted properties, custom ones have extended properties, and some have both."""
    if isinstance(value, t.Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    adapted, extended = getattr(value, "adapted_properties", None), getattr(value, "extended_properties", None)
    if adapted is None or extended is None:
        return None
    return {key: _plain(item) for key, item in {**adapted, **extended}.items()}


def _plain(value: object) -> object:
    """A value as JSON can have it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return _properties(value) or str(value)


def _information(data: object) -> str:
    properties = _properties(data)
    return str(data if properties is None else properties.get("Message", ""))


__all__ = ("CmdletError", "Output", "read_output")
