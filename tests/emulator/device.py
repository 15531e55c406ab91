# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an emulated device knows and what its cmdlets do: nothing here knows of protocols.

Made from the vendor's public documentation alone. The wordings and the ids of the device's own errors are not public:
those here are invented, and nothing may depend on them.
"""

from __future__ import annotations

import dataclasses
import threading
import time
import typing as t

from ansible_collections.edgeops.registry.tests.emulator.knobs import Knobs
from ansible_collections.edgeops.registry.tests.emulator.kubernetes import Kubernetes


@dataclasses.dataclass(frozen=True)
class Item:
    """An object in the output."""

    properties: dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Text:
    """Text in the output."""

    content: str


@dataclasses.dataclass(frozen=True)
class Error:
    """An error record; a terminating one ends the pipeline as failed.

    :param category: a name in System.Management.Automation.ErrorCategory.
    """

    identifier: str
    message: str
    terminating: bool = False
    category: str = "NotSpecified"


Write = Item | Text | Error


@dataclasses.dataclass(frozen=True)
class Call:
    """How a cmdlet is called; `stopped` is set when the client stops it or goes away."""

    parameters: t.Mapping[str, t.Any]
    stopped: threading.Event

    def __getitem__(self, name: str) -> str:
        if name not in self.parameters:
            raise CmdletError("MissingMandatoryParameter", f"The parameter {name} is mandatory.")
        return str(self.parameters[name])


class CmdletError(Exception):
    """A cmdlet ends with a terminating error."""

    def __init__(self, identifier: str, message: str, category: str = "NotSpecified") -> None:
        super().__init__(message)
        self.error = Error(identifier, message, terminating=True, category=category)


class Device:
    """One device: its knobs, its state, and what was run on it."""

    def __init__(self, knobs: Knobs, kubernetes: Kubernetes) -> None:
        self._at_start = knobs
        self.kubernetes = kubernetes
        self.forget()

    def forget(self) -> None:
        """Be as at the start."""
        self.knobs = dataclasses.replace(self._at_start)
        self.kubernetes.forget()
        self.cmdlets_run: list[str] = []
        self._polls = 0

    def run(self, name: str, call: Call) -> t.Iterator[Write]:
        """What a cmdlet writes, as it writes it; it goes on until it has ended, or was stopped."""
        self.cmdlets_run.append(name)
        self.kubernetes.patch_status = self.knobs.patch_status
        try:
            cmdlet = self._find(name, call)
            if self.knobs.hang == name:
                call.stopped.wait()
                return
            while self.knobs.cut == name and not call.stopped.wait(0.01):
                pass  # the server cuts it when the client asks for output
            self._fail(name)
            writes = list(cmdlet(self, call))
        except CmdletError as failure:
            yield failure.error
            return
        if self.knobs.non_terminating == name:
            yield Error("EmulatedWarning", f"{name} met a difficulty. {self.knobs.words}")
            writes = [_half(write) for write in writes] if self.knobs.partial else writes
        yield from writes

    def _fail(self, name: str) -> None:
        if name in (self.knobs.fail_next, self.knobs.fail):
            self.knobs.fail_next = ""
            raise CmdletError("EmulatedFailure", f"{name} failed. {self.knobs.words}")

    def _find(self, name: str, call: Call) -> Cmdlet:
        known = CMDLETS.get(name)
        if known is None or name in self.knobs.missing:
            raise CmdletError(
                "CommandNotFoundException",
                f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program.",
            )
        cmdlet, names = known
        names = (self.knobs.user_parameter,) if name == "Get-HcsKubernetesUserConfig" else names
        for parameter in call.parameters:
            if parameter not in names:
                raise CmdletError(
                    f"NamedParameterNotFound,{name}",
                    f"A parameter cannot be found that matches parameter name '{parameter}'.",
                )
        return cmdlet

    def _get_command(self, call: Call) -> t.Iterator[Write]:
        name = call["Name"]
        if name not in CMDLETS or name in self.knobs.missing:
            yield Error("CommandNotFoundException", f"The term '{name}' is not recognized as the name of a cmdlet.")
        else:
            yield Item({"Name": name, "CommandType": "Function"})

    def _appliance(self, call: Call) -> t.Iterator[Write]:
        yield Item(
            {
                "SerialNumber": "EMULATOR1",
                "FriendlyName": "emulated-device",
                "IsRegistered": self.knobs.activated,
                "SystemState": "Initialized",
                "KubernetesPlatform": "K8sNative",
            }
        )

    def _role(self, call: Call) -> t.Iterator[Write]:
        if self.knobs.compute:
            yield Item({"Name": "IotRole", "RoleType": "IOT", "RoleStatus": "Enabled"})

    def _status(self, call: Call) -> t.Iterator[Write]:
        if not self.knobs.healthy:
            yield Error("EmulatedUnhealthy", "2 of 7 system pods are not ready.")
        yield Text("Kubernetes was looked at.")

    def _enable(self, call: Call) -> t.Iterator[Write]:
        if not self.knobs.compute:
            raise CmdletError("EmulatedNoCompute", "Compute is not configured.")
        call.stopped.wait(self.knobs.enable_seconds)
        self.knobs.enabled = True
        self._polls = 0
        yield Text("Operation completed successfully. Use Get-HcsKubernetesContainerRegistryInfo for credentials")

    def _disable(self, call: Call) -> t.Iterator[Write]:
        self.knobs.enabled = False
        yield Text("Operation completed successfully.")

    def _registry(self, call: Call) -> t.Iterator[Write]:
        knobs = self.knobs
        self._polls += 1
        if knobs.enabled and self._polls > knobs.enable_polls:
            info = Item(
                {
                    "Endpoint": knobs.endpoint,
                    "IPAddress": knobs.address,
                    "Username": knobs.username,
                    "Password": knobs.password,
                }
            )
            yield _half(info) if self._polls <= knobs.enable_polls + knobs.half_polls else info
            return
        if knobs.when_off == "nulls":
            yield Item(dict.fromkeys(("Endpoint", "IPAddress", "Username", "Password")))
        elif knobs.when_off == "error":
            raise CmdletError("EmulatedNotEnabled", "The container registry is not enabled.")

    def _namespaces(self, call: Call) -> t.Iterator[Write]:
        yield from (Item({"Name": name, "Status": "Active"}) for name in sorted(self.kubernetes.namespaces))

    def _new_namespace(self, call: Call) -> t.Iterator[Write]:
        namespace = call["Namespace"]
        if namespace in self.kubernetes.namespaces:
            raise CmdletError("EmulatedNamespaceExists", f"Namespace {namespace} exists.")
        login = {"username": self.knobs.username, "password": self.knobs.password}
        self.kubernetes.make_namespace(namespace, {self.knobs.endpoint: login})
        yield from ()

    def _remove_namespace(self, call: Call) -> t.Iterator[Write]:
        namespace = call["Namespace"]
        if namespace not in self.kubernetes.namespaces:
            raise CmdletError("EmulatedNoNamespace", f"There is no namespace {namespace}.")
        self.kubernetes.remove_namespace(namespace)
        yield from ()

    def _new_user(self, call: Call) -> t.Iterator[Write]:
        user = call["UserName"]
        if user in self.kubernetes.users:
            raise CmdletError("EmulatedUserExists", f"User {user} exists.")
        yield Text(self.kubernetes.issue(user, self.knobs.user_days))

    def _user_config(self, call: Call) -> t.Iterator[Write]:
        user = call[self.knobs.user_parameter]
        if user not in self.kubernetes.users:
            if self.knobs.user_unknown == "words":
                raise CmdletError("EmulatedNoUser", f"There is no user {user}.")
            raise CmdletError("EmulatedNoUser", "This was looked for in vain.", "ObjectNotFound")
        if self.kubernetes.users[user].ends < time.time() + 30 * 86400:
            self.kubernetes.issue(user, self.knobs.renewed_days)
        yield Text(self.kubernetes.users[user].kubeconfig)

    def _grant(self, call: Call) -> t.Iterator[Write]:
        namespace, user = call["Namespace"], call["UserName"]
        if namespace not in self.kubernetes.namespaces or user not in self.kubernetes.users:
            raise CmdletError("EmulatedNoTarget", f"There is no namespace {namespace} or no user {user}.")
        self.kubernetes.grant(user, namespace)
        self.kubernetes.refusals = self.knobs.grant_reviews
        yield from ()


def _half(write: Write) -> Write:
    if isinstance(write, Item):
        return Item(dict(list(write.properties.items())[: len(write.properties) // 2]))
    if isinstance(write, Text):
        return Text(write.content[: len(write.content) // 2])
    return write


Cmdlet = t.Callable[[Device, Call], t.Iterator[Write]]
CMDLETS: dict[str, tuple[Cmdlet, tuple[str, ...]]] = {
    "Get-AzureDataBoxEdgeRole": (Device._role, ()),
    "Get-Command": (Device._get_command, ("Name",)),
    "Get-HcsApplianceInfo": (Device._appliance, ()),
    "Get-HcsKubernetesContainerRegistryInfo": (Device._registry, ()),
    "Get-HcsKubernetesNamespaces": (Device._namespaces, ()),
    "Get-HcsKubernetesUserConfig": (Device._user_config, ("UserName",)),
    "Grant-HcsKubernetesNamespaceAccess": (Device._grant, ("Namespace", "UserName")),
    "New-HcsKubernetesNamespace": (Device._new_namespace, ("Namespace",)),
    "New-HcsKubernetesUser": (Device._new_user, ("UserName",)),
    "Remove-HcsKubernetesContainerRegistry": (Device._disable, ()),
    "Remove-HcsKubernetesNamespace": (Device._remove_namespace, ("Namespace",)),
    "Set-HcsKubernetesContainerRegistry": (Device._enable, ()),
    "Test-HcsKubernetesStatus": (Device._status, ()),
}
