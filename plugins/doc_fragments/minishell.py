# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the modules for Azure Stack Edge reach a device; the options stand in plugin_utils/_minishell/_target.py."""

from __future__ import annotations


class ModuleDocFragment:
    """The connection to the PowerShell interface of a device."""

    DOCUMENTATION = r"""
options:
  remote_addr:
    description:
      - Host name or IP address of the device's node.
      - By default from the variables C(ansible_psrp_host), C(ansible_host) and C(inventory_hostname), as for P(ansible.builtin.psrp#connection).
    type: str
  port:
    description: By default from C(ansible_psrp_port) and C(ansible_port), else V(5986) for HTTPS and V(5985) for HTTP.
    type: int
  protocol:
    description:
      - By default from C(ansible_psrp_protocol), else V(https), and V(http) where the port is 5985.
      - With V(http), which the operator has to turn on in the device, every message is encrypted by what NTLM agreed on.
      - No certificate is seen then, so O(ca_cert), O(tls_server_name) and O(fingerprint) are refused with it.
    type: str
    choices: [https, http]
  path:
    description: Path of the URL. By default from C(ansible_psrp_path), else V(wsman).
    type: str
  remote_user:
    description: By default from C(ansible_psrp_user) and C(ansible_user), else V(EdgeUser).
    type: str
  remote_password:
    description:
      - Password of O(remote_user), which is the one of the device's web page.
      - By default from C(ansible_winrm_password), C(ansible_winrm_pass) and C(ansible_password). Keep it in a vault.
    type: str
  ca_cert:
    description:
      - Path on the controller of the CA certificates in PEM that vouch for the node's certificate.
      - By default from C(ansible_psrp_ca_cert) and C(ansible_psrp_cert_trust_path), else the public CAs. Validation cannot be turned off.
    type: path
  tls_server_name:
    description:
      - Name in the node's certificate, C(<serial number>.<DNS domain>), where O(remote_addr) is another, such as an IP address.
      - By default from C(edge_device_tls_server_name).
    type: str
  fingerprint:
    description:
      - SHA-256 of the node's certificate, with or without colons. No other certificate is then accepted.
      - Without O(ca_cert) it is trusted by this pin alone, and its name does not count.
      - By default from C(edge_device_fingerprint).
    type: str
  proxy:
    description:
      - URL of an HTTP proxy that leads to the device, which wants HTTPS. By default from C(ansible_psrp_proxy), else the way is direct.
      - The proxies of the environment count only with C(ansible_psrp_ignore_proxy) set to V(false).
    type: str
  configuration_name:
    description: By default from C(ansible_psrp_configuration_name), else V(Minishell).
    type: str
  connection_timeout:
    description: Seconds for connecting. By default from C(ansible_psrp_connection_timeout), else V(30).
    type: int
  operation_timeout:
    description:
      - Seconds after which the device has to answer that a cmdlet still runs.
      - By default from C(ansible_psrp_operation_timeout), else V(20).
    type: int
  read_timeout:
    description:
      - Seconds after which a device that answers nothing is given up, more than O(operation_timeout).
      - By default from C(ansible_psrp_read_timeout), else O(operation_timeout) and 10 more.
    type: int
  timeout:
    description: Seconds for one cmdlet, and for what it starts on the device. A cmdlet that takes longer is stopped.
    type: int
    default: 900
notes:
  - Runs on the controller with C(pypsrp) 0.9 or newer. The host needs no connection by Ansible, no Python and no C(delegate_to).
  - C(ansible_psrp_reconnection_retries), by default V(0), and C(ansible_psrp_reconnection_backoff), also C(ansible_psrp_connection_backoff), by default V(2),
    count for a connection that cannot be made. One that is lost is followed by another in any case, within O(timeout).
  - Refused is what cannot be heeded, C(ansible_psrp_auth) other than V(negotiate) and V(ntlm), which both mean NTLM,
    C(ansible_psrp_cert_validation) other than V(validate), C(ansible_psrp_negotiate_send_cbt) set to V(false),
    another C(ansible_psrp_max_envelope_size) than V(153600), and C(ansible_psrp_message_encryption) set to V(never) over HTTP or to V(always) over HTTPS.
  - One session is opened for a task and closed whatever happens. The device allows few for each user.
  - Verified against an emulator built from the vendor's public documentation, never against a physical device.
"""
