#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry records in a file; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_record
short_description: Keep registry records in a file on the controller
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Keeps registry records in the variable C(edge_registry_records) of a YAML file.
  - With that file, clients are provisioned later, from elsewhere, and without the registry's host in the same run.
  - Load the file with C(--extra-vars @FILE), or put it among the inventory's group variables.
  - A vaulted file is decrypted, compared, and encrypted anew only where it differs, with the secret that it had. Its text never reaches the disk in clear.
  - Records are told apart by their endpoints. Records of other registries, other variables and comments around the variable stay as they are.
  - The file has mode 0600 and is replaced atomically.
options:
  path:
    description: The file on the controller, absolute or from the playbook's directory. It and its directory are made where they are missing.
    type: path
    required: true
  state:
    description:
      - V(present) writes the records, each in the place of the one with the same endpoint.
      - V(absent) removes the records. Of each only its endpoint is needed. A file in which nothing is left is removed.
    type: str
    choices: [present, absent]
    default: present
  vault_id:
    description:
      - Id of the vault secret to encrypt the file with, V(default) for the one of C(--vault-password-file) or C(--ask-vault-pass).
      - By default a vaulted file keeps its secret, and a plain or new file is plain.
    type: str
extends_documentation_fragment:
  - edgeops.registry.record
  - edgeops.registry.attributes
  - edgeops.registry.attributes.controller
notes:
  - Comments inside of the variable C(edge_registry_records) are lost when it changes.
  - Nothing is done on the task's host, which need not be reachable.
  - Neither results nor diffs hold a password. In a loop, set C(loop_control.label), since Ansible itself shows the item.
seealso:
  - module: edgeops.registry.client
  - plugin: edgeops.registry.registry_records
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Keep the record of a registry for later runs, encrypted
  edgeops.registry.registry_record:
    path: "{{ inventory_dir }}/group_vars/all/registry_records.yml"
    vault_id: default
    registries:
      - endpoint: registry.example.com:5000
        addresses: [192.0.2.10]
        username: puller
        password: "{{ vaulted_registry_password }}"

- name: Forget it
  edgeops.registry.registry_record:
    path: "{{ inventory_dir }}/group_vars/all/registry_records.yml"
    state: absent
    registries:
      - endpoint: registry.example.com:5000
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /srv/inventory/group_vars/all/registry_records.yml
"""
