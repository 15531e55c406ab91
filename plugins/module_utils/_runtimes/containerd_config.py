# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Having containerd read its directory of registries. This module util is private to the collection.

Its settings belong to others: where they do not name the directory, a file of ours that they import does. containerd 1
replaces a plugin's settings as a whole with those of an import, so that there ours must be the only ones.
"""

from __future__ import annotations

import functools
import glob
import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.claims import (
    Content,
    OwnFile,
    claims_of,
    is_ours,
)
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.containerd_settings import (
    PLUGINS,
    ContainerdSettings,
    read_settings,
)
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import Engine

_OLDEST = 2
"""The layout that containerd 1 and 2 read."""
_MERGING = 3
"""The first layout of containerd 2, which merges what it imports."""
_KNOWING = 4
"""The first layout of a containerd that reads the directory by itself."""


def trust(records: t.Iterable[Record], engine: Engine) -> list[FilePlan]:
    """Plans that have containerd read the directory for registries that it would not trust otherwise."""
    return _present("trust", records, engine, lambda record: bool(record.ca_certificates) or record.scheme == "http")


def mirrors(records: t.Iterable[Record], engine: Engine) -> list[FilePlan]:
    """Plans that have containerd read the directory for registries that stand in for others."""
    return _present("mirrors", records, engine, lambda record: bool(record.mirrors))


def absent(part: str, endpoints: t.Iterable[Endpoint], engine: Engine) -> list[FilePlan]:
    """Plans that withdraw what one of these wanted."""
    paths = (engine.runtime.config_toml, engine.runtime.drop_in)
    files = [place.path for path in paths for place in engine.places(path)]
    return [
        FilePlan(
            path,
            functools.partial(_own_file(path, _settings(path).version, engine).take, claims={_claim_of(key, part)}),
            owner=key,
        )
        for path in files
        for key in map(str, endpoints)
        if _claim_of(key, part) in claims_of(path)
    ]


def _present(
    part: str, records: t.Iterable[Record], engine: Engine, is_needed: t.Callable[[Record], bool]
) -> list[FilePlan]:
    plans = []
    for record in records:
        if is_needed(record):
            plans += [_wanted(record, part, place.path, engine) for place in engine.places(engine.runtime.config_toml)]
        else:
            plans += absent(part, [record.endpoint], engine)
    return plans


def _wanted(record: Record, part: str, main: str, engine: Engine) -> FilePlan:
    key, content = str(record.endpoint), _read(main)
    if not content.strip() or is_ours(content):
        return _claim(key, part, main, _OLDEST, engine)
    try:
        settings = _settings(main)
        imported = [_settings(path) for path in _imports(settings, engine)]
        needs_ours = _needs_drop_in(main, settings, imported, engine)
    except ProvisioningError as error:
        return FilePlan(main, functools.partial(_refuse, error), owner=key)
    if needs_ours:
        return _claim(key, part, engine.root + engine.runtime.drop_in, settings.version, engine)
    return FilePlan(os.path.realpath(main), lambda before: before, owner=key)


def _needs_drop_in(
    main: str, settings: ContainerdSettings, imported: t.Sequence[ContainerdSettings], engine: Engine
) -> bool:
    """Whether a file of ours has to name the directory.

    :raises ProvisioningError: the settings exclude it, and are not ours to change.
    """
    directory, everything = engine.runtime.certificates, [settings, *imported]
    table = f'[plugins."{PLUGINS[settings.version]}".registry]'
    if any(one.has_mirrors for one in everything):
        raise ProvisioningError(
            f"{main} has mirrors or certificates of registries in {table}: with them, containerd accepts no config_path",
            reason="conflict",
            remedy=f'Take them out, put config_path = "{directory}" there, and restart containerd',
        )
    paths = [one.config_path for one in everything if one.config_path]
    if paths and directory not in paths[-1].split(":"):
        raise ProvisioningError(
            f"containerd looks for registries in {paths[-1]}, as config_path in {main} says, and not in {directory}",
            reason="conflict",
            remedy=f'Make it config_path = "{directory}:{paths[-1]}", and restart containerd',
        )
    if paths or settings.version >= _KNOWING:
        return False
    is_imported = settings.imports_file(engine.runtime.drop_in, os.path.dirname(engine.runtime.config_toml))
    if is_imported and (settings.version >= _MERGING or not any(one.has_plugin for one in everything)):
        return True
    raise ProvisioningError(
        f"{main} does not have containerd look for registries in {directory}, and a file beside it cannot",
        reason="unsupported",
        remedy=f'Put config_path = "{directory}" into its table {table}, and restart containerd',
    )


def _imports(settings: ContainerdSettings, engine: Engine) -> list[str]:
    """The files that are imported, but for ours."""
    directory = os.path.dirname(engine.runtime.config_toml)
    patterns = [engine.root + os.path.join(directory, pattern) for pattern in settings.imports]
    found = dict.fromkeys(path for pattern in patterns for path in sorted(glob.glob(pattern)))
    return [path for path in found if path != engine.root + engine.runtime.drop_in]


def _claim_of(key: str, part: str) -> str:
    return f"{key} {part}"


def _claim(key: str, part: str, path: str, version: int, engine: Engine) -> FilePlan:
    claim = _claim_of(key, part)
    render = functools.partial(_own_file(path, version, engine).put, claim=claim, block="", order=[claim])
    return FilePlan(path, render, owner=key)


def _own_file(path: str, version: int, engine: Engine) -> OwnFile:
    table = f'[plugins."{PLUGINS[version]}".registry]'
    return OwnFile(path, head=f'version = {version}\n\n{table}\nconfig_path = "{engine.runtime.certificates}"\n')


def _settings(path: str) -> ContainerdSettings:
    return read_settings(_read(path).decode("utf-8", errors="replace"), path)


def _refuse(error: ProvisioningError, dummy: Content) -> t.NoReturn:
    raise error


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return b""


__all__ = ("absent", "mirrors", "trust")
