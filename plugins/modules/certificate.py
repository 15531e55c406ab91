#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server certificates of a registry; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate
short_description: Make a registry's certificate authority and server certificate
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Keeps a TLS server's certificate and key on a host, signed by a certificate authority (CA) of that host's own, or by the user's.
  - The CA's certificate carries critical name constraints to O(names). Who trusts it gives nobody power over any other name or address.
  - Keys are made on the controller and go to the host once. The server's key is never read back, the CA's key only when something must be signed.
  - Writes C(ca.pem), C(ca.key), C(server.pem) and C(server.key). Keys have mode 0600.
  - The CA is never replaced by itself, since every client trusts it. What only another CA could give is an error.
options:
  path:
    description: Directory of the host for the four files. It is made where it is missing.
    type: path
    required: true
  state:
    description:
      - V(present) makes what is missing, and replaces the server's certificate when its names change, its key is lost or its end is near.
      - V(absent) removes the four files, and the directory where it holds nothing else.
    type: str
    choices: [present, absent]
    default: present
  names:
    description:
      - What clients call the registry, its endpoint's host first. Required for O(state=present).
      - IP addresses may stand here only where the first is one.
    type: list
    elements: str
    default: []
  owner:
    description:
      - User that the server runs as. It owns C(server.key) and is the only one that may read it.
      - By default the user that Ansible writes files as, which suits servers that start as root.
    type: str
  valid_days:
    description: Lifetime of a server certificate in days, up to V(397). Clients refuse longer ones.
    type: int
    default: 397
  renew_before:
    description: Days before its end from which the server's certificate is replaced, or, for O(certificate), warned of.
    type: int
    default: 60
  ca_valid_days:
    description: Lifetime of a new CA in days.
    type: int
    default: 3650
  certificate:
    description:
      - A server certificate of the user's own in PEM, followed by its intermediate certificates.
      - It is checked before anything is written. The key must match, the chain be complete, the names fit and nothing be expired.
    type: str
  private_key:
    description: The key of O(certificate) in PEM, not encrypted.
    type: str
  ca_certificates:
    description:
      - CA certificates in PEM that vouch for O(certificate), for clients to trust.
      - Leave it empty for a public CA. Then one that the controller trusts must vouch for it.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - edgeops.registry.attributes
  - edgeops.registry.attributes.controller
notes:
  - A running server keeps the former certificate until it is restarted.
  - Killed at any point, the next run mends what is there. C(server.pem) names in its first line the digest of the key that it belongs to.
  - With O(certificate), C(ca.pem) and C(ca.key) of an earlier CA stay, so that leaving O(certificate) out again brings it back.
  - Needs C(cryptography) 42 or newer on the controller.
seealso:
  - module: edgeops.registry.htpasswd
  - module: edgeops.registry.registry_record
"""

EXAMPLES = r"""
- name: Make a CA and a server certificate
  edgeops.registry.certificate:
    path: /etc/registry-tls
    names: [registry.example.com]
  register: tls

- name: Make them for a registry that clients name by its address
  edgeops.registry.certificate:
    path: /etc/address-tls
    names: [192.0.2.10]

- name: Serve a certificate of your own
  edgeops.registry.certificate:
    path: /etc/registry-tls
    names: [registry.example.com]
    certificate: "{{ lookup('ansible.builtin.file', 'registry.pem') }}"
    private_key: "{{ vaulted_registry_key }}"
    ca_certificates: ["{{ lookup('ansible.builtin.file', 'company-ca.pem') }}"]

- name: Remove all of it
  edgeops.registry.certificate:
    path: /etc/registry-tls
    state: absent
"""

RETURN = r"""
ca_certificates:
  description:
    - CA certificates in PEM for clients to trust, one per item, as a registry record takes them. The first is the one that signs.
    - In check mode, where there is no CA yet, one that was made for the prediction and is thrown away.
  returned: success
  type: list
  elements: str
  sample: ["-----BEGIN CERTIFICATE-----\nMIIC...\n-----END CERTIFICATE-----\n"]
certificate:
  description:
    - The server's certificate, V(null) where there is none.
    - In check mode, the one that there is, even where it would be replaced.
  returned: success
  type: dict
  contains:
    names:
      description: DNS names and addresses that it vouches for.
      type: list
      elements: str
      sample: [registry.example.com]
    not_after:
      description: End of its validity in UTC.
      type: str
      sample: "2027-12-24T06:47:15Z"
    days_left:
      description: Whole days until then by the controller's clock.
      type: int
      sample: 396
    fingerprint:
      description: SHA-256 of its DER form in lower case hexadecimal digits.
      type: str
      sample: 343f34497040b4067b28d324603b00267a2d55840493769ec29e0143b7a5c3e5
"""
