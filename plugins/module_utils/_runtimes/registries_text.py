# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a `registries.yaml`. This module util is private to the collection.

One of ours is JSON, which is YAML, below a comment. One of somebody else is rendered anew where this Python can read
YAML and where nothing gets lost by it.
"""

from __future__ import annotations

import importlib
import json
import re
import types
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import show_nothing
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._runtimes.claims import TITLE, Content, is_ours

Document = dict[str, t.Any]

_BEYOND_ASCII = re.compile("[\x7f-\uffff]")
_USER = re.compile("//[^/@]*@")
_HIDDEN = "<hidden>"


def parse(content: Content, path: str) -> Document:
    """What a file says.

    :raises ProvisioningError: it is not understood, or not readable here.
    """
    if not content or not content.strip():
        return {}
    try:
        document = json.loads(content[len(TITLE) :]) if is_ours(content) else _load(content, path)
    except (ValueError, RecursionError) as error:
        raise _unparsable(f"{path} is not YAML") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise _unparsable(f"{path} is not a mapping")
    return document


def render(document: Document, content: Content, path: str) -> Content:
    """A document in the form of the former content; None where a file of ours says nothing any more.

    :raises ProvisioningError: something of the content would be lost.
    """
    if not content or not content.strip() or is_ours(content):
        return f"{TITLE}{_json(document)}\n".encode() if document else None
    yaml = _yaml(path)
    if _has_comments(yaml, content.decode()):
        raise ProvisioningError(
            f"{path} has comments, which would be lost",
            reason="conflict",
            remedy="Take them out, or remove the file, so that it is made from the records",
        )
    dump = yaml.safe_dump(document, sort_keys=False, default_flow_style=False)
    return str(dump).encode()


def mapping(value: object, path: str) -> Document:
    """A mapping of the document; nothing counts as an empty one.

    :raises ProvisioningError: it is something else.
    """
    if value is not None and not isinstance(value, dict):
        raise _unparsable(f"{path} is not laid out as k3s and RKE2 read it")
    return value or {}


def redact(content: bytes) -> bytes:
    """What a diff may show: the mirrors, the files of certificates, and the names of the rest."""
    try:
        document = parse(content, "")
        configs = {name: _shown(mapping(config, "")) for name, config in mapping(document.get("configs"), "").items()}
    except ProvisioningError:
        return show_nothing(content)
    shown = {"mirrors": document.get("mirrors"), "configs": configs} if document else {}
    return f"{_USER.sub('//', _json(shown))}\n".encode() if content else b""


def _shown(config: Document) -> Document:
    return {name: value if name == "tls" else _HIDDEN for name, value in config.items()}


def _json(document: Document) -> str:
    """JSON whose escapes mean the same in YAML, which has no pairs of surrogates."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return _BEYOND_ASCII.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _has_comments(yaml: types.ModuleType, text: str) -> bool:
    """Whether there is one between the tokens; elsewhere its sign means nothing."""
    tokens = list(yaml.scan(text))
    return any("#" in text[one.end_mark.index : next_one.start_mark.index] for one, next_one in zip(tokens, tokens[1:]))


def _load(content: bytes, path: str) -> object:
    yaml = _yaml(path)
    try:
        return yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise _unparsable(f"{path} is not YAML") from error


def _yaml(path: str) -> types.ModuleType:
    try:
        return importlib.import_module("yaml")
    except ImportError as error:
        raise ProvisioningError(
            f"{path} is not a file of edgeops.registry, and this Python cannot read YAML",
            reason="unsupported",
            remedy="Install PyYAML for it (python3-yaml), or remove the file, so that it is made from the records",
        ) from error


def _unparsable(what: str) -> ProvisioningError:
    return ProvisioningError(f"{what}, so it was left alone", reason="unparsable", remedy="Correct it by hand")


__all__ = ("Document", "mapping", "parse", "redact", "render")
