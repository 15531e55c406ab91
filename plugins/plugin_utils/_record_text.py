# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry records in the text of a variables file (YAML). This plugin util is private to the collection."""

from __future__ import annotations

import dataclasses
import io
import typing as t

import yaml
from ansible.errors import AnsibleError
from ansible.parsing.utils.yaml import from_yaml
from ansible.parsing.vault import EncryptedString
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import KEYS, Record

KEY = "edge_registry_records"
"""The variable that holds the records, in a file beside any others."""
REDACTED = "VALUE_NOT_SHOWN"
_RESTORE = "Restore it, or move it away"


@dataclasses.dataclass(frozen=True)
class Item:
    """A record and how it is written: keys that are not ours, styles and inline vaulted values are kept by the node."""

    record: Record
    node: yaml.MappingNode


def put_record(text: str, record: Record) -> str:
    """The text with a record, which replaces the one for the same endpoint.

    :raises ProvisioningError: the text is not such a file, or cannot be edited.
    """
    items = read_items(text)
    for number, item in enumerate(items):
        if item.record == record:
            return text
        if item.record.endpoint == record.endpoint:
            return _replace(text, [*items[:number], _new_item(record, item.node), *items[number + 1 :]])
    return _replace(text, [*items, _new_item(record)])


def drop_record(text: str, endpoint: Endpoint) -> str:
    """The text without the record of an endpoint.

    :raises ProvisioningError: as `put_record`.
    """
    items = read_items(text)
    kept = [item for item in items if item.record.endpoint != endpoint]
    return _replace(text, kept) if len(kept) != len(items) else text


def show_records(text: str) -> str:
    """The records as a diff may show them: neither passwords nor keys that are not ours."""
    shown = []
    for item in read_items(text):
        pairs = [(key, value) for key, value in item.node.value if key.value in KEYS]
        redacted = [(key, _scalar(REDACTED) if key.value == "password" else value) for key, value in pairs]
        shown.append(yaml.MappingNode(item.node.tag, redacted))
    return _render(shown) if shown else ""


def read_items(text: str) -> list[Item]:
    """The records of a text.

    :raises ProvisioningError: it is no YAML mapping, or a record in it is wrong; no value is part of the message.
    """
    nodes = [value for key, value in _pairs(text) if key.value == KEY]
    try:
        values = (from_yaml(text, show_content=False) or {}).get(KEY) or []
    except AnsibleError as error:
        raise ProvisioningError("it is no valid YAML", reason="unparsable", remedy=_RESTORE) from error
    if not isinstance(values, list):
        raise ProvisioningError("must be a list of records", part=KEY, reason="unparsable", remedy=_RESTORE)
    children = nodes[-1].value if values else []
    return [
        Item(Record.parse(_decrypted(value), f"{KEY}[{number}]"), node)
        for number, (value, node) in enumerate(zip(values, children, strict=True))
    ]


def _decrypted(value: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    """A record with its inline vaulted values opened."""
    if not isinstance(value, t.Mapping):
        return value
    try:
        return {key: str(item) if isinstance(item, EncryptedString) else item for key, item in value.items()}
    except AnsibleError as error:
        raise ProvisioningError(
            "a value is encrypted, and no vault secret at hand opens it", part=KEY, remedy="Give it with --vault-id"
        ) from error


def _new_item(record: Record, former: yaml.MappingNode | None = None) -> Item:
    """A record as it is written: no empty keys, and the user's own keys of the one that it replaces."""
    data = {key: value for key, value in record.as_dict().items() if value not in ("", [])}
    node = _Dumper(io.StringIO(), sort_keys=False).represent_dict(data.items())
    own = [pair for pair in former.value if pair[0].value not in KEYS] if former else []
    return Item(record, yaml.MappingNode(node.tag, [*node.value, *own]))


def _replace(text: str, items: list[Item]) -> str:
    """The text with other records; all that is outside of our key stays as it is, comments too.

    :raises ProvisioningError: the text is laid out so that this cannot be done.
    """
    start, end = _span(text)
    head = text[:start] + ("\n" if text[:start] and text[start - 1] != "\n" else "")
    block = _render([item.node for item in items]) if items else ""
    after = head + block + text[end:]
    expected = {key: value for key, value in _outline(text).items() if key != KEY} | _outline(block)
    try:
        if _outline(after) == expected:
            return after
    except ProvisioningError:
        pass
    raise ProvisioningError(
        "it is laid out in a way that cannot be edited",
        reason="unsupported",
        remedy="Write it as block YAML, with its variables at the left margin and one of each",
    )


def _span(text: str) -> tuple[int, int]:
    """From where to where our key stands, in whole lines; the end of the text twice where it is not there."""
    for key, value in _pairs(text):
        if key.value == KEY:
            newline = text.find("\n", max(_ends(value)) - 1)
            return key.start_mark.index, len(text) if newline < 0 else newline + 1
    return len(text), len(text)


def _ends(node: yaml.Node) -> t.Iterator[int]:
    """Where the leaves of a node end: the end of a block itself lies behind the comments that follow it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        yield node.end_mark.index
        return
    for child in node.value:
        for part in child if isinstance(child, tuple) else (child,):
            yield from _ends(part)


def _outline(text: str) -> dict[str, str]:
    """The variables of a text, in a form that can be compared and constructs nothing."""
    return {str(key.value): yaml.serialize(value) for key, value in _pairs(text)}


def _pairs(text: str) -> list[tuple[yaml.Node, yaml.Node]]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        raise ProvisioningError(f"it is no valid YAML{place}", reason="unparsable", remedy=_RESTORE) from error
    if root is None or root.tag == "tag:yaml.org,2002:null":
        return []
    if not isinstance(root, yaml.MappingNode):
        raise ProvisioningError("it holds no variables", reason="unparsable", remedy=_RESTORE)
    return list(root.value)


def _render(nodes: list[yaml.MappingNode]) -> str:
    block = yaml.SequenceNode("tag:yaml.org,2002:seq", nodes)
    root = yaml.MappingNode("tag:yaml.org,2002:map", [(_scalar(KEY), block)])
    text: str = yaml.serialize(root, Dumper=_Dumper, allow_unicode=True, width=1_000_000)
    return text


def _scalar(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text)


class _Dumper(yaml.SafeDumper):
    """Writes certificates line by line."""

    def represent_text(self, data: str) -> yaml.ScalarNode:
        """A string, as a block where it has lines."""
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(str, _Dumper.represent_text)


__all__ = ("KEY", "drop_record", "put_record", "read_items", "show_records")
