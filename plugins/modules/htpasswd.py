#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of a registry in its password file; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: htpasswd
short_description: Keep the users of a registry in its password file
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Keeps users in a file of Apache's htpasswd format, hashed with bcrypt, the only kind that the distribution registry accepts.
  - Passwords are verified against the hashes that are there and hashed anew only where they differ, so that a second run changes nothing.
  - Other users, comments and their order stay as they are.
  - Hashes on the controller. Clear passwords do not reach the host.
options:
  path:
    description: The password file on the host. It is made where it is missing.
    type: path
    required: true
  users:
    description: Users to keep or to remove.
    type: list
    elements: dict
    required: true
    suboptions:
      username:
        description: Name of the user, without a colon.
        type: str
        required: true
      password:
        description: Password of the user, up to 72 bytes, since bcrypt ignores the rest. Required for V(present).
        type: str
      state:
        description: Whether the user is to be there.
        type: str
        choices: [present, absent]
        default: present
  cost:
    description:
      - Cost of bcrypt, V(4) to V(31). One more doubles the time that each request takes at the registry. Hashes of another cost are replaced.
      - By default V(5) for a password that was evidently generated with 128 random bits or more, which nobody can guess at any cost, and V(10) for any other,
        some 60 ms of CPU per request. Dearer hashes are kept.
    type: int
  owner:
    description: User that owns the file, the one that the registry runs as.
    type: str
  group:
    description: Group of the file.
    type: str
  mode:
    description: Permissions of the file in octal. Others must have none.
    type: str
    default: '0600'
extends_documentation_fragment:
  - edgeops.registry.attributes
  - edgeops.registry.attributes.controller
notes:
  - The registry reads the file anew when it changes and needs no restart.
  - A file whose last user was removed stays, empty. Without the file the distribution registry would make up a user.
  - A diff shows the names of users only.
  - Needs C(bcrypt) on the controller.
seealso:
  - module: edgeops.registry.certificate
"""

EXAMPLES = r"""
- name: Let one user in and another no more
  edgeops.registry.htpasswd:
    path: /etc/registry-users
    users:
      - username: puller
        password: "{{ vaulted_registry_password }}"
      - username: former
        state: absent
"""

RETURN = r"""
path:
  description: The password file.
  returned: success
  type: str
  sample: /etc/registry-users
"""
