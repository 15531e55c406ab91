#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces whose pods can pull."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_namespaces
short_description: Make namespaces of Kubernetes whose pods pull from your registries, and give users access to them
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Makes namespaces, gives each a pull secret for the registries that it may use, and has its service accounts use that secret, so that a plain pod
    manifest pulls from them.
  - Makes users with access to their namespaces only, and kubeconfigs for them.
  - All namespaces are done in one call. One that is as it shall be costs no request, and one that fails does not hold up the others.
  - What is there is merged into, never replaced. Labels, annotations, logins at other registries and other pull secrets stay.
options:
  namespaces:
    description: The namespaces. One that is missing is made, and labelled C(app.kubernetes.io/managed-by=edgeops.registry).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the namespace.
        type: str
        required: true
      labels:
        description: Labels of the namespace. Those given in an earlier run and not any more are taken away; without this option they stay.
        type: dict
      annotations:
        description: Annotations of the namespace, as with O(namespaces[].labels).
        type: dict
      registries:
        description:
          - Names or endpoints of those of the O(registries) that pods of the namespace may pull from. By default all of them.
          - An empty list takes the pull secret away.
        type: list
        elements: str
      service_accounts:
        description: Service accounts of this namespace whose pods use the pull secret, in place of those in O(service_accounts).
        type: list
        elements: str
      users:
        description:
          - Users with access to the namespace. Others who got access by this module lose it; without this option they keep it.
          - Users whom other programs made are never touched.
        type: list
        elements: str
      role:
        description: Name of the ClusterRole whose rights the users get, in this namespace only.
        type: str
        default: edit
  all_namespaces:
    description:
      - Give a pull secret to all other namespaces too that are there and that neither O(exclude) nor O(exclude_labels) names.
      - Namespaces that are made later get theirs by the next run. Where that is too late, give the nodes the credentials instead, with
        M(edgeops.registry.client) and its runtime V(kubelet).
    type: bool
    default: false
  exclude:
    description: Patterns of names that O(all_namespaces) leaves out. V(*) stands for any text and V(?) for one character.
    type: list
    elements: str
    default: [kube-*]
  exclude_labels:
    description: Labels, as V(key) or V(key=value), of namespaces that O(all_namespaces) leaves out.
    type: list
    elements: str
    default: []
  pull_secret:
    description:
      - Name of the pull secret in each namespace.
      - A secret of this name that the module made holds the logins of O(registries) and nothing else, so calls for other registries need other names.
        In one that somebody else made, other logins stay.
    type: str
    default: edge-registry
  service_accounts:
    description:
      - Service accounts whose pods use the pull secret. One that is missing is made.
      - Others of a namespace in O(namespaces), to which an earlier run gave it, lose it.
    type: list
    elements: str
    default: [default]
  state:
    description:
      - V(present) makes what is missing or different.
      - V(absent) deletes those of the O(namespaces) that this module made, and waits until they are gone. From all others it takes away what the module
        put there, which is labels and annotations, the pull secret and its use by service accounts, service accounts made for it, and access of users.
        Of O(registries) only the endpoints are needed.
    type: str
    choices: [present, absent]
    default: present
  delete_workloads:
    description:
      - Whether O(state=absent) deletes a namespace with all that is in it. By default one with pods that run, deployments, stateful sets, daemon sets, jobs,
        cron jobs or volume claims stays as it is, and is a failure.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait for namespaces that are being deleted to be gone.
    type: float
    default: 120
  on_failure:
    description:
      - V(fail) fails where a namespace or user could not be done.
      - V(report) says so in RV(failures) and goes on.
    type: str
    choices: [fail, report]
    default: fail
extends_documentation_fragment:
  - edgeops.registry.record
  - edgeops.registry.kubernetes_users
  - edgeops.registry.kubernetes
  - edgeops.registry.attributes
  - edgeops.registry.attributes.platform
attributes:
  platform:
    details: It runs where the kubeconfig is, mostly on the controller. No namespace or node needs anything.
notes:
  - In check mode the API server checks every change without making it, by its dry run. Only what would lie in a namespace that is not there yet is predicted.
  - The rights to do what is to be done, to issue certificates or tokens and to run O(verify_image), are asked for before anything is changed, and each one
    that is missing is named. Only whether a role may be handed out (C(bind)) the cluster says when it is asked to.
  - Looking needs the right to list namespaces, secrets (those named as O(pull_secret) suffice), service accounts and pods of the cluster, and RoleBindings
    where there are O(namespaces[].users).
  - A registry without a password needs no pull secret, and gets none.
  - Without changes a run makes four requests, however many namespaces there are, and one more where there are O(namespaces[].users).
    With O(verify_image) six more ask for the rights to do so, and each namespace in which a pod runs costs seven, since its pod is made, watched and removed.
  - A pod gets pull secrets when it is made. Those that came too early are named in RV(restart_needed).
seealso:
  - module: edgeops.registry.kubernetes_registry
  - module: edgeops.registry.client
  - module: edgeops.registry.azure_stack_edge_namespace
"""

EXAMPLES = r"""
- name: Two namespaces whose pods pull from the edge
  edgeops.registry.kubernetes_namespaces:
    kubeconfig: /etc/edge/admin.kubeconfig
    registries: "{{ edge_registry_records }}"
    namespaces:
      - name: shop
        labels:
          team: retail
        users: [ann]
      - name: kitchen
        registries: [site-a]
        service_accounts: [default, builder]
    kubeconfig_directory: /etc/edge/kubeconfigs
    verify_image: registry.example.com:5000/team/app:1.0

- name: All namespaces of the cluster but those of the system and of one team
  edgeops.registry.kubernetes_namespaces:
    registries: "{{ edge_registry_records }}"
    all_namespaces: true
    exclude: [kube-*, cattle-*]
    exclude_labels: [team=lab]

- name: Take a namespace back, but not while something runs in it
  edgeops.registry.kubernetes_namespaces:
    registries:
      - endpoint: registry.example.com:5000
    namespaces:
      - name: shop
    state: absent
"""

RETURN = r"""
namespaces:
  description: The namespaces, first those of O(namespaces) in their order.
  returned: unless nothing was changed because of an error
  type: list
  elements: dict
  contains:
    name:
      description: Name of the namespace.
      type: str
      sample: shop
    changed:
      description: Whether something in it changed, or would in check mode.
      type: bool
      sample: true
    actions:
      description: What was done, or would be, in this order.
      type: list
      elements: dict
      contains:
        action:
          description: V(create), V(update) or V(delete).
          type: str
          sample: create
        kind:
          description: Kind of the object.
          type: str
          sample: Secret
        name:
          description: Name of the object.
          type: str
          sample: edge-registry
restart_needed:
  description:
    - Pods that are refused an image of a registry, since they were made before their service account got the pull secret.
    - One with an owner is replaced when it is deleted, for example by C(kubectl delete pod). Others have to be made anew.
  returned: unless nothing was changed because of an error
  type: list
  elements: dict
  sample: []
  contains:
    namespace:
      description: Its namespace.
      type: str
      sample: shop
    pod:
      description: Its name.
      type: str
      sample: web-7d4b9c6f5-x2x7p
    image:
      description: The image that it waits for.
      type: str
      sample: registry.example.com:5000/team/app:1.0
    owner:
      description: What makes a new one, as kind and name. Empty where nothing does.
      type: str
      sample: ReplicaSet/web-7d4b9c6f5
users:
  description: The users who have a kubeconfig.
  returned: unless nothing was changed because of an error
  type: list
  elements: dict
  sample: []
  contains:
    name:
      description: Name of the user.
      type: str
      sample: ann
    namespaces:
      description: The namespaces that the user has access to.
      type: list
      elements: str
      sample: [shop]
    path:
      description: The kubeconfig.
      type: str
      sample: /etc/edge/kubeconfigs/ann.kubeconfig
    not_after:
      description: When its certificate or token ends. Null in check mode where it would be made.
      type: str
      sample: "2027-12-01T00:00:00Z"
    days_left:
      description: Whole days until then. Null in check mode where it would be made.
      type: int
      sample: 364
verification:
  description: The namespaces whose pod pulled O(verify_image) and ran.
  returned: unless nothing was changed because of an error
  type: list
  elements: dict
  sample: []
  contains:
    namespace:
      description: Name of the namespace.
      type: str
      sample: shop
    image:
      description: The image.
      type: str
      sample: registry.example.com:5000/team/app:1.0
    node:
      description: The node that pulled it.
      type: str
      sample: edge-1
requests:
  description: Requests that were made to the API server.
  returned: unless nothing was changed because of an error
  type: int
  sample: 4
failures:
  description: What could not be done. All that does not depend on it was done nevertheless.
  returned: unless nothing was changed because of an error
  type: list
  elements: dict
  sample: []
  contains:
    namespace:
      description: The namespace that it concerns. Empty where it is a user, or the API server, which left during the run.
      type: str
      sample: shop
    part:
      description: The object that it concerns.
      type: str
      sample: secret shop/edge-registry
    reason:
      description: The kind of failure, such as V(forbidden), V(conflict), V(busy), V(timeout), V(unreachable) or V(invalid).
      type: str
      sample: forbidden
    msg:
      description: What is wrong.
      type: str
      sample: 'secrets "edge-registry" is forbidden: exceeded quota'
    remedy:
      description: What to do about it.
      type: str
      sample: Raise the ResourceQuota, or remove what uses it up
msg:
  description: RV(failures) as a text, empty where there is none.
  returned: failure, and with O(on_failure=report)
  type: str
  sample: ''
"""

from ansible_collections.edgeops.registry.plugins.module_utils._argspec import ArgumentSpec, records_option
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.connection import CONNECTION_OPTIONS
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_selection import (
    NAMESPACE_OPTIONS,
    SELECTION_OPTIONS,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespaces import provision_namespaces
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.users import (
    NAMESPACE_USER_OPTIONS,
    USER_OPTIONS,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.verification import VERIFY_OPTIONS
from ansible_collections.edgeops.registry.plugins.module_utils._module import run_module

ARGUMENT_SPEC: ArgumentSpec = {
    "registries": records_option(),
    "namespaces": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {**NAMESPACE_OPTIONS, **NAMESPACE_USER_OPTIONS},
    },
    **SELECTION_OPTIONS,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "delete_workloads": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 120},
    "on_failure": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
    **USER_OPTIONS,
    **VERIFY_OPTIONS,
    **CONNECTION_OPTIONS,
}


def main() -> None:
    """Entry point."""
    run_module(ARGUMENT_SPEC, provision_namespaces)


if __name__ == "__main__":
    main()
