# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role registry with backend kubernetes, by its playbook: from nothing to a record that seeding and a node use, and back."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.edgeops.registry.tests.support.edge_images import REGISTRY
from ansible_collections.edgeops.registry.tests.support.play import play
from ansible_collections.edgeops.registry.tests.support.record_client import RecordClient

pytestmark = pytest.mark.minutes(5)

PORT = 31502


@dataclasses.dataclass
class Site:
    """The inventory of one registry in a cluster, and what it came to."""

    folder: Path
    variables: dict[str, object]

    @property
    def records(self):
        file = self.folder / "records.yml"
        return yaml.safe_load(file.read_text())["edge_registry_records"] if file.exists() else []

    @property
    def record(self):
        [record] = self.records
        return record

    @property
    def keys(self):
        return self.folder / "keys"

    def run(self, playbook="registry", *, check=False, **different):
        """How many tasks changed, and what was printed, at -vvvv --diff; no secret among it."""
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **self.variables}
        inventory = {"edge_registries": {"hosts": {"localhost": {**host, **different}}}}
        (self.folder / "inventory.json").write_text(json.dumps(inventory))
        command = [
            *(Path(sys.executable).with_name("ansible-playbook"), "-i", "inventory.json", "-vvvv", "--diff"),
            *(f"edgeops.registry.{playbook}", "--extra-vars", "registry_become=false", *(["--check"] if check else [])),
        ]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(command, check=False, cwd=self.folder, env=environment, capture_output=True, text=True)
        output = done.stdout + done.stderr
        for name in ("password", "server.key", "ca.key"):
            if (self.keys / name).exists():
                assert (self.keys / name).read_text().splitlines()[-2:][0] not in output
        assert done.returncode == 0, output[-6000:]
        return int(re.findall(r"^localhost +: ok=\d+ +changed=(\d+)", output, re.MULTILINE)[-1]), output


@pytest.fixture(scope="module")
def site(cluster, node, edge_registry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("role")
    [namespace] = cluster.unused_names(1)
    source = edge_registry.record_dict
    variables = {
        "registry_backend": "kubernetes",
        "registry_endpoint": f"{node.address}:{PORT}",
        "registry_kubeconfig": str(cluster.kubeconfig),
        "registry_directory": str(folder / "keys"),
        "registry_namespace": namespace,
        "registry_image": f"{edge_registry.endpoint}/{REGISTRY}",
        "registry_image_login": {key: source[key] for key in ("endpoint", "username", "password")},
        "registry_volume": {"kind": "host_path", "path": f"/srv/{namespace}"},
        "registry_record_file": str(folder / "records.yml"),
    }
    return Site(folder, variables)


@pytest.fixture(scope="module")
def runs(site, cluster):
    """An audit of nothing, the real thing, that again, and an audit of that."""
    audit = site.run(check=True)
    assert not site.keys.exists()
    assert cluster.object("namespace", site.variables["registry_namespace"]) is None
    return {"audit": audit[0], "first": site.run()[0], "again": site.run()[0], "check": site.run(check=True)[0]}


def test_it_stands_after_one_run_and_the_next_changes_nothing(runs):
    assert runs["audit"]
    assert runs["first"]
    assert runs["again"] == runs["check"] == 0


def test_its_keys_are_the_users_alone(runs, site):
    assert {file.name for file in site.keys.iterdir()} == {
        *("ca.key", "ca.pem", "htpasswd", "password", "server.key", "server.pem")
    }
    assert site.keys.stat().st_mode & 0o777 == 0o700
    for name in ("ca.key", "password", "server.key"):
        assert (site.keys / name).stat().st_mode & 0o777 == 0o600


def test_its_record_is_one_that_seeding_and_clients_use(runs, site, edge_registry, node):
    record = site.record
    assert record["endpoint"] == site.variables["registry_endpoint"]
    assert record["ca_certificates"] == [(site.keys / "ca.pem").read_text()]
    options = {
        "registry": record,
        "sources": [edge_registry.record_dict_for("localhost")],
        "images": [{"source": f"localhost:{edge_registry.port}/edge/hello:1", "name": "edge/hello:1"}],
    }
    [seeded] = play(site.folder, {"image_sync": options}).results
    assert not seeded.get("failed"), seeded["msg"]
    assert RecordClient(record).ask("GET", "/v2/edge/hello/tags/list").status == 200
    provisioned = node.module("client", registries=[record], runtimes=["containerd"], verify_image="edge/hello:1")
    assert provisioned["registries"][0]["verify"]["ok"], provisioned.values
    assert node.module("client", registries=[record], runtimes=["containerd"], state="absent")["changed"]


def test_other_playbooks_read_the_record_back(runs, site):
    assert site.run("record")[0] == 0


def test_a_new_password_is_served_and_the_former_is_not(runs, site):
    former = site.record
    assert site.run(registry_password="another-password")[0]
    assert site.record["password"] == "another-password"
    assert RecordClient(site.record).ask("GET", "/v2/").status == 200
    assert RecordClient(former).ask("GET", "/v2/").status == 401
    assert not site.run(registry_password="another-password")[0]


def test_it_goes_and_leaves_the_images(runs, site, cluster, node):
    namespace = site.variables["registry_namespace"]
    assert site.run(registry_state="absent", check=True)[0]
    assert site.keys.exists()
    site.run(registry_state="absent")
    assert not site.keys.exists()
    assert not site.records
    cluster.kubectl("wait", "--for=delete", f"namespace/{namespace}", "--timeout=180s")
    assert node.run("test", "-d", f"/srv/{namespace}/docker").returncode == 0
    assert site.run(registry_state="absent")[0] == 0
