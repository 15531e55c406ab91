# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A transfer of images in slices of time: one result out of many, and how far it is. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import typing as t

if t.TYPE_CHECKING:
    from ansible.playbook.task import Task

Result = dict[str, t.Any]

NOTHING_DONE: Result = {"progress": {}}
"""What there is before the first slice."""

_ACTIONS = ("none", "tag", "copy")
_SPENT = (
    *("bytes_sent", "bytes_received", "bytes_mounted", "bytes_missing", "blobs_missing", "mounts"),
    *("requests", "retries", "seconds"),
)
_COURSE = ("looking", "pause", "slowest")  # of a slice, which says nothing of how far it came
_UNITS = ("B", "kB", "MB", "GB", "TB")
_LONGEST = 30.0
_WORTH_A_LOOK = 4  # times as long as it takes are transfers to go on before the next one
_LONGEST_FOR_A_LOOK = 300.0


@contextlib.contextmanager
def own_arguments(task: Task) -> t.Iterator[dict[str, t.Any]]:
    """The arguments of a task, which every slice may be given others of; `until` finds them as they were."""
    given = task.args
    try:
        yield given
    finally:
        task.args = given


def is_stuck(before: Result, after: Result) -> bool:
    """Whether a slice came no further than the one before it."""
    return bool(_how_far(before) == _how_far(after))


def next_slice(seconds: float, progress: Result) -> float:
    """How many seconds the next slice is to have; each begins with a look at all images, which may take long.

    :param seconds: that the last one had.
    """
    return max(min(2 * seconds, _LONGEST), min(_WORTH_A_LOOK * float(progress["looking"]), _LONGEST_FOR_A_LOOK))


def join(before: Result, after: Result) -> Result:
    """The result of two slices of one run, as if it had been one."""
    diffs = {diff["after_header"]: diff for diff in (*after.get("diff", ()), *before.get("diff", ()))}
    return {
        **after,
        "changed": bool(before.get("changed") or after.get("changed")),
        "images": [_join_image(*pair) for pair in zip(before["images"], after["images"], strict=True)],
        "diff": list(diffs.values()),
        "warnings": list(dict.fromkeys([*before.get("warnings", ()), *after.get("warnings", ())])),
    }


def describe(progress: Result, bytes_total: int, seconds: float) -> str:
    """How far a run is, in one line.

    :param progress: as the last slice tells it; its bytes are those that were left when the slice began.
    :param bytes_total: of the whole run.
    :param seconds: since the run began.
    """
    left = progress["bytes_total"] - progress["bytes_done"]
    rate = (bytes_total - left) / seconds
    words = [
        f"{progress['images_done']} of {progress['images_total']} images",
        f"{_size(bytes_total - left)} of {_size(bytes_total)}",
        f"{_size(rate)}/s",
        f"{_duration(left / rate)} left" if rate else "",
        f"slowest: {progress['slowest']}" if progress["slowest"] else "",
        f"goes on in {_duration(progress['pause'])}" if progress["pause"] >= 1 else "",
    ]
    return ", ".join(filter(None, words))


def _how_far(part: Result) -> Result:
    return {key: value for key, value in part["progress"].items() if key not in _COURSE}


def _join_image(before: Result, after: Result) -> Result:
    return {
        **after,
        "action": max(before["action"], after["action"], key=_ACTIONS.index),
        "digest_before": before["digest_before"],
        **{key: before[key] + after[key] for key in _SPENT},
    }


def _size(count: float) -> str:
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            break
        count /= 1000
    return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


__all__ = ("NOTHING_DONE", "describe", "is_stuck", "join", "next_slice", "own_arguments")
