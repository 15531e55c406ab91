# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What travels to every client with the client module, packed as Ansible packs it."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.edgeops.registry.plugins.modules import client

MODULE = "ansible_collections.edgeops.registry.plugins.modules.client"
PLUGINS = Path(client.__file__).parents[1]
OURS = "ansible_collections/edgeops/registry/plugins/"
KIB = 1024

PACK = """
import sys
from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
init_plugin_loader()
built = modify_module(
    module_name=sys.argv[1],
    module_path=sys.argv[2],
    module_args={},
    templar=Templar(DataLoader()),
    task_vars={"ansible_python_interpreter": "/usr/bin/python3"},
    module_compression="ZIP_DEFLATED",
)
sys.stdout.buffer.write(built.b_module_data)
"""


@pytest.fixture(scope="module")
def packed():
    return subprocess.run([sys.executable, "-c", PACK, MODULE, client.__file__], check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def closure(packed):
    """The collection's files in the payload, by path below plugins/."""
    [payload] = re.findall(rb"[A-Za-z0-9+/=]{10000,}", packed)
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(payload))) as archive:
        return {
            name.removeprefix(OURS): archive.getinfo(name)
            for name in archive.namelist()
            if name.startswith(OURS) and not name.endswith("__init__.py")
        }


def test_the_payload_stays_within_its_budget(packed, closure):
    assert len(packed) < 296 * KIB
    assert sum(item.compress_size for item in closure.values()) < 84 * KIB


def test_only_what_a_client_needs_travels(closure):
    assert "modules/client.py" in closure
    folders = {name.split("/")[1] for name in closure if name.count("/") == 2}
    assert folders == {"_credentials", "_distribution", "_hosts", "_runtimes", "_trust"}
    assert not [name for name in closure if "_images" in name or "_kubernetes" in name or "plugin_utils" in name]
    assert not [name for name in closure if name.endswith("/api.py")]


def test_nothing_of_a_third_party_is_imported(closure):
    """Ansible's own AnsibleModule aside, and that by one file."""
    imported = {}
    for name in closure:
        found = re.findall(r"^\s*(?:from|import) ([A-Za-z_]\w*)", (PLUGINS / name).read_text(), re.MULTILINE)
        imported[name] = set(found) - set(sys.stdlib_module_names) - {"ansible_collections"}
    assert {name: found for name, found in imported.items() if found} == {"module_utils/_module.py": {"ansible"}}
