# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodes of Kubernetes read: nothing of others gets lost, and nothing of ours stays."""

from __future__ import annotations

import string
import tomllib

import yaml
from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes import registries_yaml
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.claims import OwnFile
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.containerd_settings import (
    PLUGINS,
    read_settings,
)
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.engines import find_engines
from hypothesis import given
from hypothesis import strategies as st

KEY, UPSTREAM = "registry.example.com:5000", "docker.io"
[K3S] = find_engines(["k3s"], [], "/nowhere")
PARTS = ("trust", "mirrors", "credentials")

passwords = st.text(min_size=1).filter(lambda text: text.isprintable())
records = st.builds(
    lambda password, mirrors, scheme: Record.parse(
        {"endpoint": KEY, "username": "edge", "password": password, "mirrors": mirrors, "scheme": scheme}
    ),
    passwords,
    st.lists(
        st.builds(lambda prefix: {"upstream": UPSTREAM, "prefix": prefix}, st.sampled_from(["", "a/b"])), max_size=1
    ),
    st.sampled_from(["http", "https"]),
)
hosts = st.sampled_from(["*", UPSTREAM, "quay.io", "other:5000"])
words = st.text(string.ascii_letters + string.digits + " :#'\"{}[],&*!|>%@`\u20ac\x85\u2028", max_size=8)
documents = st.fixed_dictionaries(
    {},
    optional={
        "mirrors": st.none()
        | st.dictionaries(
            hosts, st.fixed_dictionaries({"endpoint": st.lists(words, min_size=1, max_size=2)}), min_size=1
        ),
        "configs": st.none()
        | st.dictionaries(
            hosts, st.none() | st.fixed_dictionaries({"auth": st.dictionaries(words, words, min_size=1)}), min_size=1
        ),
        "other": words,
    },
)


def carry_out(plans: list[FilePlan], content: bytes | None) -> bytes | None:
    for plan in plans:
        if plan.path.endswith(".yaml"):
            content = plan.render(content)
    return content


def meaning(document):
    """A document without the sections that say nothing."""
    return {name: value for name, value in document.items() if value or name == "other"}


def everything(record: Record) -> list[FilePlan]:
    present = (registries_yaml.trust, registries_yaml.mirrors, registries_yaml.credentials)
    return [plan for plans in present for plan in plans([record], K3S)]


def nothing(record: Record) -> list[FilePlan]:
    return [plan for part in PARTS for plan in registries_yaml.absent(part, [record.endpoint], K3S)]


@given(records)
def test_registries_yaml_of_ours_is_yaml_and_goes_without_a_trace(record):
    content = carry_out(everything(record), None)
    document = yaml.safe_load(content)
    assert document["configs"][KEY]["auth"]["password"] == record.password
    assert carry_out(everything(record), content) == content
    assert carry_out(nothing(record), content) is None


@given(records, documents)
def test_a_foreign_registries_yaml_means_the_same_after_absent(record, document):
    before = yaml.safe_dump(document, sort_keys=False).encode()
    try:
        after = carry_out(everything(record), before)
    except ProvisioningError as error:
        if "one rewrite holds for all endpoints" not in error.message:
            raise
        return
    found = yaml.safe_load(after)
    assert found.get("other") == document.get("other")
    assert carry_out(everything(record), after) == after
    assert meaning(yaml.safe_load(carry_out(nothing(record), after))) == meaning(document)


claims = st.text(string.ascii_lowercase + ":. ", min_size=1, max_size=5).filter(lambda text: text.strip() == text)
blocks = st.lists(st.text(string.ascii_letters + '[]=" #', min_size=1, max_size=9).filter(str.strip), max_size=3).map(
    lambda lines: "".join(f"{line.rstrip()}\n" for line in lines if not line.startswith("# "))
)


@given(st.dictionaries(claims, blocks, min_size=1, max_size=4), st.randoms())
def test_a_file_of_claims_goes_with_the_last_one(wanted, random):
    file, content = OwnFile("/file", head="head\n", root="a"), None
    for claim, block in wanted.items():
        content = file.put(content, claim, block, list(wanted))
    for claim, block in wanted.items():
        assert file.put(content, claim, block, list(wanted)) == content
    names = list(wanted)
    random.shuffle(names)
    for name in names:
        content = file.take(content, {name})
    assert content is None


names = st.sampled_from(["a", "registry", "mirrors", "configs", "tls", "docker.io", *PLUGINS.values()])
tables = st.lists(st.tuples(st.lists(names, max_size=4), st.dictionaries(st.sampled_from(["x", "config_path"]), words)))


def toml_string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(st.sampled_from([2, 3, 4]), tables)
def test_containerds_settings_are_read_as_a_reader_of_toml_does(version, parts):
    plugin = PLUGINS[version]
    lines = [f"version = {version} # {plugin}"]
    for path, values in {tuple(path): values for path, values in parts}.items():
        lines.append(f"[plugins.{toml_string(plugin)}" + "".join(f".{toml_string(name)}" for name in path) + "] # [x]")
        lines += [f"  {name} = {toml_string(value)} # '" for name, value in values.items()]
    text = "\n".join(lines)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    found = read_settings(text, "config.toml")
    registry = document.get("plugins", {}).get(plugin, {}).get("registry", {})
    expected = registry.get("config_path", "")
    assert (found.version, found.config_path.replace('\\"', '"')) == (
        version,
        expected if isinstance(expected, str) else "",
    )
    assert found.has_mirrors or not (isinstance(registry.get("mirrors"), dict) and registry["mirrors"])
