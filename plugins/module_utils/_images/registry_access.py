# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry as the options of a module name it. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.catalog import Catalog
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.registries import Registries
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter, Transport
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.limits import thread_count
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand


@dataclasses.dataclass(frozen=True)
class Access:
    """A registry, opened as one identity.

    :param concurrency: how many threads, and so connections, are to be used at most.
    """

    record: Record
    catalog: Catalog
    meter: Meter
    concurrency: int
    _transport: Transport
    _registries: Registries

    @property
    def warnings(self) -> list[str]:
        """What the registry wants its users to be told."""
        return self._registries.notices.lines()

    def repository(self, name: str) -> Repository:
        """A repository, to be written to."""
        return Repository(self._transport, name, self.meter, push=True)


@contextlib.contextmanager
def open_registry(params: t.Mapping[str, t.Any], run_command: RunCommand) -> t.Iterator[Access]:
    """The registry of the options `registry`, `auth_file`, `allow_http`, `concurrency` and `timeout`; nothing is asked yet.

    :param run_command: asks credential helpers.
    :raises ProvisioningError: an option is wrong.
    """
    record, meter = Record.parse(params["registry"], "registry"), Meter()
    concurrency = thread_count(params)
    with contextlib.closing(Registries.of(params, run_command)) as registries:
        transport = registries.transport(record, "")
        yield Access(record, Catalog(transport, meter), meter, concurrency, transport, registries)


def select_repositories(catalog: Catalog, patterns: t.Sequence[str]) -> list[str]:
    """The repositories that some patterns name, in order; those without `*` and `?` need not be in the catalog.

    :raises ProvisioningError: the registry does not tell its repositories.
    """
    globs = [pattern for pattern in patterns if is_glob(pattern)]
    found = set(patterns).difference(globs)
    if globs:
        found.update(name for name in catalog.repositories() if matches(name, globs))
    return sorted(found)


def parse_pattern(text: str, part: str) -> str:
    """Check the name, or the pattern of names, of a repository.

    :param part: how errors name the place.
    :raises ProvisioningError: it is neither.
    """
    name = text.replace("*", "x").replace("?", "x")
    if ImageName.parse(name, part=part).repository != name:
        raise ProvisioningError(f"{text!r} is more than a repository", part=part, remedy="Leave tag and digest out")
    return text


def is_glob(pattern: str) -> bool:
    """Whether it is a pattern and no name."""
    return "*" in pattern or "?" in pattern


def matches(name: str, patterns: t.Iterable[str]) -> bool:
    """Whether a name is one of, or fits one of, some names and patterns; `*` fits `/` too."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


__all__ = ("Access", "is_glob", "matches", "open_registry", "parse_pattern", "select_repositories")
