# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong between the controller and a device. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import ssl
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._redaction import redacted
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._target import Target

with contextlib.suppress(ImportError):  # the session says so where it is missing
    import requests
    from pypsrp.exceptions import AuthenticationError, WSManFaultError

_MISMATCHES = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH

_FAULTS = {
    5: (
        "unauthorized",
        "refuses the user {0.username}",
        "Use EdgeUser: no other account may use the PowerShell interface",
    ),
    2150858811: (
        "unsupported",
        "has no PowerShell configuration {0.configuration}",
        "Leave configuration_name at Minishell, and check that remote_addr is an Azure Stack Edge",
    ),
    2150859173: (
        "busy",
        "allows {0.username} no further shell",
        "Close PowerShell sessions to the device, or wait until they time out",
    ),
}
"""Codes of WSManFault: reason, what the device does by the target's fields, remedy."""


class ConnectionLostError(ProvisioningError):
    """The connection ended in the middle of something: the state has to be read again."""

    def __init__(self, message: str, target: Target) -> None:
        super().__init__(
            f"{target.host}: {message}",
            reason="unreachable",
            remedy="Check the network between the controller and the device",
        )


def translate(error: Exception, target: Target) -> ProvisioningError:
    """Why a session could not be opened."""
    if isinstance(error, AuthenticationError):
        return _failure(
            target,
            "unauthorized",
            f"refuses the password of {target.username}",
            "Correct ansible_password, and ansible_psrp_user, which is EdgeUser; too many tries lock the account",
        )
    if isinstance(error, WSManFaultError):
        if error.code in _FAULTS:
            reason, words, remedy = _FAULTS[error.code]
            return _failure(target, reason, words.format(target), remedy)
        words = f"answers with the fault {error.code}: {redacted(str(error.reason), [target.password])}"
        return _failure(target, "unreachable", words, "Look at the device")
    if isinstance(error, requests.RequestException):
        return _network_failure(error, target)
    return _failure(
        target, "unreachable", "does not answer as a PowerShell interface", "Check remote_addr, port, protocol and path"
    )


def _network_failure(error: Exception, target: Target) -> ProvisioningError:
    if isinstance(error, requests.exceptions.SSLError):
        return _tls_failure(error, target)
    words = f"cannot be reached on port {target.port}"
    remedy = "Check address and network. HTTPS is on 5986; HTTP is on 5985, only where the operator turned it on, and wants protocol: http"
    if isinstance(error, requests.exceptions.ProxyError):
        words += " through the proxy"
        remedy = "Check the proxy and whether it lets through to this port, or remove ansible_psrp_proxy"
    elif isinstance(error, requests.exceptions.ReadTimeout):
        words = f"did not answer within {target.read_timeout} seconds"
        remedy = "Look at the device, or give it more time with read_timeout"
    return _failure(target, "unreachable", words, remedy)


def _tls_failure(error: Exception, target: Target) -> ProvisioningError:
    refused = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if refused is not None and refused.verify_code in _MISMATCHES:
        return _failure(
            target,
            "name_mismatch",
            f"has a certificate for another name: {refused.verify_message}",
            "Set tls_server_name to the name in it, which is <serial number>.<DNS domain>",
        )
    if refused is not None:
        return _failure(
            target,
            "untrusted",
            f"has a certificate that is not trusted: {refused.verify_message}",
            "Give ca_cert, or pin the certificate with fingerprint",
        )
    if target.fingerprint and "ingerprint" in str(error):
        return _failure(
            target,
            "untrusted",
            "has another certificate than the one that is pinned",
            "Find out why; if it was renewed, correct fingerprint",
        )
    return _failure(target, "unreachable", f"does not speak TLS on port {target.port}", "Set port, or protocol: http")


def _causes(error: BaseException) -> t.Iterator[BaseException]:
    """An error and all that are behind it: requests and urllib3 put the cause into the arguments."""
    pending: list[BaseException] = [error]
    while pending:
        current = pending.pop()
        yield current
        pending += [
            item for item in (*current.args, getattr(current, "reason", None)) if isinstance(item, BaseException)
        ]


def _failure(target: Target, reason: str, words: str, remedy: str) -> ProvisioningError:
    return ProvisioningError(f"{target.host} {words}", reason=reason, remedy=remedy)


__all__ = ("ConnectionLostError", "translate")
