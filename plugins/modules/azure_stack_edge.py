#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of an Azure Stack Edge; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_stack_edge
short_description: Enable the container registry of an Azure Stack Edge
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Enables the edge container registry of a device if it is off, and returns its registry record.
  - The state is read from the device every time, and so is the password, which differs with each enabling.
  - Before enabling, the device must be activated, have compute configured, and have a healthy Kubernetes. Each has its own message where it is missing.
  - Enabling takes minutes, after which the device may tell half of it for a while. Both are waited for.
  - Progress is shown. A lost connection is followed by another, which reads the state again and asks for nothing twice.
  - The device tells no certificate. Clients' trust comes from O(certificate_file), O(certificate_fingerprint) or O(trust_on_first_use), else from public CAs.
options:
  state:
    description:
      - V(present) enables the registry.
      - V(absent) disables it, where this release of the device has a cmdlet for that, and fails where it has none.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: Name in the record. By default made from the endpoint.
    type: str
    default: ""
  certificate_file:
    description:
      - Path on the controller of the registry's certificate, in PEM or DER, as downloaded in the device's web page under Certificates.
      - It must be one that may vouch for the registry, a CA or self-signed.
    type: path
  certificate_fingerprint:
    description:
      - SHA-256 of one of the certificates that the registry shows, with or without colons.
      - Trust is then taken out of the TLS handshake, up to the CA that is shown there.
    type: str
  trust_on_first_use:
    description:
      - Trust what the registry shows, and warn with its fingerprint, unless O(record_file) holds a record of it.
      - A record there is a pin. What is shown has to have one of its CA certificates.
    type: bool
    default: false
  record_file:
    description:
      - File of M(edgeops.registry.registry_record) on the controller, plain or vaulted, for O(trust_on_first_use). It is only read.
      - Write the returned record there afterwards, as role C(registry) does.
    type: path
  verify:
    description:
      - Prove the record from the controller before it is returned, its address, certificate and password, with one request.
      - A registry that was only just enabled is waited for.
      - A certificate without a subjectAltName, which the vendor's recipe makes, is refused by container engines and therefore here.
    type: bool
    default: true
  poll_interval:
    description: Seconds between two looks at the state while waiting.
    type: float
    default: 5
extends_documentation_fragment:
  - edgeops.registry.minishell
  - edgeops.registry.attributes
  - edgeops.registry.attributes.controller
notes:
  - Ansible shows no result that holds the password. C(changed), warnings and failures are shown all the same, and so are the cmdlets that change something.
  - In check mode only cmdlets that read are run.
  - The diff is part of a result that is not hidden, in check mode and with O(state=absent).
  - Reading certificates from the handshake needs the program C(openssl) on the controller.
seealso:
  - module: edgeops.registry.azure_stack_edge_info
  - module: edgeops.registry.azure_stack_edge_namespace
  - module: edgeops.registry.registry_record
"""

EXAMPLES = r"""
- name: Enable the registry, with the certificate from the device's web page
  edgeops.registry.azure_stack_edge:
    remote_addr: 192.0.2.20
    remote_password: "{{ vaulted_device_password }}"
    tls_server_name: serial1.example.com
    ca_cert: files/device-ca.pem
    certificate_file: files/registry.cer
  register: edge

- name: Enable it on a device of the inventory, and trust what it shows by a pin
  edgeops.registry.azure_stack_edge:
    fingerprint: "{{ device_fingerprint }}"
    certificate_fingerprint: 343f34497040b4067b28d324603b00267a2d55840493769ec29e0143b7a5c3e5
  register: edge

- name: Keep the record for later runs
  edgeops.registry.registry_record:
    path: "{{ inventory_dir }}/group_vars/all/registry_records.yml"
    registries: ["{{ edge.registry }}"]
"""

RETURN = r"""
registry:
  description:
    - The registry record, as M(edgeops.registry.client) takes it. It holds the password, and Ansible does not show it.
    - V(null) where the registry is off, and in check mode where it would be enabled.
  returned: success
  type: dict
  sample: {endpoint: "ecr.device.example.com:31001", addresses: [192.0.2.44], username: ase-ecr-user}
certificate:
  description: What clients are to trust.
  returned: when the registry is on
  type: dict
  contains:
    source:
      description: V(file), V(pin), V(record_file), V(first_use), or V(public) where no CA certificate is in the record.
      type: str
      sample: pin
    fingerprints:
      description: SHA-256 of the CA certificates in the record, lower case hexadecimal digits.
      type: list
      elements: str
      sample: [343f34497040b4067b28d324603b00267a2d55840493769ec29e0143b7a5c3e5]
"""
