# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a device is reached. This plugin util is private to the collection."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

CONNECTION_OPTIONS: ArgumentSpec = {
    "remote_addr": {"type": "str"},
    "port": {"type": "int"},
    "protocol": {"type": "str", "choices": ["https", "http"]},
    "remote_user": {"type": "str"},
    "remote_password": {"type": "str", "no_log": True},
    "ca_cert": {"type": "path"},
    "tls_server_name": {"type": "str"},
    "fingerprint": {"type": "str"},
    "configuration_name": {"type": "str"},
    "connection_timeout": {"type": "int"},
    "operation_timeout": {"type": "int"},
    "timeout": {"type": "int", "default": 900},
}
"""Documented by the fragment `edgeops.registry.minishell`."""

VARIABLES: dict[str, tuple[str, ...]] = {
    "remote_addr": ("ansible_psrp_host", "ansible_host", "inventory_hostname"),
    "port": ("ansible_psrp_port", "ansible_port"),
    "protocol": ("ansible_psrp_protocol",),
    "remote_user": ("ansible_psrp_user", "ansible_user"),
    "remote_password": ("ansible_winrm_password", "ansible_winrm_pass", "ansible_password"),
    "ca_cert": ("ansible_psrp_ca_cert", "ansible_psrp_cert_trust_path"),
    "tls_server_name": ("edge_device_tls_server_name",),
    "fingerprint": ("edge_device_fingerprint",),
    "configuration_name": ("ansible_psrp_configuration_name",),
    "connection_timeout": ("ansible_psrp_connection_timeout",),
    "operation_timeout": ("ansible_psrp_operation_timeout",),
    "cert_validation": ("ansible_psrp_cert_validation",),
    "message_encryption": ("ansible_psrp_message_encryption",),
}
"""The variables behind each option, the strongest first: those of connection plugin `ansible.builtin.psrp`, where it has any."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True)
class Target:
    """One device and the account on it.

    :param ca_cert: path of a PEM file; empty for the public CAs.
    :param tls_server_name: the name in the device's certificate; empty where it is `host`.
    :param fingerprint: SHA-256 of the device's certificate, 64 lower case hexadecimal digits; empty for none.
    :param connection_timeout: seconds.
    :param operation_timeout: seconds after which the device has to answer that it is still busy.
    :param timeout: seconds for one cmdlet, and for what it starts.
    """

    host: str
    port: int
    https: bool
    username: str
    password: str = dataclasses.field(repr=False)
    ca_cert: str = ""
    tls_server_name: str = ""
    fingerprint: str = ""
    configuration: str = "Minishell"
    connection_timeout: int = 30
    operation_timeout: int = 20
    timeout: int = 900

    @classmethod
    def parse(cls, options: t.Mapping[str, t.Any], variable: t.Callable[[str], object]) -> Target:
        """Read the options, and where one is not given the variables behind it.

        :param variable: the value of a variable of the host, None where it has none.
        :raises ProvisioningError: one is missing or wrong; no value of the password is part of the message.
        """
        given = {name: _value(options.get(name), names, variable) for name, names in VARIABLES.items()}
        https = _is_https(given["protocol"], given["port"])
        _refuse_insecure(given, https=https)
        if not given["remote_password"]:
            raise ProvisioningError(
                "it is missing", part="remote_password", remedy="Set ansible_password for the device, in a vault"
            )
        return cls(
            host=str(given["remote_addr"]),
            port=_whole(given["port"], 5986 if https else 5985, "port"),
            https=https,
            username=str(given["remote_user"] or "EdgeUser"),
            password=str(given["remote_password"]),
            ca_cert=str(given["ca_cert"] or ""),
            tls_server_name=str(given["tls_server_name"] or ""),
            fingerprint=parse_fingerprint(str(given["fingerprint"] or ""), "fingerprint"),
            configuration=str(given["configuration_name"] or "Minishell"),
            connection_timeout=_whole(given["connection_timeout"], 30, "connection_timeout"),
            operation_timeout=_whole(given["operation_timeout"], 20, "operation_timeout"),
            timeout=_whole(options["timeout"], 900, "timeout"),
        )


def parse_fingerprint(text: str, part: str) -> str:
    """Read a SHA-256 fingerprint as openssl, browsers or this collection write it; empty for none.

    :raises ProvisioningError: it is none.
    """
    digits = text.lower().removeprefix("sha256:").replace(":", "").strip()
    if digits and not _SHA256.fullmatch(digits):
        raise ProvisioningError(
            "must be a SHA-256 fingerprint: 64 hexadecimal digits",
            part=part,
            remedy="Print it with: openssl x509 -in FILE -noout -fingerprint -sha256",
        )
    return digits


def _value(given: object, names: t.Iterable[str], variable: t.Callable[[str], object]) -> object:
    return next((value for value in (given, *map(variable, names)) if value not in (None, "")), None)


def _is_https(protocol: object, port: object) -> bool:
    if protocol not in (None, "https", "http"):
        raise ProvisioningError("must be https or http", part="protocol")
    return protocol == "https" or (protocol is None and str(port) != "5985")


def _refuse_insecure(given: t.Mapping[str, object], *, https: bool) -> None:
    if given["cert_validation"] == "ignore":
        raise ProvisioningError(
            "the certificate of the device must be validated",
            part="ansible_psrp_cert_validation",
            remedy="Remove the variable, and give ca_cert or fingerprint",
        )
    if not https and given["message_encryption"] == "never":
        raise ProvisioningError(
            "over http the messages must be encrypted",
            part="ansible_psrp_message_encryption",
            remedy="Remove the variable, or use https",
        )


def _whole(value: object, default: int, part: str) -> int:
    try:
        number = default if value is None else int(str(value))
    except ValueError:
        number = 0
    if number < 1:
        raise ProvisioningError("must be a whole number from 1", part=part)
    return number


__all__ = ("CONNECTION_OPTIONS", "VARIABLES", "Target", "parse_fingerprint")
