#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of an Azure Stack Edge; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_stack_edge_info
short_description: Read the state of an Azure Stack Edge and of its container registry
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Reads the appliance, the compute role, the health of Kubernetes, the registry and the namespaces of a device in one session.
  - Runs cmdlets that read, and C(Test-HcsKubernetesStatus).
options:
  credentials:
    description: Return the registry's password too. Ansible then does not show the result.
    type: bool
    default: false
extends_documentation_fragment:
  - edgeops.registry.minishell
  - edgeops.registry.attributes
  - edgeops.registry.attributes.controller
attributes:
  diff_mode:
    support: none
    description: Changes nothing.
seealso:
  - module: edgeops.registry.azure_stack_edge
"""

EXAMPLES = r"""
- name: Read the state of a device
  edgeops.registry.azure_stack_edge_info:
    remote_addr: 192.0.2.20
    remote_password: "{{ vaulted_device_password }}"
    fingerprint: "{{ device_fingerprint }}"
  register: device

- name: Tell whether its registry is on
  ansible.builtin.debug:
    msg: "{{ 'on' if device.registry_on else 'off' }}"
"""

RETURN = r"""
appliance:
  description: The properties of the appliance by the device's own names, empty where this release does not tell them.
  returned: success
  type: dict
  sample: {SerialNumber: SERIAL1, FriendlyName: device, IsRegistered: true, SystemState: Initialized}
compute_role:
  description: The properties of the compute role by the device's own names, empty where compute is not configured.
  returned: success
  type: dict
  sample: {Name: IotRole, RoleStatus: Enabled}
kubernetes:
  description: The health of Kubernetes.
  returned: success
  type: dict
  contains:
    healthy:
      description: V(null) where this release cannot tell.
      type: bool
      sample: true
    complaint:
      description: What the device complains of.
      type: str
      sample: ""
registry:
  description: The registry record, without its password unless O(credentials=true), and without certificates. V(null) where the registry is off, and where
    the device tells half of it.
  returned: success
  type: dict
  sample: {endpoint: "ecr.device.example.com:31001", addresses: [192.0.2.44], username: ase-ecr-user}
registry_on:
  description: Whether the device tells anything of its registry, which is half of it at times.
  returned: success
  type: bool
  sample: true
registry_complaint:
  description:
    - What the device complains of when it is asked for its registry, and what it leaves out where it tells half of it.
    - Where RV(registry) is V(null) and this is not empty, the registry may be on all the same.
  returned: success
  type: str
  sample: ""
registry_removable:
  description: Whether this release has a cmdlet that disables the registry.
  returned: success
  type: bool
  sample: false
namespaces:
  description: The namespaces of its Kubernetes, V(null) where this release cannot list them.
  returned: success
  type: list
  elements: str
  sample: [default, kube-system, shop]
"""
