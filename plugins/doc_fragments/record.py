# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options in module_utils/_argspec.py."""

from __future__ import annotations

import textwrap
import typing as t

_SUBOPTIONS = r"""
suboptions:
  schema:
    description: Version of the record's layout. A newer one is refused.
    type: int
    default: 1
  name:
    description: Names the files and markers made for this registry. By default made from O({option}.endpoint).
    type: str
  endpoint:
    description:
      - The registry exactly as clients name it, with its port, for example V(registry.example.com:5000) or V([2001:db8::10]:5000).
    type: str
    required: true
  scheme:
    description: V(http) only where the consumer permits it explicitly; there is no way to skip verification.
    type: str
    choices: [https, http]
    default: https
  addresses:
    description: IP addresses of the registry, at most one per family. Empty where DNS resolves its name.
    type: list
    elements: str
    default: []
  ca_certificates:
    description: CA certificates in PEM that vouch for the registry. Empty for a public CA, two during a rotation.
    type: list
    elements: str
    default: []
  username:
    description: User of the registry. Goes with O({option}.password); without both, access is anonymous.
    type: str
  password:
    description: Password of O({option}.username).
    type: str
  mirrors:
    description: Upstream registries that this one stands in for.
    type: list
    elements: dict
    default: []
    suboptions:
      upstream:
        description: Host of the upstream, for example V(docker.io).
        type: str
        required: true
      prefix:
        description: Repository path under which the images of the upstream lie here.
        type: str
        default: ''
"""


def _option(name: str, kind: str, description: str) -> str:
    path = f"{name}[]" if "elements" in kind else name
    suboptions = textwrap.indent(_SUBOPTIONS.replace("{option}", path), "    ")
    return f"options:\n  {name}:\n    description: {description}\n{kind}{suboptions}"


_REQUIRED_LIST = "    required: true\n    type: list\n    elements: dict\n"
_REQUIRED = "    required: true\n    type: dict\n"
_OPTIONAL = "    type: dict\n"
_OPTIONAL_LIST = "    type: list\n    elements: dict\n    default: []\n"


class ModuleDocFragment:
    """The registry record as an option."""

    DOCUMENTATION: t.ClassVar[str] = _option(
        "registries", _REQUIRED_LIST, "The registries, as records that role registry publishes."
    )
    REGISTRY: t.ClassVar[str] = _option(
        "registry", _REQUIRED, "The registry, as a record that role registry publishes."
    )
    TARGET: t.ClassVar[str] = _option(
        "registry", _OPTIONAL, "The registry that the images go to, as a record that role registry publishes."
    )
    SINCE_REGISTRY: t.ClassVar[str] = _option(
        "since_registry",
        _OPTIONAL,
        "The registry at the other end, where this host can reach it. What it has is left out of the bundle.",
    )
    SOURCES: t.ClassVar[str] = _option(
        "sources",
        _OPTIONAL_LIST,
        "Records of the registries that images come from, where more than their name is needed, such as credentials or a CA.",
    )
