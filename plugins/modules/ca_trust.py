#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust in the CA certificates of registries."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ca_trust
short_description: Trust the CA certificates of registries
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Makes the system's trust store and each container engine trust the CA certificates of registries. The store's program is run only where the
    store's state says that it must, and the result is proven.
  - One certificate is one file, named by the record and the certificate's fingerprint. What a record does not list any more goes.
  - Each CA certificate must be one, and be valid now. No registry is asked; M(edgeops.registry.client) does that, and everything else too.
extends_documentation_fragment:
  - edgeops.registry.attributes
  - edgeops.registry.attributes.platform
  - edgeops.registry.record
  - edgeops.registry.client
  - edgeops.registry.client.engines
  - edgeops.registry.client.http
  - edgeops.registry.client.system_trust
notes:
  - Known are the stores of Debian, Red Hat, SUSE, Alpine, Arch and their kin.
seealso:
  - module: edgeops.registry.client
"""

EXAMPLES = r"""
- name: Trust the CA of a registry
  edgeops.registry.ca_trust:
    registries:
      - endpoint: registry.example.com:5000
        ca_certificates: ["{{ lookup('ansible.builtin.file', 'ca.pem') }}"]

- name: Trust it in podman alone
  edgeops.registry.ca_trust:
    registries: "{{ edge_registry_records }}"
    runtimes: [podman]
    system_trust: false

- name: Trust it no more
  edgeops.registry.ca_trust:
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
      description: Whether something changed, or would in check mode.
      type: bool
    in_place:
      description: Whether everything is as O(state) wants it when the module ends.
      type: bool
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
      description: The step.
      type: str
      sample: trust
    reason:
      description: The kind of failure, such as V(expired), V(clock), V(untrusted), V(unsupported) or V(io).
      type: str
    msg:
      description: What is wrong.
      type: str
    remedy:
      description: What to do.
      type: str
"""

import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._client import Options, provision
from ansible_collections.edgeops.registry.plugins.module_utils._client_argspec import client_options
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._module import run_module
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome


def trust(params: dict[str, t.Any], settings: Settings) -> Outcome:
    """The part `trust` of a client, alone."""
    outcome = provision(Options.from_params(params, parts=("trust",)), settings)
    registries = [
        {
            "endpoint": entry["endpoint"],
            "changed": entry["changed"]["trust"],
            "in_place": entry["in_place"]["trust"],
        }
        for entry in outcome.facts["registries"]
    ]
    facts = {name: outcome.facts[name] for name in ("runtimes", "restart", "failures")}
    return dataclasses.replace(outcome, facts={"registries": registries, **facts})


def main() -> None:
    """Run the module."""
    run_module(client_options("system_trust", "runtimes", "users", "allow_http"), trust)


if __name__ == "__main__":
    main()
