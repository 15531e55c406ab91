# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins have in common. This plugin util is private to the collection."""

from __future__ import annotations

import abc
import base64
import glob
import posixpath
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.edgeops.registry.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._host_files import Attributes, HostFile, Listing, Result


class ControllerAction(ActionBase):
    """An action that decides on the controller: reads its options, acts, and reports as a module would."""

    ARGUMENTS: t.ClassVar[ArgumentSpec]
    CONSTRAINTS: t.ClassVar[dict[str, t.Any]] = {}
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the action; a failure carries `reason` and `remedy`."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        del tmp
        self._host_vars = task_vars or {}
        validate: t.Callable[..., tuple[object, dict[str, t.Any]]] = self.validate_argument_spec
        options = validate(self.ARGUMENTS, **self.CONSTRAINTS)[1]
        try:
            done = self.act(options)
        except ProvisioningError as error:
            return {**result, "failed": True, "msg": str(error), "reason": error.reason, "remedy": error.remedy}
        result.update(changed=done.changed, **done.facts)
        if done.diff and self._task.diff:
            result["diff"] = list(done.diff)
        if done.warnings:
            result["warnings"] = [*result.get("warnings", ()), *done.warnings]
        return result

    @abc.abstractmethod
    def act(self, options: dict[str, t.Any]) -> Result:
        """Do the work.

        :raises ProvisioningError: it could not be done.
        """

    @property
    def check_mode(self) -> bool:
        """Whether nothing may be changed."""
        return bool(self._task.check_mode)


class HostAction(ControllerAction):
    """An action that reads and writes files of the task's host (the port `Files`), through released modules."""

    def list_files(self, directory: str, *names: str) -> Listing:
        """The files of a directory, those with one of `names` if there are any."""
        found = self._module(
            "find",
            paths=[directory],
            patterns=[glob.escape(name) for name in names] or ["*"],
            file_type="any",
            hidden=True,
            get_checksum=bool(names),
            checksum_algorithm="sha256",
        )
        files: dict[str, HostFile] = {}
        for item in found["files"]:
            if names and not item["isreg"]:
                raise ProvisioningError(
                    f"{item['path']} is not a regular file", reason="unsupported", remedy="Put a regular file there"
                )
            attributes = Attributes(int(item["mode"], 8), item["pw_name"], item["gr_name"])
            files[posixpath.basename(item["path"])] = HostFile(attributes, item.get("checksum", ""))
        return Listing(directory not in found["skipped_paths"], files)

    def read(self, path: str) -> bytes:
        """The content of a file."""
        return base64.b64decode(self._module("slurp", src=path)["content"])

    def write(self, path: str, content: bytes, attributes: Attributes) -> None:
        """Replace a file atomically; the task is a copy of ours with diff off, since the content may be a key."""
        task = self._task.copy()
        task.args = {"dest": path, "content": content, "force": True, **_module_attributes(attributes)}
        task.diff = False
        action = self._shared_loader_obj.action_loader.get(
            "ansible.builtin.copy",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        _check(f"writing {path}", action.run(task_vars=self._host_vars))

    def make_directory(self, path: str) -> None:
        """Make a directory, 0755, and those above it."""
        self._module("file", path=path, state="directory", mode="0755")

    def set_attributes(self, path: str, attributes: Attributes) -> None:
        """Give an existing file its attributes."""
        self._module("file", path=path, state="file", **_module_attributes(attributes))

    def remove(self, path: str) -> None:
        """Remove a file, or a directory that is empty."""
        self._module("file", path=path, state="absent")

    def _module(self, name: str, **arguments: t.Any) -> dict[str, t.Any]:
        done = self._execute_module(f"ansible.builtin.{name}", module_args=arguments, task_vars=self._host_vars)
        place = arguments.get("path") or arguments.get("src") or arguments["paths"][0]
        return _check(f"{name} {place}", done)


def _module_attributes(attributes: Attributes) -> dict[str, t.Any]:
    given = {"mode": f"{attributes.mode:04o}", "owner": attributes.owner, "group": attributes.group}
    return {key: value for key, value in given.items() if value}


def _check(what: str, result: dict[str, t.Any]) -> dict[str, t.Any]:
    if result.get("failed"):
        cause = str(result.get("msg") or result.get("module_stderr") or "no message")
        raise ProvisioningError(f"{what}: {cause}", reason="io", remedy="Set become where root's rights are needed")
    return result


__all__ = ("ControllerAction", "HostAction")
