# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module kubernetes_namespaces, run as Ansible does on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t

SECRET = "edge-registry"
PASSWORD = "Zq7-canary-Zq7"
RECORD = {"name": "site-a", "endpoint": "registry.example.com:5000", "username": "edge", "password": PASSWORD}
MODULE = "ansible_collections.edgeops.registry.plugins.modules.kubernetes_namespaces"

Namespace = str | dict[str, t.Any]


def provision(*namespaces: Namespace, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """What the module returns.

    :param namespaces: names, or items of its option.
    """
    items = [item if isinstance(item, dict) else {"name": item} for item in namespaces]
    given = {"registries": [RECORD], "namespaces": items, **options}
    arguments = {"ANSIBLE_MODULE_ARGS": {**given, "_ansible_check_mode": check, "_ansible_diff": True}}
    done = subprocess.run(
        [sys.executable, "-m", MODULE], input=json.dumps(arguments), capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert "exception" not in result, result["exception"]
    assert not {key: value for key, value in result.items() if key != "invocation" and PASSWORD in json.dumps(value)}
    return dict(result)
