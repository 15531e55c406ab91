# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role images and playbook bundle: lists, a bundle for a site without a link, and how far a transfer is."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.tests.support.http_server import Reply
from ansible_collections.edgeops.registry.tests.support.oci_layout import OciLayout, random_layer
from ansible_collections.edgeops.registry.tests.support.play import PLAYBOOK
from ansible_collections.edgeops.registry.tests.support.syncing import sync

MITOGEN = Path(str(importlib.util.find_spec("ansible_mitogen").origin)).parent
PROGRESS = re.compile(r"^localhost: 0 of 1 images, .+ of 3\.\d MB, .+/s, .+ left, slowest: big:1$", re.MULTILINE)


@pytest.fixture
def run(tmp_path, registry):
    """Run a playbook on this machine with some variables; what comes out is what it printed."""

    def run_playbook(playbook, *options, strategy="linear", **variables):
        given = {
            "images_registry": registry.record_dict,
            "images_files": [],
            "images_list": [],
            "images_directory": str(tmp_path / "images"),
            "registry_hosts": "localhost",
            "registry_become": False,
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            **variables,
        }
        (tmp_path / "vars.json").write_text(json.dumps(given))
        command = [PLAYBOOK, playbook, "-i", "localhost,", "-e", f"@{tmp_path / 'vars.json'}", *options]
        environment = {
            **os.environ,
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_STRATEGY": strategy,
            "ANSIBLE_STRATEGY_PLUGINS": str(MITOGEN / "plugins" / "strategy"),
        }
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run_playbook


@pytest.fixture
def layout(tmp_path):
    return OciLayout(tmp_path / "layout")


def changed(output):
    return int(re.search(r"changed=(\d+)", output)[1])


def test_lists_of_groups_and_sites_are_one(run, registry, layout):
    for tag in ("all", "site"):
        layout.image(random_layer(1000, len(tag)), tag=tag)
    lists = {
        "images_list": [{"source": f"oci:{layout.folder}:all", "name": "all:1"}],
        "images_list_site_a": [
            {"source": f"oci:{layout.folder}:site", "name": "site:1"},
            {"source": f"oci:{layout.folder}:all", "name": "all:1"},
        ],
    }
    assert changed(run("edgeops.registry.images", "--check", **lists)) == 1
    assert changed(run("edgeops.registry.images", **lists)) == 1
    assert changed(run("edgeops.registry.images", **lists)) == 0
    assert changed(run("edgeops.registry.images", "--check", **lists)) == 0
    wrong = sync(registry, (f"oci:{layout.folder}:all", "all:1"), (f"oci:{layout.folder}:site", "site:1"))
    assert not wrong.changed


def test_a_bundle_travels_to_a_site_that_no_link_leads_to(run, registry, layout, tmp_path):
    layout.image(random_layer(5000, 1))
    bundle = {"images_bundle": str(tmp_path / "site-a.tar"), "bundle_host": "localhost"}
    wanted = {"images_list": [{"source": f"oci:{layout.folder}", "name": "team/app:1.0"}]}
    assert changed(run("edgeops.registry.bundle", **bundle, **wanted)) == 1
    assert changed(run("edgeops.registry.bundle", **bundle, **wanted)) == 0
    there = {"images_files": [str(tmp_path / "site-a.tar")], "images_from_bundle": str(tmp_path / "images/site-a.tar")}
    assert changed(run("edgeops.registry.images", **there)) == 3  # the directory, the file, the images
    assert changed(run("edgeops.registry.images", **there)) == 0
    assert not sync(registry, (f"oci:{layout.folder}", "team/app:1.0")).changed


@pytest.mark.parametrize("strategy", ["linear", "mitogen_linear"])
def test_a_long_transfer_shows_how_far_it_is(run, registry, start_registry, layout, tmp_path, strategy):
    origin = start_registry()
    layout.image(random_layer(3_000_000, 1))
    sync(origin, (f"oci:{layout.folder}", "big:1"))
    slow = {
        "images_list": [{"source": f"{origin.endpoint}/big:1"}],
        "images_sources": [origin.record_dict],
        "images_bandwidth_limit": "1M",
        "images_spool": str(tmp_path / "spool"),
        "images_progress_interval": 0.5,
    }
    output = run("edgeops.registry.images", "-vvv", strategy=strategy, **slow)
    assert PROGRESS.search(output)
    assert changed(output) == 1
    assert ("EXEC /bin/sh" in output) == (strategy == "linear")
    again = run("edgeops.registry.images", strategy=strategy, **slow)
    assert not PROGRESS.search(again)
    assert changed(again) == 0
    assert not sync(registry, (f"oci:{layout.folder}", "big:1")).changed


def test_a_registry_that_wants_a_rest_gets_it_between_two_looks(run, serve, layout):
    digest = layout.image(random_layer(3_000_000, 1))
    [big] = [path for path in layout.folder.glob("blobs/sha256/*") if path.stat().st_size == 3_000_000]
    refusals = [Reply(429, {"Retry-After": "8"})]

    def answer(asked):
        name = asked.path.rpartition(":")[2] if ":" in asked.path else digest.partition(":")[2]
        if "/blobs/" in asked.path and name == big.name and refusals:
            return refusals.pop()
        path = layout.folder / "blobs" / "sha256" / name
        return Reply(headers={"Docker-Content-Digest": f"sha256:{name}"}, body=path.read_bytes())

    endpoint = f"127.0.0.1:{serve(answer).port}"
    output = run(
        "edgeops.registry.images",
        images_list=[{"source": f"{endpoint}/big:1"}],
        images_sources=[{"endpoint": endpoint, "scheme": "http"}],
        images_allow_http=True,
        images_companions=False,
        images_progress_interval=0.5,
    )
    assert re.search(r"^localhost: 0 of 1 images, .+ goes on in \d s$", output, re.MULTILINE)
    assert changed(output) == 1
