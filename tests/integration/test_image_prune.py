# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules image_prune, image_info and registry_info, and role maintenance, as Ansible runs them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

import pytest
from ansible_collections.edgeops.registry.tests.support.play import PLAYBOOK, play
from ansible_collections.edgeops.registry.tests.support.registry_content import RepositoryContent

RULES = {"keep": [{"tags": "[0-9.]+", "newest": 2}, {"tags": "stable"}], "max_delete": 5}


@pytest.fixture
def app(registry):
    content = RepositoryContent(registry.record_dict_for("127.0.0.1"), "team/app")
    digests = [content.image(bytes([number]), tag=f"1.{number}") for number in range(4)]
    content.tag(digests[0], "stable")
    return content


def test_prune_has_a_preview_that_comes_true(app, registry, tmp_path):
    """P11: what check mode lists is what goes, and it goes by reference."""
    prune = {"image_prune": {"registry": registry.record_dict, **RULES}}
    look = {"registry_info": {"registry": {**registry.record_dict, "x_rack": 7}, "gather": "tags"}}
    before = app.tags()
    preview = play(tmp_path, prune, look, check=True)
    assert preview.changed == [True, False]
    assert preview.results[1]["repositories"] == [{"name": "team/app", "tags": before}]
    done = play(tmp_path, prune, {"image_info": {"registry": registry.record_dict}}, prune)
    assert done.changed == [True, False, False]
    assert sorted(done.results[1]["digests"]) == [f"team/app:{tag}" for tag in app.tags()]
    assert app.tags() == ["1.2", "1.3", "stable"]
    for key in ("tags", "manifests", "bytes_freed", "diff"):
        assert done.results[0][key] == preview.results[0][key]
    assert play(tmp_path, prune, check=True).changed == [False]


def test_what_is_wrong_is_told(app, registry, tmp_path):
    wrong = {**registry.record_dict, "password": "canary-wrong"}
    played = play(
        tmp_path,
        {"image_prune": {"registry": registry.record_dict, "unmatched": "delete"}},
        {"image_prune": {"registry": wrong, **RULES}},
        {"registry_info": {"registry": wrong, "on_failure": "report"}},
    )
    assert [result.get("failed", False) for result in played.results] == [True, True, False]
    for word, result in zip(("keep none of the 5", "HTTP 401", "refuses username"), played.results, strict=True):
        assert word in result["msg"]
    assert len(app.tags()) == 5
    for secret in ("canary-wrong", registry.password):
        assert secret not in played.output
        assert base64.b64encode(f"edge:{secret}".encode()).decode() not in played.output


def test_role_maintenance(app, registry, tmp_path):
    variables = {
        "registry_hosts": "localhost",
        "registry_become": False,
        "ansible_python_interpreter": sys.executable,
        "registry_push_record": {**registry.record_dict, "x_rack": 7},
        "maintenance_keep": [{"tags": "[0-9.]+", "newest": 1}],
        "maintenance_unmatched": "delete",
    }
    (tmp_path / "vars.json").write_text(json.dumps(variables))

    command = [PLAYBOOK, "-i", "localhost,", "-c", "local", "-e", "@vars.json", "--diff", "edgeops.registry.prune"]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changed=1" in done.stdout
    assert "-stable sha256:" in done.stdout
    assert app.tags() == ["1.3"]
