# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which registries leave clients without a record."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.plugins.filter.silent_registries import silent_registries

ANSIBLE = Path(sys.executable).with_name("ansible")
TOLD = {"registry_record": {"endpoint": "registry.example.com:5000"}}
A, B = {"edge_site": "a"}, {"edge_site": "b"}


@pytest.mark.parametrize(
    ("registries", "client", "silent", "stranded"),
    [
        pytest.param({"r1": TOLD}, {}, None, None, id="its registry told"),
        pytest.param({"r1": {}}, {}, ["r1"], ["r1"], id="its registry failed"),
        pytest.param({"r1": A, "r2": {**B, **TOLD}}, A, ["r1"], ["r1"], id="the registry of its site failed"),
        pytest.param({"r1": A, "r2": {**B, **TOLD}}, B, None, None, id="the registry of another site failed"),
        pytest.param({"r1": A, "r2": {**A, **TOLD}}, A, ["r1"], None, id="one of two failed"),
        pytest.param({"r1": A, "r2": A}, A, ["r1", "r2"], ["r1", "r2"], id="both failed"),
        pytest.param({"r1": A}, {}, None, None, id="no site, no registry of it"),
        pytest.param({"r1": {}}, {"client_registries": [TOLD]}, None, None, id="given by the role's variable"),
        pytest.param({"r1": {}}, {"edge_registry_records": [TOLD]}, None, None, id="given by the inventory"),
        pytest.param({"r1": {}}, {"client_registries": []}, ["r1"], ["r1"], id="given nothing by the role's variable"),
        pytest.param({"r1": {}}, {"edge_registry_records": []}, ["r1"], ["r1"], id="given nothing by the inventory"),
        pytest.param({"r1": {}}, {"client_registry_group": "others"}, None, None, id="of another group"),
        pytest.param({}, {}, None, None, id="no registries"),
    ],
)
def test_what_a_client_lacks(registries, client, silent, stranded):
    hostvars = {**registries, "c": client}
    groups = {"edge_registries": list(registries)}
    assert silent_registries(["c"], hostvars, groups) == ({"c": silent} if silent else {})
    assert silent_registries(["c"], hostvars, groups, stranded=True) == ({"c": stranded} if stranded else {})


def test_what_templates_give(tmp_path):
    """One that fails is its client's own failure: it ends no run of others."""
    clients = {
        "elsewhere": "{{ hostvars['r1'].registry_record }}",
        "in a list": ["{{ hostvars['r1'].registry_record }}"],
        "no such file": "{{ lookup('ansible.builtin.file', 'missing') }}",
        "empty": "{{ [] }}",
    }
    found = "{{ groups.edge_clients | edgeops.registry.silent_registries(hostvars, groups) }}"
    inventory = {
        "edge_registries": {"hosts": {"r1": {}}},
        "edge_clients": {"hosts": {name: {"client_registries": given} for name, given in clients.items()}},
    }
    (tmp_path / "inventory.json").write_text(json.dumps(inventory))
    command = [ANSIBLE, "-i", tmp_path / "inventory.json", "r1", "-m", "debug", "-a", json.dumps({"msg": found})]
    done = subprocess.run([*command, "--one-line"], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout.partition(" => ")[2]) == {"changed": False, "msg": {"empty": ["r1"]}}


def test_before_the_first_play_nothing_is_known():
    assert silent_registries(["c"], {}, {"edge_registries": ["r"]}) == {}
