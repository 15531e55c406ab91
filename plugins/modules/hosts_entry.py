#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts entries of registries."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hosts_entry
short_description: Name registries in the hosts file
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Makes a host find registries by name where no DNS does, with one line per name and address family in the hosts file.
  - Every other byte of the file stays as it is, such as comments, tabs, CRLF line ends, an encoding other than UTF-8 or a missing final newline.
  - A bind-mounted hosts file, as containers have it, is written in place, any other is replaced atomically.
  - A registry without addresses, or whose endpoint is an address, needs no line.
extends_documentation_fragment:
  - edgeops.registry.record
  - edgeops.registry.client
  - edgeops.registry.attributes
  - edgeops.registry.attributes.platform
notes:
  - A line that somebody else wrote and that gives the name another address of the same family is an error which names the line.
    It would win over a line of ours, and only its author knows whether it is right.
  - Where somebody else's line already gives the name the wanted address, nothing is written.
  - The comment at the end of a line of ours names the endpoints that need it. Keep it, V(absent) finds the line by it.
seealso:
  - module: edgeops.registry.login
"""

EXAMPLES = r"""
- name: Find the registry by its name
  edgeops.registry.hosts_entry:
    registries:
      - endpoint: registry.example.com:5000
        addresses: [192.0.2.10]

- name: Forget a registry that was replaced
  edgeops.registry.hosts_entry:
    registries:
      - endpoint: old-registry.example.com:5000
    state: absent
"""

RETURN = r"""
registries:
  description: What became of each registry, in the order of O(registries).
  returned: success and failure
  type: list
  elements: dict
  contains:
    endpoint:
      description: The registry.
      type: str
      sample: registry.example.com:5000
    changed:
      description: Whether its part changed, or would in check mode.
      type: dict
      sample: {hosts: true}
    in_place:
      description: Whether its part is as O(state) wants it when the module ends.
      type: dict
      sample: {hosts: true}
failures:
  description: Everything that went wrong. The module fails if there is anything.
  returned: success and failure
  type: list
  elements: dict
  contains:
    registry:
      description: The registry that it concerns.
      type: str
    part:
      description: The part that it concerns.
      type: str
      sample: hosts
    reason:
      description: The kind of failure, such as V(conflict) or V(io).
      type: str
    msg:
      description: What is wrong.
      type: str
    remedy:
      description: What to do.
      type: str
"""

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._client import Options, provision
from ansible_collections.edgeops.registry.plugins.module_utils._client_argspec import client_options
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._module import run_module
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome


def use_case(params: dict[str, t.Any], settings: Settings) -> Outcome:
    """Carry out the options."""
    return provision(Options.from_params(params, parts=("hosts",), runtimes=(), users=(), allow_http=True), settings)


def main() -> None:
    """Entry point of the module."""
    run_module(client_options(), use_case)


if __name__ == "__main__":
    main()
