# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containerd's settings say of registries. This module util is private to the collection.

Only what matters here is read, and what cannot be read for certain is refused: TOML has no reader before Python 3.11.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import os
import re

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

_STRING = r"(?:\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')"
_COMMENT = re.compile(rf"({_STRING})|#[^\n]*")
_TABLE = re.compile(rf"^[ \t]*\[((?:{_STRING}|[\w.\- \t])+)\][ \t]*$", re.MULTILINE)
_VERSION = re.compile(r"^[ \t]*version[ \t]*=[ \t]*([0-9]+)[ \t]*$", re.MULTILINE)
_IMPORTS = re.compile(r"^[ \t]*imports[ \t]*=[ \t]*\[([^\]]*)\]", re.MULTILINE)
_CONFIG_PATH = re.compile(rf"^[ \t]*config_path[ \t]*=[ \t]*({_STRING})[ \t]*$", re.MULTILINE)
_CONDENSED = re.compile(
    r"^[^\[\n=]*\b(?:plugins|registry|mirrors|grpc\.v1\.cri|cri\.v1\.images)\b[^\n=]*=", re.MULTILINE
)

PLUGINS = {2: "io.containerd.grpc.v1.cri", 3: "io.containerd.cri.v1.images", 4: "io.containerd.cri.v1.images"}
"""The plugin that pulls images, by the version of the settings' layout."""


@dataclasses.dataclass(frozen=True)
class ContainerdSettings:
    """What one file says.

    :param version: of its layout; 1 where it says none.
    :param imports: paths or patterns of further files.
    :param config_path: directories with a directory for each registry, separated by colons; empty where it names none.
    :param has_plugin: whether it has settings of the plugin that pulls images.
    :param has_mirrors: whether it has mirrors, or certificates of registries, in the layout that excludes a `config_path`.
    """

    version: int
    imports: tuple[str, ...]
    config_path: str
    has_plugin: bool
    has_mirrors: bool

    def imports_file(self, path: str, directory: str) -> bool:
        """Whether a file is among the imports.

        :param directory: what the imports are relative to.
        """
        return any(fnmatch.fnmatchcase(path, os.path.join(directory, pattern)) for pattern in self.imports)


def read_settings(text: str, path: str) -> ContainerdSettings:
    """Read a `config.toml`.

    :param path: for errors.
    :raises ProvisioningError: it is laid out in a way that is not understood.
    """
    bare = _COMMENT.sub(lambda found: found.group(1) or "", text)
    tables = _tables(bare)
    version = _version(tables[0][1], path)
    prefix = f"plugins.{PLUGINS[version]}"
    ours = [(name, body) for name, body in tables if name == prefix or name.startswith(f"{prefix}.")]
    registry = "".join(body for name, body in ours if name == f"{prefix}.registry")
    found = _CONFIG_PATH.search(registry)
    if _CONDENSED.search(bare) or bool(found) != bool(re.search(r"^\s*config_path\b", registry, re.MULTILINE)):
        raise _unclear(path, "has its settings of registries in a form that is not understood")
    imports = _IMPORTS.search(tables[0][1])
    return ContainerdSettings(
        version=version,
        imports=tuple(item[1:-1] for item in re.findall(_STRING, imports.group(1))) if imports else (),
        config_path=found.group(1)[1:-1] if found else "",
        has_plugin=bool(ours),
        has_mirrors=any(_is_mirror(name[len(prefix) :], body) for name, body in ours),
    )


def _tables(text: str) -> list[tuple[str, str]]:
    """Name, without quotes and blanks, and body of each table; the first one has no name."""
    parts = _TABLE.split(text)
    names = ["", *(re.sub(r"[\"'\s]", "", name) for name in parts[1::2])]
    return list(zip(names, parts[::2]))


def _version(top: str, path: str) -> int:
    found = _VERSION.search(top)
    version = int(found.group(1)) if found else 1
    if version not in PLUGINS:
        raise _unclear(path, f"is in version {version} of its layout")
    return version


def _is_mirror(name: str, body: str) -> bool:
    if name in (".registry.mirrors", ".registry.configs"):
        return bool(body.strip())
    return name.startswith(".registry.mirrors.") or (name.startswith(".registry.configs.") and name.endswith(".tls"))


def _unclear(path: str, what: str) -> ProvisioningError:
    return ProvisioningError(
        f"{path} {what}",
        reason="unparsable",
        remedy="Have containerd convert it with 'containerd config migrate', or leave containerd out of runtimes",
    )


__all__ = ("PLUGINS", "ContainerdSettings", "read_settings")
