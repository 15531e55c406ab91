# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of an image. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re

CONFIG_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


@dataclasses.dataclass(frozen=True)
class ImageConfig:
    """What an image is for (OCI image specification 1.1, "Image configuration").

    :param platform: such as `linux/arm64/v8`, empty where it does not say.
    :param created: `YYYY-MM-DDTHH:MM:SSZ`, empty where it does not say.
    """

    platform: str = ""
    created: str = ""

    @classmethod
    def parse(cls, content: bytes) -> ImageConfig:
        """Read a configuration; whatever is not one says nothing."""
        try:
            data = json.loads(content)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            return cls()
        parts = [data.get(key) for key in ("os", "architecture", "variant")]
        platform = "/".join(str(part) for part in parts if part) if all(parts[:2]) else ""
        return cls(platform, parse_created(data.get("created")))


def parse_created(value: object) -> str:
    """A moment of RFC 3339 in UTC and whole seconds; empty for none, and for the zero of Go, which means none."""
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return ""
    offset = match[3] if match[3] not in ("Z", "z") else "+00:00"
    try:
        moment = dt.datetime.fromisoformat(f"{match[1]}T{match[2]}{offset}").astimezone(dt.timezone.utc)
    except (ValueError, OverflowError):
        return ""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment.year > 1 else ""


__all__ = ("CONFIG_TYPES", "ImageConfig", "parse_created")
