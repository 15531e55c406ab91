# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces of a device and who may use them, by their state. This plugin util is private to the collection."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import re
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.kubeconfig import Kubeconfig
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell import _pull_secret
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._access import Access
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import Device, RegistryInfo
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._faults import ConnectionLostError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._kubeconfig import read_kubeconfig
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._output import Output

RESERVED_NAMESPACES = (
    "azure-arc",
    "dbe-namespace",
    "default",
    "iotedge",
    "kube-node-lease",
    "kube-public",
    "kube-system",
    "kubernetes-dashboard",
    "metallb-system",
)
RESERVED_USERS = ("aseuser",)
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_REMOVE = "Remove-HcsKubernetesNamespace"
_INTERVAL = 0.5


@dataclasses.dataclass(frozen=True)
class Namespace:
    """A namespace that is wanted, and the users who are to administer it.

    :raises ProvisioningError: a name is reserved by the device, or no DNS label (RFC 1123).
    """

    name: str
    users: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name, RESERVED_NAMESPACES, "namespace")
        for user in self.users:
            _check_name(user, RESERVED_USERS, "user")


def refuse_doubles(wanted: t.Iterable[Namespace]) -> None:
    """:raises ProvisioningError: a namespace is wanted twice; it would be made twice, and the second time be refused."""
    counted = collections.Counter(namespace.name for namespace in wanted)
    doubles = ", ".join(name for name, count in counted.items() if count > 1)
    if doubles:
        raise ProvisioningError(
            f"more than one item is for {doubles}",
            part="namespaces",
            remedy="Give each namespace once, with all its users",
        )


@dataclasses.dataclass
class Done:
    """What was done, or in check mode would be, one line each; and what there is afterwards.

    :param pull_secrets: by namespace, None where nobody could look.
    :param outdated_pull_secrets: namespaces with a password of an earlier enabling that the user may not replace.
    :param address: of Kubernetes; empty: what its name resolves to.
    :param registry: of the device, None where it is off.
    """

    steps: list[str] = dataclasses.field(default_factory=list)
    kubeconfigs: dict[str, Kubeconfig] = dataclasses.field(default_factory=dict)
    pull_secrets: dict[str, bool | None] = dataclasses.field(default_factory=dict)
    outdated_pull_secrets: list[str] = dataclasses.field(default_factory=list)
    address: str = ""
    registry: RegistryInfo | None = None


class Tenancy:
    """The namespaces of one device. Nothing is taken for granted that was not read from the device.

    :param open_access: asks Kubernetes as a user, at an address.
    :param address: of Kubernetes; empty: the one that the device tells for its registry.
    :ivar patience: seconds that Kubernetes has to let a user in who was given access.
    """

    def __init__(
        self,
        device: Device,
        *,
        check_mode: bool,
        address: str,
        open_access: t.Callable[[Kubeconfig, str], Access],
        done: Done,
    ) -> None:
        self._device = device
        self._check_mode = check_mode
        self._address = address
        self._open_access = open_access
        self._done = done
        self.patience = 10.0

    def present(self, wanted: t.Sequence[Namespace]) -> None:
        """Make what is missing of namespaces, users and access.

        :raises ProvisioningError: the device or Kubernetes refuses, or cannot be asked.
        """
        users = dict.fromkeys(user for namespace in wanted for user in namespace.users)
        for user in users:
            self._provide_user(user)
        if self._done.kubeconfigs:
            state = self._device.registry()
            info = state.info
            if state.is_on and info is None:
                raise ProvisioningError(
                    state.said, reason="io", remedy="Wait until module azure_stack_edge finds the registry on"
                )
            self._done.registry = info
            self._done.address = self._address or (info.address if info else "")
        existing = self._device.namespaces()
        with contextlib.ExitStack() as stack:
            access = {
                user: stack.enter_context(self._open_access(kubeconfig, self._done.address))
                for user, kubeconfig in self._done.kubeconfigs.items()
            }
            for namespace in wanted:
                self._provide_namespace(namespace, existing, access)

    def absent(self, wanted: t.Sequence[Namespace]) -> None:
        """Remove the namespaces that are there.

        :raises ProvisioningError: the device cannot list or remove namespaces, or refuses.
        """
        existing = self._device.namespaces()
        if existing is None:
            raise _unsupported("list namespaces")
        going = [namespace.name for namespace in wanted if namespace.name in existing]
        if going and not self._device.has(_REMOVE):
            raise _unsupported("remove a namespace")
        for name in going:
            self._do(f"{_REMOVE} -Namespace {name}", functools.partial(self._remove, name))

    def _remove(self, name: str) -> Output:
        return self._device.remove_namespace(name).check_complete()

    def _provide_user(self, name: str) -> None:
        config = self._device.user_config(name)
        if config is None:
            made = self._do(f"New-HcsKubernetesUser -UserName {name}", functools.partial(self._device.new_user, name))
            if made is None:
                return
            config = made if made.text else self._device.user_config(name)
        self._done.kubeconfigs[name] = _read(name, config)

    def _provide_namespace(
        self, namespace: Namespace, existing: set[str] | None, access: t.Mapping[str, Access]
    ) -> None:
        lacking = [user for user in namespace.users if user not in access or not access[user].allows(namespace.name)]
        refused = None
        if len(lacking) == len(namespace.users) and namespace.name not in (existing or ()):
            refused = self._make(namespace, listed=existing is not None)
        with _naming(refused):
            for user in lacking:
                self._grant(namespace.name, user, access)
        looking = [user for user in namespace.users if not (self._check_mode and user in lacking)]
        self._done.pull_secrets[namespace.name] = (
            self._provide_pull_secret(namespace.name, access[looking[0]]) if looking else None
        )

    def _make(self, namespace: Namespace, *, listed: bool) -> ProvisioningError | None:
        """Make a namespace. Where namespaces cannot be listed, one that exists is refused, and the access proves it then."""
        step = f"New-HcsKubernetesNamespace -Namespace {namespace.name}"
        try:
            self._do(step, lambda: self._device.new_namespace(namespace.name).check_complete())
        except ConnectionLostError:
            raise
        except ProvisioningError as refused:
            if listed or not namespace.users:
                raise
            self._done.steps.remove(step)
            return refused
        return None

    def _grant(self, namespace: str, user: str, access: t.Mapping[str, Access]) -> None:
        step = f"Grant-HcsKubernetesNamespaceAccess -Namespace {namespace} -UserName {user}"
        self._do(step, functools.partial(self._device.grant, namespace, user))
        if not self._check_mode and not self._lets_in(access[user], namespace):
            raise ProvisioningError(
                f"{user} was given access to {namespace}, and Kubernetes still refuses after {self.patience:g} seconds",
                reason="unauthorized",
                remedy="Wait a moment, and run this again",
            )

    def _lets_in(self, access: Access, namespace: str) -> bool:
        """Whether Kubernetes lets a user in, which it may do only a while after the cmdlet."""
        deadline = time.monotonic() + self.patience
        while not access.allows(namespace):
            if time.monotonic() > deadline:
                return False
            time.sleep(_INTERVAL)
        return True

    def _provide_pull_secret(self, namespace: str, access: Access) -> bool:
        """Have the pull secret, if it is there, hold the registry's password; whether it is there."""
        secret = access.pull_secret(namespace)
        change = _pull_secret.refreshed(secret, self._done.registry) if secret and self._done.registry else None
        step = f"kubectl patch secret {_pull_secret.NAME} --namespace {namespace}"
        if change and self._note(step) and not access.merge_pull_secret(namespace, change):
            self._done.steps.remove(step)
            self._done.outdated_pull_secrets.append(namespace)
        return secret is not None

    def _do(self, step: str, run: t.Callable[[], Output]) -> Output | None:
        """Do a step that changes the device, or in check mode only note it."""
        return run().check() if self._note(step) else None

    def _note(self, step: str) -> bool:
        """Note a step that changes something; whether it is to be done."""
        if step not in self._done.steps:  # else it was lost with a session
            self._done.steps.append(step)
        return not self._check_mode


@contextlib.contextmanager
def _naming(cause: ProvisioningError | None) -> t.Iterator[None]:
    """Have what fails name what failed before it."""
    try:
        yield
    except ConnectionLostError:
        raise
    except ProvisioningError as error:
        if cause is None:
            raise
        message = f"{error.message}; before that, {cause.message}"
        raise ProvisioningError(message, reason=error.reason, remedy=error.remedy) from error


def _read(name: str, config: Output | None) -> Kubeconfig:
    """The kubeconfig that a device gave for a user, if it gave any."""
    try:
        return read_kubeconfig(name, config.text if config else ())
    except ProvisioningError as error:
        said = f"; the device says: {config.complaint()}" if config and config.errors else ""
        raise ProvisioningError(f"{error.message}{said}", reason=error.reason, remedy=error.remedy) from error


def _check_name(name: str, reserved: t.Container[str], kind: str) -> None:
    if name in reserved:
        raise ProvisioningError(
            f"{name} is reserved by the device", reason="invalid", part=kind, remedy="Choose another name"
        )
    if not _NAME.fullmatch(name):
        raise ProvisioningError(
            "must be 1 to 63 of a-z, 0-9 and -, with no - at its ends", part=kind, remedy="Choose another name"
        )


def _unsupported(what: str) -> ProvisioningError:
    return ProvisioningError(
        f"not supported by this device: it has no cmdlet to {what}",
        reason="unsupported",
        remedy="Remove them with kubectl, as a user who may",
    )


__all__ = ("RESERVED_NAMESPACES", "RESERVED_USERS", "Done", "Namespace", "Tenancy", "refuse_doubles")
