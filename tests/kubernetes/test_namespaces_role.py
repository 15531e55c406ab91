# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role namespaces with provider kubernetes, by the playbooks that use it."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.tests.support.edge_images import BUSYBOX

pytestmark = pytest.mark.minutes(2)

SECRET = "edge-registry"


class Site:
    """A registry that is there already, and a cluster, as one host of an inventory."""

    def __init__(self, cluster, registry, folder):
        self.cluster = cluster
        self.registry = registry
        self.folder = folder
        self.names = cluster.unused_names(2)
        self.variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "registry_backend": "external",
            "registry_record": registry.record_dict,
            "registry_become": False,
            "images_directory": str(folder / "images"),
            "namespaces_kubeconfig": str(cluster.kubeconfig),
            "namespaces_kubeconfig_directory": str(folder / "users"),
            "namespaces_list": [{"name": self.names[0], "users": ["carol"]}, {"name": self.names[1]}],
        }

    def run(self, playbook, *, check=False, without=(), **variables):
        """Return code, number of changed tasks, and output, in which there is no secret."""
        given = {key: value for key, value in {**self.variables, **variables}.items() if key not in without}
        inventory = {"edge_registries": {"hosts": {"edge-1": given}}}
        (self.folder / "inventory.json").write_text(json.dumps(inventory))
        command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "inventory.json", "-vvvv", "--diff"]
        done = subprocess.run(
            [*command, f"edgeops.registry.{playbook}", *(["--check"] if check else [])],
            check=False,
            cwd=self.folder,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
        )
        output = done.stdout + done.stderr
        login = base64.b64encode(f"{self.registry.username}:{self.registry.password}".encode()).decode()
        for secret in (self.registry.password, login, "client-key-data:"):
            assert secret not in output
        changed = re.search(r"^edge-1 +: ok=\d+ +changed=(\d+)", output, re.MULTILINE)
        return done.returncode, int(changed[1]) if changed else None, output

    def secret(self, name):
        return self.cluster.object("secret", SECRET, name)


@pytest.fixture
def site(cluster, edge_registry, tmp_path):
    return Site(cluster, edge_registry, tmp_path)


def test_audit_then_run_then_audit_then_absent(site):
    code, changed, output = site.run("namespaces", check=True)
    assert (code, changed) == (0, 1), output
    assert site.cluster.object("namespace", site.names[0]) is None
    code, changed, output = site.run("namespaces")
    assert (code, changed) == (0, 1), output
    assert all(map(site.secret, site.names))
    assert (site.folder / "users" / "carol.kubeconfig").exists()
    for check in (False, True):
        code, changed, output = site.run("namespaces", check=check)
        assert (code, changed) == (0, 0), output
    for expected in (1, 0):
        code, changed, output = site.run("namespaces", namespaces_state="absent")
        assert (code, changed) == (0, expected), output
    assert site.cluster.object("namespace", site.names[0]) is None
    assert not (site.folder / "users" / "carol.kubeconfig").exists()


def test_pods_prove_it_and_verify_changes_nothing(site, node):
    image = f"{site.registry.endpoint}/{BUSYBOX}"
    code, _changed, output = site.run("verify", namespaces_verify_image=image)
    assert code != 0
    assert f"would change namespaces [{', '.join(site.names)}]" in " ".join(output.split())
    assert site.cluster.object("namespace", site.names[0]) is None
    code, _changed, output = site.run("namespaces", namespaces_verify_image=image)
    assert code == 0, output
    code, changed, output = site.run("verify", namespaces_verify_image=image)
    assert (code, changed) == (0, 0), output
    missing = f"{site.registry.endpoint}/edge/missing:1"
    code, changed, output = site.run("verify", namespaces_verify_image=missing)
    assert code != 0
    assert "the registry does not have the image" in output


def test_records_of_the_inventory_and_of_the_role_come_first(site):
    other = {"endpoint": "other.example.com:5000", "username": "edge", "password": "of-no-registry"}
    for variable in ("edge_registry_records", "namespaces_registries"):
        code, _changed, output = site.run("namespaces", without=["registry_record"], **{variable: [other]})
        assert code == 0, output
        config = json.loads(base64.b64decode(site.secret(site.names[0])["data"][".dockerconfigjson"]))
        assert list(config["auths"]) == [other["endpoint"]]
    code, _changed, output = site.run("namespaces", without=["registry_record"])
    assert code != 0
    assert "There is no record of this registry" in output


def test_without_namespaces_nothing_is_asked(site):
    code, changed, output = site.run(
        "namespaces", without=["registry_record", "namespaces_kubeconfig"], namespaces_list=[]
    )
    assert (code, changed) == (0, 0), output


def test_a_misspelt_key_is_refused_before_anything_is_done(site):
    code, _changed, output = site.run("namespaces", namespaces_list=[{"name": site.names[0], "user": ["carol"]}])
    assert code != 0
    assert "user" in output
    assert site.cluster.object("namespace", site.names[0]) is None


def test_the_site_hands_out_namespaces_at_its_end(site):
    code, _changed, output = site.run("site")
    assert code == 0, output
    assert all(map(site.secret, site.names))
    code, changed, output = site.run("site", check=True)
    assert (code, changed) == (0, 0), output
