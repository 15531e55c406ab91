#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry is and has."""

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_info
short_description: Say whether a registry works, how it is secured, and what it has
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Tries a record against its registry as its clients would, and says why it does not work where it does not.
  - Tells the end of the certificate, how the registry wants to know its users, and its repositories, with their tags if asked for.
  - Changes nothing.
options:
  gather:
    description:
      - How far to look.
      - V(registry) asks for no repositories, V(repositories) for their names, V(tags) for their tags too, at one request each.
    type: str
    choices: [registry, repositories, tags]
    default: repositories
  limit:
    description: How many repositories are returned at most.
    type: int
    default: 1000
  on_failure:
    description:
      - V(fail) fails where the record does not work, or the registry does not tell its repositories.
      - V(report) says so in RV(failures) and goes on.
    type: str
    choices: [fail, report]
    default: fail
  timeout:
    description: Seconds to wait for a connection, and for anything to arrive over it.
    type: float
    default: 10
extends_documentation_fragment:
  - edgeops.registry.record.registry
  - edgeops.registry.transfer.http
  - edgeops.registry.attributes
  - edgeops.registry.attributes.platform
attributes:
  diff_mode:
    support: N/A
    details: Nothing changes.
seealso:
  - module: edgeops.registry.image_info
  - module: edgeops.registry.client
"""

EXAMPLES = r"""
- name: Look at the registry
  edgeops.registry.registry_info:
    registry: "{{ registry_record }}"
  register: site_registry

- name: Warn a month before its certificate ends
  ansible.builtin.assert:
    that: site_registry.certificate.days_left > 30

- name: Ask for the tags too, and go on where the registry is down
  edgeops.registry.registry_info:
    registry:
      endpoint: registry.example.com:5000
      addresses: [192.0.2.10]
      ca_certificates: ["{{ lookup('ansible.builtin.file', 'edge-ca.crt') }}"]
      username: edge
      password: "{{ vault_edge_password }}"
    gather: tags
    on_failure: report
"""

RETURN = r"""
endpoint:
  description: The registry.
  returned: unless an option is invalid
  type: str
  sample: registry.example.com:5000
verify:
  description: What trying the record showed.
  returned: unless an option is invalid
  type: dict
  contains:
    ok:
      description: Whether this host can use the registry.
      type: bool
      sample: true
    reason:
      description:
        - Why not, empty otherwise.
        - One of V(unauthorized), V(untrusted), V(legacy_common_name), V(expired), V(clock), V(name_mismatch), V(unresolved), V(unreachable), V(not_a_registry).
      type: str
      sample: ''
    http_status:
      description: Status of the last answer; null where there was none.
      type: int
      sample: 200
    requests:
      description: HTTP requests that were made for it.
      type: int
      sample: 1
authentication:
  description: How the registry wants to know who asks, such as V(basic) or V(bearer). Empty where it serves everybody, or was not reached.
  returned: unless an option is invalid
  type: list
  elements: str
  sample: [basic]
server:
  description: What the registry, or the proxy before it, calls itself. Empty where it does not say.
  returned: unless an option is invalid
  type: str
  sample: nginx
certificate:
  description: The certificate that the registry showed; null without TLS, and where none could be trusted.
  returned: unless an option is invalid
  type: dict
  contains:
    not_after:
      description: End of its validity.
      type: str
      sample: "2027-12-01T00:00:00Z"
    days_left:
      description: Whole days until then.
      type: int
      sample: 374
    fingerprint:
      description: SHA-256 over its DER form.
      type: str
      sample: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    names:
      description: The names and addresses that it is for. Missing where the certificate is refused.
      type: list
      elements: str
      sample: [registry.example.com]
    subject:
      description: Whom it is for. Missing where the certificate is refused.
      type: str
      sample: commonName=registry.example.com
    issuer:
      description: Who made it. Missing where the certificate is refused.
      type: str
      sample: commonName=Edge CA
ca_certificates:
  description: The certificate authorities of the record.
  returned: unless an option is invalid
  type: list
  elements: dict
  sample: [{fingerprint: 5f2b..., not_after: "2036-12-01T00:00:00Z", days_left: 3661}]
repositories:
  description: The repositories; each with its tags where O(gather=tags).
  returned: unless an option is invalid
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: team/app
    tags:
      description: Its tags.
      returned: where O(gather=tags)
      type: list
      elements: str
      sample: ["1.0"]
truncated:
  description: Whether there are more repositories than O(limit).
  returned: unless an option is invalid
  type: bool
  sample: false
msg:
  description: RV(failures) as a text, empty where there is none.
  returned: failure, and with O(on_failure=report)
  type: str
  sample: ''
failures:
  description: What does not work.
  returned: unless an option is invalid
  type: list
  elements: dict
  sample: []
  contains:
    registry:
      description: Endpoint of the registry.
      type: str
      sample: registry.example.com:5000
    part:
      description: Always empty.
      type: str
      sample: ''
    reason:
      description: As RV(verify.reason).
      type: str
      sample: unauthorized
    msg:
      description: What is wrong.
      type: str
      sample: it refuses username and password
    remedy:
      description: What to do about it.
      type: str
      sample: Correct them in the record
"""

from ansible_collections.edgeops.registry.plugins.module_utils._argspec import ArgumentSpec, record_option
from ansible_collections.edgeops.registry.plugins.module_utils._module import run_module
from ansible_collections.edgeops.registry.plugins.module_utils._registry_info import describe_registry

ARGUMENT_SPEC: ArgumentSpec = {
    "registry": record_option(),
    "gather": {"type": "str", "choices": ["registry", "repositories", "tags"], "default": "repositories"},
    "limit": {"type": "int", "default": 1000},
    "on_failure": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
    "timeout": {"type": "float", "default": 10},
    "allow_http": {"type": "bool", "default": False},
}


def main() -> None:
    """Entry point."""
    run_module(ARGUMENT_SPEC, describe_registry)


if __name__ == "__main__":
    main()
