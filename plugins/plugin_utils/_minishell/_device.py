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
    """The registry's state: `info` is None where it is off, and `said` is then what the device complained of."""

    info: RegistryInfo | None
    said: str = ""


class Device:
    """One device, through one shell."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def registry(self) -> RegistryState:
        """Whether the registry is on, and how it is reached.

        A device whose registry is off may say nothing, give empty properties, or an error.

        :raises ProvisioningError: the device has no registry at all, or tells half of it.
        """
        output = self._shell.run(_REGISTRY)
        if output.is_unsupported:
            raise output.failure()
        found = [str(item.get(name) or "") for item in output.objects[-1:] for name in _FIELDS]
        if found and all(found):
            return RegistryState(RegistryInfo(*found))
        if any(found):
            missing = ", ".join(name for name, value in zip(_FIELDS, found, strict=True) if not value)
            raise ProvisioningError(
                f"{_REGISTRY} tells no {missing}{_because(output)}",
                reason="io",
                remedy="Try again; if it stays so, look at the device's alerts",
            )
        return RegistryState(None, output.complaint())

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

    def user_config(self, name: str) -> Output:
        """The text is the kubeconfig of a user; it fails where there is none. Older releases name the parameter AseUser."""
        output = self._shell.run("Get-HcsKubernetesUserConfig", UserName=name)
        if any(error.identifier.startswith("NamedParameterNotFound") for error in output.errors):
            return self._shell.run("Get-HcsKubernetesUserConfig", AseUser=name)
        return output

    def grant(self, namespace: str, user: str) -> Output:
        """Make a user administrator inside of a namespace."""
        return self._shell.run("Grant-HcsKubernetesNamespaceAccess", Namespace=namespace, UserName=user)

    def _properties(self, cmdlet: str) -> dict[str, t.Any]:
        output = self._shell.run(cmdlet)
        return {} if output.is_unsupported else next((dict(item) for item in output.check_complete().objects), {})


def _because(output: Output) -> str:
    return f", and says: {output.complaint()}" if output.errors else ""


__all__ = ("DISABLE", "ENABLE", "Device", "RegistryInfo", "RegistryState")
