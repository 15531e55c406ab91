# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables in Markdown, and the page that they are put into."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from pathlib import Path


def table(*rows: t.Sequence[str], texts: t.Container[str] = ()) -> t.Iterator[str]:
    """The lines of a table.

    Args:
        rows: the titles first.
        texts: the titles of columns that hold no numbers.
    """
    header, *body = rows
    for row in (header, ["---" if title in texts else "---:" for title in header], *body):
        yield f"| {' | '.join(row)} |"


def of_rounds(count: int) -> str:
    """What the figures of so many rounds are."""
    return "One round" if count == 1 else f"Medians of {count} rounds"


def put_into(page: Path, name: str, text: str) -> None:
    """Put the text between the markers that a page has for a benchmark.

    Raises:
        ValueError: the page has no such markers.
    """
    old = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    start, stop = old.index(begin) + len(begin), old.index(end)
    page.write_text(f"{old[:start]}\n\n{text}\n\n{old[stop:]}", encoding="utf-8")
