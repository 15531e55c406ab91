# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tomllib

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.containerd_config import absent, mirrors, trust
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import find_engines
from ansible_collections.edgeops.registry.tests.support.machine import Machine

ENDPOINT, OTHER = "registry.example.com:5000", "other.example.com:5000"
MAIN = "etc/containerd/config.toml"
DROP_IN = "etc/containerd/conf.d/edgeops-registry.toml"
DIRECTORY = "/etc/containerd/certs.d"
CRI = "io.containerd.grpc.v1.cri"
IMAGES = "io.containerd.cri.v1.images"
IMPORTS = 'imports = ["/etc/containerd/conf.d/*.toml"]\n'


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path / "machine", store=False)
    machine.put("etc/containerd/conf.d/README", "foreign")
    return machine


def record(endpoint=ENDPOINT, **values):
    return Record.parse({"endpoint": endpoint, "scheme": "http", **values})


def apply(machine, plan, *what):
    [engine] = find_engines(["containerd"], [], machine.root)
    return converge(plan(what, engine), Settings())


def changed(changes):
    assert not [failure for change in changes for failure in change.failures]
    return [change.path for change in changes if change.changed]


def forget(part):
    return lambda endpoints, engine: absent(part, endpoints, engine)


def says(machine, path, plugin):
    return tomllib.loads((machine.path / path).read_text())["plugins"][plugin]["registry"]["config_path"]


def test_without_settings_ours_are_made_and_taken_back(machine):
    before = machine.listing()
    assert changed(apply(machine, trust, record(), record(OTHER)))
    assert says(machine, MAIN, CRI) == DIRECTORY
    assert tomllib.loads((machine.path / MAIN).read_text())["version"] == 2
    assert not changed(apply(machine, trust, record(), record(OTHER)))
    apply(machine, forget("trust"), record().endpoint)
    assert says(machine, MAIN, CRI) == DIRECTORY
    apply(machine, forget("trust"), record(OTHER).endpoint)
    assert machine.listing() == before


def test_what_one_part_needs_the_other_does_not_take(machine):
    before = machine.listing()
    both = record(mirrors=[{"upstream": "docker.io"}])
    apply(machine, trust, both)
    apply(machine, mirrors, both)
    apply(machine, forget("trust"), both.endpoint)
    assert says(machine, MAIN, CRI) == DIRECTORY
    apply(machine, mirrors, record())
    assert machine.listing() == before


def test_a_registry_with_a_public_ca_needs_nothing(machine):
    assert apply(machine, trust, record(scheme="https")) == []


@pytest.mark.parametrize(
    ("text", "version", "plugin"),
    [
        (f"version = 2\n{IMPORTS}", 2, CRI),
        (f'version = 3\n{IMPORTS}[plugins."{IMAGES}"]\nsnapshotter = "overlayfs"\n', 3, IMAGES),
        (
            f"version = 3\nimports = [\n  'conf.d/*.toml', # more\n]\n[plugins.'{IMAGES}'.registry]\nconfig_path = ''\n",
            3,
            IMAGES,
        ),
    ],
)
def test_settings_that_import_a_file_of_ours_need_no_change(machine, text, version, plugin):
    file = machine.put(MAIN, text)
    before = machine.listing()
    assert [path.endswith(DROP_IN) for path in changed(apply(machine, trust, record()))] == [True]
    assert says(machine, DROP_IN, plugin) == DIRECTORY
    assert tomllib.loads((machine.path / DROP_IN).read_text())["version"] == version
    assert not changed(apply(machine, trust, record()))
    assert file.read_text() == text
    apply(machine, forget("trust"), record().endpoint)
    assert machine.listing() == before


@pytest.mark.parametrize(
    "text",
    [
        f'version = 2\n[plugins."{CRI}".registry]\n  config_path = "{DIRECTORY}" # by hand\n',
        f"version = 3\n[plugins.'{IMAGES}'.registry]\n  config_path = '{DIRECTORY}:/etc/docker/certs.d'\n",
        "version = 4\n",
        f"version = 4\n[plugins.'{IMAGES}'.registry]\n  config_path = ''\n",
    ],
)
def test_settings_that_name_the_directory_stay(machine, text):
    machine.put(MAIN, text)
    before = machine.listing()
    assert not changed(apply(machine, trust, record()))
    assert machine.listing() == before


def test_an_import_may_name_the_directory(machine):
    machine.put(MAIN, f"version = 2\n{IMPORTS}")
    machine.put(
        "etc/containerd/conf.d/site.toml", f'version = 2\n[plugins."{CRI}".registry]\nconfig_path = "{DIRECTORY}"\n'
    )
    assert not changed(apply(machine, trust, record()))


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        (f'version = 2\n[plugins."{CRI}"]\nsandbox_image = "pause"\n', "unsupported", f'config_path = "{DIRECTORY}"'),
        (f'version = 2\n{IMPORTS}[plugins."{CRI}".cni]\nbin_dir = "x"\n', "unsupported", "config_path"),
        (f"version = 3\n[plugins.'{IMAGES}'.registry]\nconfig_path = ''\n", "unsupported", "restart containerd"),
        (
            f'version = 2\n[plugins."{CRI}".registry]\nconfig_path = "/srv/hosts"\n',
            "conflict",
            f"{DIRECTORY}:/srv/hosts",
        ),
        (
            f'version = 2\n[plugins."{CRI}".registry.mirrors."docker.io"]\nendpoint = ["https://x"]\n',
            "conflict",
            "Take them out",
        ),
        (f"version = 4\n[plugins.'{IMAGES}'.registry.mirrors]\n'a' = {{}}\n", "conflict", "Take them out"),
        (f'version = 2\n[plugins."{CRI}".registry.configs."a".tls]\nca_file = "x"\n', "conflict", "Take them out"),
        ("root = '/var/lib/containerd'\n", "unparsable", "config migrate"),
        (
            f'version = 2\n[plugins]\n"{CRI}" = {{registry = {{config_path = "{DIRECTORY}"}}}}\n',
            "unparsable",
            "migrate",
        ),
        (f'version = 2\nplugins."{CRI}".registry.config_path = "{DIRECTORY}"\n', "unparsable", "migrate"),
        (f'version = 2\n[plugins."{CRI}".registry]\nconfig_path = """{DIRECTORY}"""\n', "unparsable", "migrate"),
    ],
)
def test_p18_settings_that_exclude_it_are_left_alone_and_explained(machine, text, reason, words):
    tomllib.loads(text)
    machine.put(MAIN, text)
    before = machine.listing()
    [change] = apply(machine, trust, record())
    assert [(failure["registry"], failure["reason"]) for failure in change.failures] == [(ENDPOINT, reason)]
    assert words in change.failures[0]["remedy"]
    assert machine.listing() == before


def test_the_default_settings_of_containerd_1_say_nothing_of_mirrors(machine):
    """Its empty tables do not exclude a config_path."""
    tables = "".join(f'[plugins."{CRI}".registry.{name}]\n\n' for name in ("auths", "configs", "headers", "mirrors"))
    machine.put(
        MAIN, f'version = 2\n[plugins."{CRI}".registry]\n  config_path = "{DIRECTORY}"\n\n{tables}[ttrpc]\nuid = 0\n'
    )
    assert not changed(apply(machine, trust, record()))
