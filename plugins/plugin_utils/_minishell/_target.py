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
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._settings import Settings

CONNECTION_OPTIONS: ArgumentSpec = {
    "remote_addr": {"type": "str"},
    "port": {"type": "int"},
    "protocol": {"type": "str", "choices": ["https", "http"]},
    "path": {"type": "str"},
    "remote_user": {"type": "str"},
    "remote_password": {"type": "str", "no_log": True},
    "ca_cert": {"type": "path"},
    "tls_server_name": {"type": "str"},
    "fingerprint": {"type": "str"},
    "proxy": {"type": "str", "no_log": True},
    "configuration_name": {"type": "str"},
    "connection_timeout": {"type": "int"},
    "operation_timeout": {"type": "int"},
    "read_timeout": {"type": "int"},
    "timeout": {"type": "int", "default": 900},
}
"""Documented by the fragment `edgeops.registry.minishell`."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PROXY = re.compile(r"https?://\S+")
_ENVELOPE_SIZE = "153600"

_POSSIBLE: dict[str, tuple[tuple[str, ...], str, str]] = {
    "auth": (
        ("negotiate", "ntlm"),
        "an Azure Stack Edge is in no domain and lets users in by NTLM alone",
        "Remove the variable, or set it to ntlm",
    ),
    "cert_validation": (
        ("validate",),
        "the certificate of the device must be validated",
        "Remove the variable, and give ca_cert or fingerprint",
    ),
    "max_envelope_size": (
        (_ENVELOPE_SIZE,),
        f"messages of {_ENVELOPE_SIZE} bytes are sent, and of no other size",
        "Remove the variable",
    ),
}
"""What a variable of psrp may be here, the default first; why it may be nothing else; and the remedy."""


@dataclasses.dataclass(frozen=True)
class Target:
    """One device and the account on it.

    :param path: of the URL, without a slash in front.
    :param ca_cert: path of a PEM file; empty for the public CAs.
    :param tls_server_name: the name in the device's certificate; empty where it is `host`.
    :param fingerprint: SHA-256 of the device's certificate, 64 lower case hexadecimal digits; empty for none.
    :param proxy: URL of an HTTP proxy, which may hold a password; empty for none.
    :param environment_proxy: whether the proxies of the environment count where `proxy` is empty.
    :param connection_timeout: seconds.
    :param operation_timeout: seconds after which the device has to answer that it is still busy.
    :param read_timeout: seconds after which a device that answers nothing is given up.
    :param reconnection_retries: how often a connection that cannot be made is tried again.
    :param reconnection_backoff: seconds before the second of these, doubled for each that follows.
    :param timeout: seconds for one cmdlet, and for what it starts.
    """

    host: str
    port: int
    https: bool
    username: str
    password: str = dataclasses.field(repr=False)
    path: str = "wsman"
    ca_cert: str = ""
    tls_server_name: str = ""
    fingerprint: str = ""
    proxy: str = dataclasses.field(default="", repr=False)
    environment_proxy: bool = False
    configuration: str = "Minishell"
    connection_timeout: int = 30
    operation_timeout: int = 20
    read_timeout: int = 30
    reconnection_retries: int = 0
    reconnection_backoff: float = 2.0
    timeout: int = 900

    @classmethod
    def parse(cls, options: t.Mapping[str, t.Any], variable: t.Callable[[str], object]) -> Target:
        """Read the options, and where one is not given the variables behind it.

        :param variable: the value of a variable of the host, None where it has none.
        :raises ProvisioningError: one is missing, wrong or impossible; no value of a secret is part of the message.
        """
        given = Settings(options, variable)
        https = _is_https(given)
        _refuse_impossible(given)
        _refuse_insecure(given, https=https)
        operation_timeout = given.whole("operation_timeout", 20)
        return cls(
            host=given.text("remote_addr"),
            port=given.whole("port", 5986 if https else 5985),
            https=https,
            username=given.text("remote_user", "EdgeUser"),
            password=_password(given),
            path=given.text("path", "wsman").lstrip("/"),
            ca_cert=given.text("ca_cert"),
            tls_server_name=given.text("tls_server_name"),
            fingerprint=parse_fingerprint(given.text("fingerprint"), given.source("fingerprint")),
            proxy=_proxy(given, https=https),
            environment_proxy=not given.flag("ignore_proxy", default=True),
            configuration=given.text("configuration_name", "Minishell"),
            connection_timeout=given.whole("connection_timeout", 30),
            operation_timeout=operation_timeout,
            read_timeout=_read_timeout(given, operation_timeout),
            reconnection_retries=given.whole("reconnection_retries", 0, least=0),
            reconnection_backoff=given.whole("reconnection_backoff", 2, least=0),
            timeout=given.whole("timeout", 900),
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


def _is_https(given: Settings) -> bool:
    protocol = given.text("protocol", "http" if given.text("port") == "5985" else "https")
    if protocol not in ("https", "http"):
        raise given.error("protocol", "must be https or http")
    return protocol == "https"


def _refuse_impossible(given: Settings) -> None:
    """What is not heeded must not seem to be."""
    for name, (possible, message, remedy) in _POSSIBLE.items():
        if given.text(name, possible[0]) not in possible:
            raise given.error(name, message, remedy)
    if not given.flag("negotiate_send_cbt", default=True):
        raise given.error(
            "negotiate_send_cbt",
            "the login is bound to the TLS connection, lest another uses it",
            "Remove the variable",
        )


def _refuse_insecure(given: Settings, *, https: bool) -> None:
    encryption = given.text("message_encryption", "auto")
    if encryption not in ("auto", "never" if https else "always"):
        message = "over https TLS alone encrypts" if https else "over http the messages must be encrypted"
        raise given.error("message_encryption", message, "Remove the variable" if https else "Remove it, or use https")
    for name in ("fingerprint", "ca_cert", "tls_server_name"):
        if given.is_given(name) and not https:
            raise given.error(
                name, "over http no certificate is seen, so that it would prove nothing", "Remove it, or use https"
            )


def _password(given: Settings) -> str:
    if not given.is_given("remote_password"):
        raise given.error("remote_password", "it is missing", "Set ansible_password for the device, in a vault")
    return given.text("remote_password")


def _proxy(given: Settings, *, https: bool) -> str:
    proxy = given.text("proxy")
    if proxy and not _PROXY.fullmatch(proxy):
        raise given.error("proxy", "must be the URL of an HTTP proxy", "Write it as http://proxy.example.com:3128")
    for name, asked in (("proxy", bool(proxy)), ("ignore_proxy", not given.flag("ignore_proxy", default=True))):
        if asked and not https:
            raise given.error(
                name, "over http a login holds for one connection, which no proxy promises to keep", "Use https"
            )
    return proxy


def _read_timeout(given: Settings, operation_timeout: int) -> int:
    """It has to be longer than the device may take to say that it is busy."""
    seconds = given.whole("read_timeout", operation_timeout + 10)
    if seconds <= operation_timeout:
        raise given.error("read_timeout", f"must be more than operation_timeout, which is {operation_timeout}")
    return seconds


__all__ = ("CONNECTION_OPTIONS", "Target", "parse_fingerprint")
