# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of TRANSFER_OPTIONS in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """How a module that works on images talks to registries."""

    DOCUMENTATION = r"""
options:
  concurrency:
    description: How many requests run at the same time, and how many connections to a registry are open. From 1 to 64.
    type: int
    default: 8
  timeout:
    description: Seconds to wait for a connection, and for anything to arrive over it.
    type: float
    default: 60
  auth_file:
    description:
      - A file of the host with logins of registries, such as V(~/.docker/config.json) or V(/run/user/1000/containers/auth.json).
      - Its credentials, identity tokens and credential helpers are used where a record has no username.
      - A login for a part of a registry, such as V(registry.example.com/team), counts in M(edgeops.registry.image_sync) alone.
    type: path
notes:
  - What a registry wants its users to be told, by a C(Warning) header, is shown as a warning.
"""

    HTTP = r"""
options:
  allow_http:
    description: Whether registries with plain HTTP may be used, which shows the passwords to everybody on the way.
    type: bool
    default: false
notes:
  - Proxies are those of E(HTTP_PROXY), E(HTTPS_PROXY) and E(NO_PROXY) in the task's C(environment), by the rules of container engines. Registries whose record
    has C(addresses) are reached directly, and so is this host.
"""
