# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the settings of a connection come from. This plugin util is private to the collection."""

from __future__ import annotations

import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

VARIABLES: dict[str, tuple[str, ...]] = {
    "remote_addr": ("ansible_psrp_host", "ansible_host", "inventory_hostname"),
    "port": ("ansible_psrp_port", "ansible_port"),
    "protocol": ("ansible_psrp_protocol",),
    "path": ("ansible_psrp_path",),
    "remote_user": ("ansible_psrp_user", "ansible_user"),
    "remote_password": ("ansible_winrm_password", "ansible_winrm_pass", "ansible_password"),
    "auth": ("ansible_psrp_auth",),
    "negotiate_send_cbt": ("ansible_psrp_negotiate_send_cbt",),
    "ca_cert": ("ansible_psrp_ca_cert", "ansible_psrp_cert_trust_path"),
    "cert_validation": ("ansible_psrp_cert_validation",),
    "tls_server_name": ("edge_device_tls_server_name",),
    "fingerprint": ("edge_device_fingerprint",),
    "message_encryption": ("ansible_psrp_message_encryption",),
    "max_envelope_size": ("ansible_psrp_max_envelope_size",),
    "proxy": ("ansible_psrp_proxy",),
    "ignore_proxy": ("ansible_psrp_ignore_proxy",),
    "configuration_name": ("ansible_psrp_configuration_name",),
    "connection_timeout": ("ansible_psrp_connection_timeout",),
    "operation_timeout": ("ansible_psrp_operation_timeout",),
    "read_timeout": ("ansible_psrp_read_timeout",),
    "reconnection_retries": ("ansible_psrp_reconnection_retries",),
    "reconnection_backoff": ("ansible_psrp_reconnection_backoff", "ansible_psrp_connection_backoff"),
    "timeout": (),
}
"""The variables behind each setting, the strongest first: those of connection plugin `ansible.builtin.psrp`, where it has any.

What that plugin heeds for Kerberos, CredSSP and certificates only is not among them: here as there it does nothing with NTLM.
"""


class Settings:
    """The settings of one device: options of the task, and where one is not given the variables behind it.

    :param options: by name; some settings have no option.
    :param variable: the value of a variable of the host, None where it has none.
    """

    def __init__(self, options: t.Mapping[str, t.Any], variable: t.Callable[[str], object]) -> None:
        self._given = {name: _find(name, options, variable) for name in VARIABLES}

    def source(self, name: str) -> str:
        """The option or the variable that says it."""
        return self._given[name][0]

    def is_given(self, name: str) -> bool:
        """Whether anything says it."""
        return self._given[name][1] is not None

    def text(self, name: str, default: str = "") -> str:
        """A setting as it stands."""
        value = self._given[name][1]
        return default if value is None else str(value)

    def whole(self, name: str, default: int, least: int = 1) -> int:
        """:raises ProvisioningError: it is no whole number, or too small."""
        text = self.text(name, str(default))
        if not text.isdecimal() or int(text) < least:
            raise self.error(name, f"must be a whole number from {least}")
        return int(text)

    def flag(self, name: str, *, default: bool) -> bool:
        """:raises ProvisioningError: it is neither true nor false."""
        try:
            return bool(boolean(self.text(name, str(default))))
        except TypeError as error:
            raise self.error(name, "must be true or false") from error

    def error(self, name: str, message: str, remedy: str = "") -> ProvisioningError:
        """An error at what says it."""
        return ProvisioningError(message, part=self.source(name), remedy=remedy)


def _find(name: str, options: t.Mapping[str, t.Any], variable: t.Callable[[str], object]) -> tuple[str, object]:
    """What gives a setting, and its value; None where nothing does."""
    if options.get(name) not in (None, ""):
        return name, options[name]
    values = ((source, variable(source)) for source in VARIABLES[name])
    return next((found for found in values if found[1] not in (None, "")), (name, None))


__all__ = ("VARIABLES", "Settings")
