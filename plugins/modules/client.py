#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of registries, whole."""

from __future__ import annotations

DOCUMENTATION = r"""
module: client
short_description: Make a host a client of container registries
version_added: 1.0.0
description:
  - Gives a host all that it needs to use some registries. The entry in its hosts file, the trust in their CA in the system's store and in
    that of each container engine, and the login in the auth files of each user.
  - Every record is tried against its registry before anything is written for it, in check mode too. What works today is never replaced by
    what does not. Afterwards the host's own resolver and its own trust are checked.
  - Files that belong to others are merged. Where one of them cannot be merged or written, nothing is written for the registry concerned.
  - In steady state it costs one HTTP request per registry and runs no other program.
author:
  - edgeops.registry contributors (@edgeops)
extends_documentation_fragment:
  - edgeops.registry.attributes
  - edgeops.registry.attributes.platform
  - edgeops.registry.record
  - edgeops.registry.client
  - edgeops.registry.client.engines
  - edgeops.registry.client.http
  - edgeops.registry.client.system_trust
  - edgeops.registry.client.login
options:
  parts:
    description:
      - What to do. V(hosts) is the entry in the hosts file, V(trust) the CA certificates and, with O(allow_http), the permission to do
        without TLS, V(mirrors) has container engines ask for images of other registries here first, V(credentials) are the logins.
      - V(verify) tries each record before anything is written, and checks the host's resolver afterwards. Without it no registry is asked.
      - V(verify) alone changes nothing, and fails for each part that is not in place.
    type: list
    elements: str
    choices: [hosts, trust, mirrors, credentials, verify]
    default: [hosts, trust, mirrors, credentials, verify]
  verify_image:
    description: An image that the record must be able to pull, such as V(team/app:1.0). One request for its manifest replaces the usual one.
    type: str
  on_failure:
    description:
      - V(fail) fails after all registries were worked on.
      - V(report) succeeds and returns RV(failures), so that handlers can run first. Fail on them afterwards.
    type: str
    choices: [fail, report]
    default: fail
  unreachable:
    description: What a registry that cannot be reached is. With V(warn) its files stay as they are, for hosts that are offline at times.
    type: str
    choices: [fail, warn]
    default: fail
seealso:
  - module: edgeops.registry.hosts_entry
  - module: edgeops.registry.ca_trust
  - module: edgeops.registry.login
"""

EXAMPLES = r"""
- name: Make this host a client of the registry of its site
  edgeops.registry.client:
    registries:
      - endpoint: registry.example.com:5000
        addresses: [192.0.2.10]
        ca_certificates: ["{{ lookup('ansible.builtin.file', 'ca.pem') }}"]
        username: fleet
        password: "{{ vault_fleet_password }}"

- name: Serve two users, and prove that they may pull an image
  edgeops.registry.client:
    registries: "{{ edge_registry_records }}"
    users: [root, alice]
    verify_image: team/app:1.0

- name: Have a node of Kubernetes send what is asked of docker.io to the site's registry, with a login for all of its pods
  edgeops.registry.client:
    registries:
      - endpoint: registry.example.com:5000
        addresses: [192.0.2.10]
        ca_certificates: ["{{ lookup('ansible.builtin.file', 'ca.pem') }}"]
        username: fleet
        password: "{{ vault_fleet_password }}"
        mirrors:
          - upstream: docker.io
            prefix: mirror/docker.io
    runtimes: [auto, kubelet]

- name: Prove that everything is in place, and change nothing
  edgeops.registry.client:
    registries: "{{ edge_registry_records }}"
    parts: [verify]

- name: Forget a registry
  edgeops.registry.client:
    registries:
      - endpoint: registry.example.com:5000
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
      description: For each of O(parts), whether it changed, or would in check mode.
      type: dict
      sample: {hosts: false, trust: true, mirrors: false, credentials: false}
    in_place:
      description: For each of O(parts), whether it is as O(state) wants it when the module ends.
      type: dict
      sample: {hosts: true, trust: true, mirrors: true, credentials: true}
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
runtimes:
  description: The container engines that are served.
  returned: success and failure
  type: list
  elements: str
  sample: [docker]
restart:
  description: For each container engine, whether it runs and is older than settings that it reads when it starts.
  returned: success and failure
  type: dict
  sample: {docker: false, containerd: false, k3s: true, podman: false}
msg:
  description: All of RV(failures) as one text, empty where there is none.
  returned: failure, and with O(on_failure=report)
  type: str
failures:
  description: Everything that went wrong.
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
left_out:
  description: What there was nothing to do for.
  returned: success and failure
  type: list
  elements: dict
  contains:
    registry:
      description: The registry that it concerns.
      type: str
    part:
      description: The part that was left out.
      type: str
    msg:
      description: Why.
      type: str
"""

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._client import Options, provision
from ansible_collections.edgeops.registry.plugins.module_utils._client_argspec import ALL, client_options
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._module import run_module
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome


def use_case(params: dict[str, t.Any], settings: Settings) -> Outcome:
    """Carry out the options."""
    return provision(Options.from_params(params), settings)


def main() -> None:
    """Entry point of the module."""
    run_module(client_options(*ALL), use_case)


if __name__ == "__main__":
    main()
