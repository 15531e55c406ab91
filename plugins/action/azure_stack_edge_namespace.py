# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces of an Azure Stack Edge, and who may use them."""

from __future__ import annotations

import datetime as dt
import functools
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan, show_nothing
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.kubeconfig import Kubeconfig
from ansible_collections.edgeops.registry.plugins.plugin_utils._host_files import Result, text_diff
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._access import Access
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._action import HIDDEN, DeviceAction
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import Device
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._kubeconfig import kept_or_given
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._namespaces import (
    Done,
    Namespace,
    Tenancy,
    refuse_doubles,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._target import CONNECTION_OPTIONS, Target


class ActionModule(DeviceAction):
    """Module edgeops.registry.azure_stack_edge_namespace."""

    ARGUMENTS: t.ClassVar = {
        **CONNECTION_OPTIONS,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "namespaces": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "users": {"type": "list", "elements": "str", "default": []},
            },
        },
        "kubeconfig_directory": {"type": "path"},
        "kubernetes_address": {"type": "str", "default": ""},
        "renew_before": {"type": "int", "default": 30},
        "verify_image": {"type": "str", "default": ""},
        "poll_interval": {"type": "float", "default": 5.0},
    }

    def act(self, options: dict[str, t.Any]) -> Result:
        """Converge namespaces, users, access and the users' files."""
        target = self.target(options)
        wanted = [Namespace(item["name"], tuple(dict.fromkeys(item["users"]))) for item in options["namespaces"]]
        refuse_doubles(wanted)
        done = self._converge(options, target, wanted)
        for step in done.steps if self.check_mode else []:
            self.tell(f"would run {step}")
        diff = [text_diff(f"{target.host}", "", f"{step}\n") for step in done.steps]
        if options["state"] == "absent":
            return Result(bool(done.steps), {"namespaces": [{"name": item.name} for item in wanted]}, diff)
        files = self._write(options, done) if options["kubeconfig_directory"] else []
        if options["verify_image"] and not self.check_mode:
            self._prove_pulls(options, target, wanted, done)
        now = dt.datetime.now(dt.UTC)
        facts = {
            "namespaces": [{"name": item.name, "pull_secret": done.pull_secrets[item.name]} for item in wanted],
            "users": [_user(options, kubeconfig, now) for kubeconfig in done.kubeconfigs.values()],
            **({} if options["kubeconfig_directory"] else HIDDEN),
        }
        warnings = [
            f"The pull secret of namespace {name} has a password of an earlier enabling, and its user may not replace it"
            for name in dict.fromkeys(done.outdated_pull_secrets)
        ] + [
            f"The certificate of user {user.user} ends in {user.credential.days_left(now)} days, and the device gives no newer one"
            for user in done.kubeconfigs.values()
            if user.credential.days_left(now) < options["renew_before"]
        ]
        return Result(bool(done.steps or files), facts, [*diff, *files], warnings)

    def _converge(self, options: dict[str, t.Any], target: Target, wanted: t.Sequence[Namespace]) -> Done:
        """All of it, in as many sessions as it takes; each reads the state anew."""
        done = Done()

        def open_access(kubeconfig: Kubeconfig, address: str) -> Access:
            return Access(kubeconfig, address, target.connection_timeout)

        def work(device: Device) -> None:
            tenancy = Tenancy(
                device,
                check_mode=self.check_mode,
                address=options["kubernetes_address"],
                open_access=open_access,
                done=done,
            )
            converge_them = tenancy.absent if options["state"] == "absent" else tenancy.present
            converge_them(wanted)

        self.sessions(target, options["poll_interval"]).run(work)
        return done

    def _prove_pulls(
        self, options: dict[str, t.Any], target: Target, wanted: t.Sequence[Namespace], done: Done
    ) -> None:
        """Have a pod in each namespace pull an image of the device's registry."""
        if done.registry is None:
            raise ProvisioningError(
                "the registry is off, or no namespace has a user",
                part="verify_image",
                remedy="Enable it with module azure_stack_edge, and give each namespace a user",
            )
        image = f"{done.registry.endpoint}/{options['verify_image']}"
        for namespace in (namespace for namespace in wanted if namespace.users):
            self.tell(f"waiting for a pod in {namespace.name} that pulls {image}")
            kubeconfig = done.kubeconfigs[namespace.users[0]]
            with Access(kubeconfig, done.address, target.connection_timeout) as access:
                access.prove_pull(namespace.name, image, timeout=target.timeout, interval=options["poll_interval"])

    def _write(self, options: dict[str, t.Any], done: Done) -> list[dict[str, str]]:
        """Write the users' files that are missing or near their end; what changed, without any content."""
        directory = self._loader.path_dwim(options["kubeconfig_directory"])
        now = dt.datetime.now(dt.UTC)
        plans = [
            FilePlan(
                f"{directory}/{kubeconfig.user}.kubeconfig",
                functools.partial(kept_or_given, kubeconfig, now, options["renew_before"]),
                kubeconfig.user,
                mode=0o600,
                enforce_mode=True,
                directory_mode=0o700,
                redact=show_nothing,
            )
            for kubeconfig in done.kubeconfigs.values()
        ]
        changes = converge(plans, Settings(check_mode=self.check_mode, diff=True))
        for failure in (failure for change in changes for failure in change.failures):
            raise ProvisioningError.from_failure(failure)
        return [change.diff or {} for change in changes if change.changed]


def _user(options: dict[str, t.Any], kubeconfig: Kubeconfig, now: dt.datetime) -> dict[str, t.Any]:
    directory = options["kubeconfig_directory"]
    return {
        "name": kubeconfig.user,
        "not_after": kubeconfig.credential.not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "days_left": kubeconfig.credential.days_left(now),
        **({"path": f"{directory}/{kubeconfig.user}.kubeconfig"} if directory else {"kubeconfig": kubeconfig.render()}),
    }
