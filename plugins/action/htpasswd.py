# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of a registry in its password file, hashed on the controller."""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError, missing_library
from ansible_collections.edgeops.registry.plugins.plugin_utils._action import HostAction
from ansible_collections.edgeops.registry.plugins.plugin_utils._host_files import (
    Attributes,
    Directory,
    FileWrite,
    Result,
    parse_mode,
    text_diff,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._htpasswd import BCRYPT_ERROR, User, plan


class ActionModule(HostAction):
    """Module edgeops.registry.htpasswd."""

    ARGUMENTS: t.ClassVar = {
        "path": {"type": "path", "required": True},
        "users": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "username": {"type": "str", "required": True},
                "password": {"type": "str", "no_log": True},
                "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            },
            "required_if": [("state", "present", ("password",))],
        },
        "cost": {"type": "int"},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "mode": {"type": "str", "default": "0600"},
    }

    def act(self, options: dict[str, t.Any]) -> Result:
        """Converge the file."""
        if BCRYPT_ERROR is not None:
            raise missing_library("bcrypt")
        users, cost = _users(options["users"]), _cost(options["cost"])
        attributes = Attributes(parse_mode(options["mode"]), options["owner"], options["group"])
        parent, name = posixpath.split(options["path"])
        directory = Directory(self, parent, self.check_mode)
        listing = directory.look(name)
        content = directory.read(name) if name in listing.files else b""
        done = plan(content, users, cost)
        if done.content == content:
            diffs = directory.repair(listing, {name: attributes})
        else:
            directory.write(listing, [FileWrite(name, done.content, attributes)])
            diffs = [text_diff(options["path"], done.before, done.after)]
        return Result(bool(diffs), {"path": options["path"]}, diffs)


def _users(items: list[dict[str, t.Any]]) -> list[User]:
    users = [User(item["username"], item["password"] if item["state"] == "present" else None) for item in items]
    names = [user.name for user in users]
    if len(names) != len(set(names)):
        raise ProvisioningError("a user is there twice", part="users")
    return users


def _cost(cost: int | None) -> int | None:
    if cost is not None and not 4 <= cost <= 31:
        raise ProvisioningError("must be 4 to 31", part="cost")
    return cost
