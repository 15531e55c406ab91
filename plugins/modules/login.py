#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins at registries."""

from __future__ import annotations

DOCUMENTATION = r"""
module: login
short_description: Log in to registries
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Keeps the credentials of registries where Docker, podman and their kin read them, for each user named.
  - Proves every record against its registry on every run, in check mode too. A password that does not work is an error and never replaces one in a file.
  - Needs no container engine. A file that belongs to a user is written as that user.
  - Files have mode 0600. Other logins, unknown keys, their order and the layout stay as they are, and a file that is no valid JSON is reported and left alone.
extends_documentation_fragment:
  - edgeops.registry.record
  - edgeops.registry.client
  - edgeops.registry.client.engines
  - edgeops.registry.client.http
  - edgeops.registry.client.login
  - edgeops.registry.attributes
  - edgeops.registry.attributes.platform
notes:
  - A record without a username is proven and writes nothing.
  - In C(config.json) the login stands under the endpoint as it is written in the record, as C(docker login) has it. Docker Hub keeps its own key.
  - Other spellings of the same registry, and logins by token, are replaced.
  - With O(state=absent) a file in which nothing is left is removed. An empty C(auths) may be gone, or be left, which means the same.
seealso:
  - module: edgeops.registry.hosts_entry
"""

EXAMPLES = r"""
- name: Log root and the build user in
  edgeops.registry.login:
    registries:
      - endpoint: registry.example.com:5000
        ca_certificates: ["{{ lookup('ansible.builtin.file', 'ca.crt') }}"]
        username: edge
        password: "{{ edge_password }}"
    users: [root, build]

- name: Log out
  edgeops.registry.login:
    registries:
      - endpoint: registry.example.com:5000
    users: [root, build]
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
      sample: {credentials: true}
    in_place:
      description: Whether its part is as O(state) wants it when the module ends.
      type: dict
      sample: {credentials: true}
    verify:
      description: What trying the record showed.
      type: dict
      contains:
        ok:
          description: Whether this host can use the registry; null where it was not tried.
          type: bool
        reason:
          description: Why not.
          type: str
          sample: unauthorized
        http_status:
          description: Status of the last answer; null where there was none.
          type: int
          sample: 200
        requests:
          description: HTTP requests that were made.
          type: int
          sample: 1
    certificate:
      description: The certificate that the registry showed; null without TLS, and where none could be trusted.
      type: dict
      sample: {not_after: "2027-12-01T00:00:00Z", days_left: 374, fingerprint: 5f2b...}
restart:
  description:
    - For each container engine, whether it runs and is older than settings that it reads when it starts. k3s and RKE2 have logins among them.
  returned: success and failure
  type: dict
  sample: {docker: false, k3s: true, podman: false}
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
      sample: credentials
    reason:
      description:
        - Of a registry V(unauthorized), V(untrusted), V(legacy_common_name), V(expired), V(clock), V(name_mismatch), V(unresolved),
          V(unreachable) or V(not_a_registry).
        - Of a file V(unparsable), V(conflict), V(unsupported), V(io), V(busy) or V(invalid).
      type: str
    msg:
      description: What is wrong.
      type: str
    remedy:
      description: What to do.
      type: str
"""

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._client import VERIFY, Options, provision
from ansible_collections.edgeops.registry.plugins.module_utils._client_argspec import client_options
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._module import run_module
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome


def use_case(params: dict[str, t.Any], settings: Settings) -> Outcome:
    """Carry out the options."""
    return provision(Options.from_params(params, parts=("credentials", VERIFY)), settings)


def main() -> None:
    """Entry point of the module."""
    run_module(client_options("runtimes", "users", "credential_store", "allow_http", "timeout"), use_case)


if __name__ == "__main__":
    main()
