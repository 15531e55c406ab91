# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device can be asked and told, by its cmdlets. This plugin util is private to the collection.

Text is never read for success: nobody promises its words. Only objects and error records count.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._output import Output
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._session import Shell

ENABLE = "Set-HcsKubernetesContainerRegistry"
DISABLE = "Remove-HcsKubernetesContainerRegistry"
_REGISTRY = "Get-HcsKubernetesContainerRegistryInfo"
_USER_CONFIG = "Get-HcsKubernetesUserConfig"
_FIELDS = ("Endpoint", "IPAddress", "Username", "Password")


@dataclasses.dataclass(frozen=True)
class RegistryInfo:
    """The registry of a device, as the device tells it."""

    endpoint: str
    address: str
    username: str
    password: str = dataclasses.field(repr=False)

    def as_record(self, name: str = "", ca_certificates: t.Sequence[str] = ()) -> dict[str, t.Any]:
        """The registry record as plain data."""
        return {
            "name": name or None,
            "endpoint": self.endpoint,
            "addresses": [self.address],
            "ca_certificates": list(ca_certificates),
            "username": self.username,
            "password": self.password,
        }


@dataclasses.dataclass(frozen=True)
class RegistryState:
    """The registry's state.

    :param is_on: whether the device tells anything of it.
    :param info: None where it is off, and where the device tells half of it, as it may right after enabling.
    :param said: what the device complained of, and what it left out.
    """

    is_on: bool
    info: RegistryInfo | None
    said: str = ""


class Device:
    """One device, through one shell."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._user_parameter = "UserName"

    def registry(self) -> RegistryState:
        """Whether the registry is on, and how it is reached.

        A device whose registry is off may say nothing, give empty properties, or an error. An error may be a passing one
        too: then it is read twice before anything follows from it.

        :raises ProvisioningError: the device has no registry at all.
        """
        state = self._read_registry()
        return self._read_registry() if state.said and state.info is None else state

    def _read_registry(self) -> RegistryState:
        output = self._shell.run(_REGISTRY)
        if output.is_unsupported:
            raise output.failure()
        found = [str(item.get(name) or "") for item in output.objects[-1:] for name in _FIELDS]
        if found and all(found):
            return RegistryState(is_on=True, info=RegistryInfo(*found), said=output.complaint())
        missing = ", ".join(name for name, value in zip(_FIELDS, found, strict=False) if not value)
        said = [f"{_REGISTRY} tells no {missing}" if any(found) else "", output.complaint()]
        return RegistryState(any(found), None, "; ".join(filter(None, said)))

    def enable(self) -> Output:
        """Enable the registry: minutes, during which the connection may be lost."""
        return self._shell.run(ENABLE)

    def disable(self) -> Output:
        """Disable the registry."""
        return self._shell.run(DISABLE)

    def has(self, cmdlet: str) -> bool:
        """Whether the device has a cmdlet; nothing is run but Get-Command."""
        return any(item.get("Name") == cmdlet for item in self._shell.run("Get-Command", Name=cmdlet).objects)

    def appliance(self) -> dict[str, t.Any]:
        """The properties of the appliance; empty where this release does not tell them."""
        return self._properties("Get-HcsApplianceInfo")

    def compute_role(self) -> dict[str, t.Any]:
        """The properties of the compute role; empty where compute is not configured."""
        return self._properties("Get-AzureDataBoxEdgeRole")

    def kubernetes_complaint(self) -> str | None:
        """What is wrong with Kubernetes: empty for nothing, None where this release cannot tell."""
        output = self._shell.run("Test-HcsKubernetesStatus")
        return None if output.is_unsupported else output.complaint()

    def namespaces(self) -> set[str] | None:
        """The namespaces of its Kubernetes; None where this release cannot list them."""
        output = self._shell.run("Get-HcsKubernetesNamespaces")
        if output.is_unsupported:
            return None
        named = {str(item.get("Name") or item.get("Namespace") or "") for item in output.check_complete().objects}
        return (named | {line.strip() for line in output.text}) - {""}

    def new_namespace(self, name: str) -> Output:
        """Make a namespace; an existing one is refused."""
        return self._shell.run("New-HcsKubernetesNamespace", Namespace=name)

    def remove_namespace(self, name: str) -> Output:
        """Remove a namespace and all that is in it."""
        return self._shell.run("Remove-HcsKubernetesNamespace", Namespace=name)

    def new_user(self, name: str) -> Output:
        """Make a user; the text is a kubeconfig."""
        return self._shell.run("New-HcsKubernetesUser", UserName=name)

    def user_config(self, name: str) -> Output | None:
        """The text is the kubeconfig of a user; None where the device says nothing, or that there is no such user.

        Any other error may be a passing one: then it is read twice.

        :raises ProvisioningError: nobody knows whether there is such a user.
        """
        for dummy in range(2):
            output = self._read_user_config(name)
            if output.is_unsupported:
                raise output.failure()
            if output.text and not output.failed:
                return output
            if output.says_nothing or any(error.denies_user(name) for error in output.errors):
                return None
        raise ProvisioningError(
            output.failure().message,
            reason="io",
            remedy=f"Look at the device's alerts. If there is no such user, make it by hand: New-HcsKubernetesUser -UserName {name}",
        )

    def _read_user_config(self, name: str) -> Output:
        """Older releases name the parameter AseUser."""
        output = self._shell.run(_USER_CONFIG, **{self._user_parameter: name})
        if any(error.identifier.startswith("NamedParameterNotFound") for error in output.errors):
            self._user_parameter = "AseUser"
            return self._shell.run(_USER_CONFIG, AseUser=name)
        return output

    def grant(self, namespace: str, user: str) -> Output:
        """Make a user administrator inside of a namespace."""
        return self._shell.run("Grant-HcsKubernetesNamespaceAccess", Namespace=namespace, UserName=user)

    def _properties(self, cmdlet: str) -> dict[str, t.Any]:
        output = self._shell.run(cmdlet)
        return {} if output.is_unsupported else next((dict(item) for item in output.check_complete().objects), {})


__all__ = ("DISABLE", "ENABLE", "Device", "RegistryInfo", "RegistryState")
