# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import types

import pytest
from ansible_collections.edgeops.registry.plugins.plugin_utils._slices import (
    describe,
    is_stuck,
    join,
    next_slice,
    own_arguments,
)

SPENT = ("bytes_received", "bytes_mounted", "bytes_missing", "blobs_missing", "mounts", "requests", "retries")


def image(action, before, sent, **more):
    spent = dict.fromkeys(SPENT, 1)
    return {"action": action, "digest_before": before, "bytes_sent": sent, "seconds": 0.5, **spent, **more}


def test_two_slices_are_told_as_one_run():
    first = {
        "changed": True,
        "images": [image("copy", "", 100), image("copy", "old", 10, failed=True), image("none", "new", 0)],
        "diff": [{"after_header": "a", "before": ""}, {"after_header": "b", "before": "old"}],
        "warnings": ["w"],
        "remaining": 1,
    }
    second = {
        "changed": False,
        "images": [image("none", "new", 0), image("tag", "old", 5, failed=False), image("none", "new", 0)],
        "diff": [{"after_header": "b", "before": "changed meanwhile"}],
        "warnings": ["w", "x"],
        "failures": [],
    }
    whole = join(first, second)
    assert [(one["action"], one["digest_before"], one["bytes_sent"]) for one in whole["images"]] == [
        ("copy", "", 100),
        ("copy", "old", 15),
        ("none", "new", 0),
    ]
    assert {one[key] for one in whole["images"] for key in SPENT} == {2}
    assert whole["images"][1]["failed"] is False
    assert (whole["changed"], whole["warnings"], whole["failures"]) == (True, ["w", "x"], [])
    assert whole["diff"] == [{"after_header": "b", "before": "old"}, {"after_header": "a", "before": ""}]
    assert "remaining" not in whole


def test_a_slice_without_progress_is_seen():
    assert is_stuck({"progress": {"bytes_done": 1}}, {"progress": {"bytes_done": 1}})
    assert is_stuck(
        {"progress": {"bytes_done": 1, "pause": 8, "slowest": "a:1"}},
        {"progress": {"bytes_done": 1, "pause": 9, "slowest": "b:1", "looking": 1}},
    )
    assert not is_stuck({"progress": {"bytes_done": 1}}, {"progress": {"bytes_done": 2}})


@pytest.mark.parametrize(
    ("seconds", "looking", "expected"),
    [(5.0, 0.1, 10.0), (20.0, 0.1, 30.0), (30.0, 0.1, 30.0), (5.0, 60.0, 240.0), (5.0, 600.0, 300.0)],
)
def test_a_slice_is_worth_its_look_at_all_images(seconds, looking, expected):
    assert next_slice(seconds, {"looking": looking}) == expected


@pytest.mark.parametrize(
    ("done", "total", "all_bytes", "seconds", "line"),
    [
        (500, 1000, 1000, 5, "1 of 3 images, 500 B of 1.0 kB, 100 B/s, 5 s left, slowest: team/app:1"),
        (10**9, 10**10, 11 * 10**9, 10, "1 of 3 images, 2.0 GB of 11 GB, 200 MB/s, 45 s left, slowest: team/app:1"),
        (
            0,
            10**12,
            10**12 + 10**6,
            1,
            "1 of 3 images, 1.0 MB of 1.0 TB, 1.0 MB/s, 277 h 46 min left, slowest: team/app:1",
        ),
        (3 * 10**6, 10**8, 10**8, 3, "1 of 3 images, 3.0 MB of 100 MB, 1.0 MB/s, 1 min 37 s left, slowest: team/app:1"),
        (0, 10, 10, 5, "1 of 3 images, 0 B of 10 B, 0 B/s, slowest: team/app:1"),
    ],
)
def test_how_far_it_is(done, total, all_bytes, seconds, line):
    progress = {"images_done": 1, "images_total": 3, "bytes_done": done, "bytes_total": total, "slowest": "team/app:1"}
    assert describe({**progress, "pause": 0.5}, all_bytes, seconds) == line
    waiting = f"{line}, goes on in 1 min 5 s"
    assert describe({**progress, "pause": 65}, all_bytes, seconds) == waiting


def slice_that_is_cut(task):
    with own_arguments(task) as given:
        task.args = {**given, "progress_interval": 10.0}
        raise ConnectionError


def test_what_a_slice_is_given_ends_with_it():
    task = types.SimpleNamespace(args={"progress_interval": 5.0})
    with pytest.raises(ConnectionError):
        slice_that_is_cut(task)
    assert task.args == {"progress_interval": 5.0}
