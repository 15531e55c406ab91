# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diff may show of a secret's data. This module util is private to the collection."""

from __future__ import annotations

import base64
import json
import typing as t

DOCKER_CONFIG = ".dockerconfigjson"
"""The key of a pull secret's data."""

_HIDDEN = "<hidden>"
_CHANGED = "<hidden, changed>"


def shown_data(data: t.Mapping[str, str], before: t.Mapping[str, str] | None = None) -> dict[str, object]:
    """The keys, and in a docker configuration the registries, with a word in place of each value.

    :param data: values in base64.
    :param before: what was there, so that the word tells what is another value now.
    """
    former = data if before is None else before
    return {
        key: _logins(value, former.get(key)) if key == DOCKER_CONFIG else _word(value, former.get(key))
        for key, value in data.items()
    }


def _logins(encoded: str, before: str | None) -> object:
    config, former = _parse(encoded), _parse(before)
    if config is None:
        return _word(encoded, before)
    return {registry: _word(login, (former or {}).get(registry)) for registry, login in config.items()}


def _parse(encoded: str | None) -> dict[str, object] | None:
    """The logins by registry; None where it is no docker configuration."""
    try:
        config = json.loads(base64.b64decode(encoded or ""))
    except ValueError:
        return None
    logins = config.get("auths") if isinstance(config, dict) else None
    return logins if isinstance(logins, dict) else None


def _word(value: object, before: object) -> str:
    return _HIDDEN if before is None or value == before else _CHANGED


__all__ = ("DOCKER_CONFIG", "shown_data")
