# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role client offers what its module does, and for Windows what its tasks use."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from ansible_collections.edgeops.registry import tests
from ansible_collections.edgeops.registry.plugins.module_utils._client_argspec import ALL, client_options

ROLE = Path(tests.__path__[0]).parent / "roles" / "client"


WINDOWS = [*ROLE.glob("*/windows*.yml"), ROLE / "vars/main.yml"]


def arguments(entry_point):
    return yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"][entry_point]["options"]


def test_each_option_of_the_module_can_be_set():
    task = yaml.safe_load((ROLE / "tasks/main.yml").read_text())[0]
    assert set(task["edgeops.registry.client"]) == {"registries", "state", "backup", *client_options(*ALL)}


def test_a_variable_takes_what_the_option_takes():
    variables = arguments("main")
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    options = client_options(*ALL)
    for name in options.keys() & {variable.removeprefix("client_") for variable in variables} - {"registries"}:
        assert variables[f"client_{name}"].get("choices") == options[name].get("choices"), name
        assert variables[f"client_{name}"]["default"] == defaults[f"client_{name}"], name


def test_on_windows_a_variable_is_used_and_has_its_default():
    variables = arguments("windows")
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    used = {name for file in WINDOWS for name in re.findall(r"\bclient_\w+", file.read_text())}
    assert set(variables) <= used
    assert used & set(defaults) <= set(variables)
    assert {name: option["default"] for name, option in variables.items()} == {
        name: defaults[name] for name in variables
    }
