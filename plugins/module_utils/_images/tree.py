# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests with all that is below them. This module util is private to the collection."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Manifest


def walk(digests: t.Iterable[str], read: t.Callable[[str], Manifest]) -> t.Iterator[Manifest]:
    """Manifests and all below them, each once, parents before children.

    :param read: gives a manifest by its digest; what it raises comes out.
    """
    left = collections.deque(digests)
    seen: set[str] = set()
    while left:
        digest = left.popleft()
        if digest not in seen:
            seen.add(digest)
            manifest = read(digest)
            yield manifest
            left.extend(child.digest for child in manifest.children)


__all__ = ("walk",)
