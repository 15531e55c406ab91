#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces of an Azure Stack Edge; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_stack_edge_namespace
short_description: Make namespaces of an Azure Stack Edge, their users and the users' kubeconfigs
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Makes namespaces in the Kubernetes of a device, and users who administer them, and writes or returns the users' kubeconfigs.
  - Users are known by the kubeconfig that the device gives for them. Whether a user may use a namespace is asked of Kubernetes itself with that
    kubeconfig, so a kubeconfig that is returned or written works.
  - The device puts its pull secret C(ase-ecr-credentials) into each namespace by itself. Whether it gives it the new password when its registry is enabled
    anew is not documented. Where the secret still has another one, it is replaced there, as a user of the namespace.
options:
  namespaces:
    description: The namespaces, each once.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: A DNS label, and none that the device reserves for itself.
        type: str
        required: true
      users:
        description: Users to administer it, made where they are missing. V(aseuser) is reserved by the device.
        type: list
        elements: str
        default: []
  state:
    description:
      - V(present) makes what is missing, and takes no access away.
      - V(absent) removes the namespaces with all that is in them, where this release of the device can. Users stay, since no documented cmdlet removes one.
    type: str
    choices: [present, absent]
    default: present
  kubeconfig_directory:
    description:
      - Directory on the controller for files named C(USER.kubeconfig), mode 0600. It is made where it is missing.
      - A file that is damaged, or for another cluster, is written anew. One that was made for somebody else is refused.
      - Without it the kubeconfigs are returned, and Ansible does not show the result.
    type: path
  renew_before:
    description: Days before the end of the certificate in a file from which the file is written anew with what the device gives then.
    type: int
    default: 30
  kubernetes_address:
    description:
      - IP address of the Kubernetes API, whose port the controller must reach.
      - By default the one that the device tells for its registry, which is the Kubernetes main node, else what the name in the kubeconfig resolves to.
    type: str
    default: ""
  verify_image:
    description:
      - An image of the device's registry, such as V(team/app:1.0).
      - In each namespace that has a user, a pod that pulls it with the device's pull secret has to get as far as running. The pod is removed.
      - Not done in check mode.
    type: str
    default: ""
  poll_interval:
    description: Seconds between two looks at the pod, and between two sessions where one is lost.
    type: float
    default: 5
extends_documentation_fragment:
  - edgeops.registry.minishell
  - edgeops.registry.attributes
  - edgeops.registry.attributes.controller
notes:
  - In check mode only cmdlets that read are run, and those that would change something are shown.
  - Where the device cannot list namespaces, give each namespace a user. The user's access is then what tells that it is there.
seealso:
  - module: edgeops.registry.azure_stack_edge
"""

EXAMPLES = r"""
- name: Give a team a namespace
  edgeops.registry.azure_stack_edge_namespace:
    remote_addr: 192.0.2.20
    remote_password: "{{ vaulted_device_password }}"
    fingerprint: "{{ device_fingerprint }}"
    namespaces:
      - name: shop
        users: [shop-admin]
    kubeconfig_directory: ~/.kube/site-a

- name: Remove the namespace and all that is in it
  edgeops.registry.azure_stack_edge_namespace:
    remote_addr: 192.0.2.20
    remote_password: "{{ vaulted_device_password }}"
    fingerprint: "{{ device_fingerprint }}"
    namespaces: [{name: shop}]
    state: absent
"""

RETURN = r"""
namespaces:
  description: The namespaces that were asked for.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: shop
    pull_secret:
      description: Whether the device's pull secret is in it, V(null) where no user of it could look. With O(state=present) only.
      type: bool
      sample: true
users:
  description: The users that there are. With O(state=present) only.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Their name.
      type: str
      sample: shop-admin
    not_after:
      description: End of the certificate that the device gives, in UTC.
      type: str
      sample: "2027-11-22T10:45:08Z"
    days_left:
      description: Whole days until then by the controller's clock.
      type: int
      sample: 364
    path:
      description: The file, with O(kubeconfig_directory).
      type: str
      sample: /home/admin/.kube/site-a/shop-admin.kubeconfig
    kubeconfig:
      description: The kubeconfig, without O(kubeconfig_directory). It holds the user's key, and Ansible does not show it.
      type: str
"""
