# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records are checked on the controller, before a module runs on a host."""

from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.plugin_utils._record_action import canonical_records
from ansible_collections.edgeops.registry.tests.support.play import play

SECRET = "s3cret-canary"
RECORD = {"endpoint": "Registry.Edge.Test:5000", "addresses": ["192.0.2.10"]}
MODULES = ("client", "hosts_entry", "ca_trust", "login")


def test_a_wrong_record_costs_no_module_execution_and_shows_no_value(tmp_path):
    wrong = {**RECORD, "username": "edge", "pasword": SECRET}
    played = play(tmp_path, *({module: {"registries": [RECORD, wrong]}} for module in MODULES))
    assert played.executions == 0
    for result in played.results:
        assert result["failed"]
        assert result["msg"].startswith("registries[1].pasword: it is not a key of a registry record")
        assert result["remedy"] == "Did you mean password?"
    assert SECRET not in played.output


def test_keys_of_the_users_own_stay_on_the_controller(tmp_path):
    played = play(tmp_path, {"hosts_entry": {"registries": [{**RECORD, "x_rack": 7}]}}, check=True)
    assert (played.executions, played.changed) == (1, [True])
    assert "registry.edge.test" in played.diff[0]["after"]


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"registries": [RECORD]}, {"registries"}),
        ({"registry": RECORD, "sources": [RECORD]}, {"registry", "sources"}),
        ({"registries": [{"endpoint": "no port"}], "state": "absent"}, set()),
        ({"registries": "registry.edge.test:5000"}, set()),
        ({}, set()),
    ],
)
def test_what_is_brought_into_canonical_form(options, keys):
    found = canonical_records(options)
    assert set(found) == keys
    for value in found.values():
        [record] = value if isinstance(value, list) else [value]
        assert record["endpoint"] == "registry.edge.test:5000"
