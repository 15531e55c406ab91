# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done, in which order, and for which platforms: pure."""

from __future__ import annotations

import dataclasses
import json
import threading

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, Manifest
from ansible_collections.edgeops.registry.plugins.module_utils._images.limits import Budget, OutOfTimeError
from ansible_collections.edgeops.registry.plugins.module_utils._images.plan import (
    Knowledge,
    Survey,
    Tree,
    make_plans,
    places_to_ask,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.platforms import (
    check_platforms,
    select_platforms,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.schedule import QUICK, Schedule, Task
from ansible_collections.edgeops.registry.tests.support.oci_layout import INDEX, MANIFEST


def survey(name, *blobs, **details):
    descriptors = tuple(Descriptor("x", digest, size) for digest, size in blobs)
    image = ImageName.parse(name)
    manifest = Manifest(f"root of {name}", MANIFEST, b"{}", (), descriptors)
    return Survey(image, manifest.digest, None, (Tree(image.target, (manifest,)),), **details)


def test_each_blob_is_looked_for_once_in_its_first_home():
    surveys = [survey("a:1", ("s", 5)), survey("b:1", ("s", 5), ("t", 1)), survey("a:2", ("t", 1), ("u", 1))]
    found = places_to_ask(surveys, {"u": "elsewhere"})
    assert {place: number for place, (number, dummy) in found.items()} == {("a", "s"): 0, ("b", "t"): 1}


def test_blobs_of_images_in_sync_are_looked_for_wherever_they_must_be():
    surveys = [survey(name, ("s", 5), origin=origin) for name, origin in (("a:1", ""), ("b:1", ""), ("c:1", "a"))]
    surveys = [dataclasses.replace(one, digest_before=one.digest) for one in (*surveys, survey("b:2", ("s", 5)))]
    found = places_to_ask(surveys, {"s": "elsewhere"})
    assert {place: number for place, (number, dummy) in found.items()} == {("a", "s"): 0, ("b", "s"): 1, ("c", "s"): 2}


def test_what_both_have_lost_is_sent_to_the_one_whose_source_is_elsewhere():
    surveys = [survey("c:1", ("s", 5), origin="a"), survey("a:1", ("s", 5))]
    plans = make_plans([dataclasses.replace(one, digest_before=one.digest) for one in surveys], Knowledge())
    assert [steps(plan) for plan in plans] == [[("s", "a")], [("s", "a")]]


def steps(plan):
    return [(step.blob.digest, step.origin) for step in plan.steps]


def test_each_blob_is_sent_once_and_mounted_elsewhere():
    surveys = [survey("a:1", ("s", 5), ("u", 9)), survey("b:1", ("s", 5), ("t", 1)), survey("a:2", ("s", 5))]
    first, second, third = make_plans(surveys, Knowledge())
    assert steps(first) == [("s", "a"), ("u", "a")]
    assert steps(second) == [("s", "a"), ("t", "b")]
    assert (steps(third), third.action) == ([], "copy")
    assert [plan.bytes_sent for plan in (first, second, third)] == [16, 3, 2]
    assert [[blob.size for blob in plan.mounts] for plan in (first, second, third)] == [[], [5], []]


def test_what_is_there_is_left_alone():
    surveys = [survey("a:1", ("s", 5)), Survey(ImageName("a", "2"), "root", "root")]
    assert [plan.action for plan in make_plans(surveys, Knowledge(frozenset({("a", "s")})))] == ["tag", "none"]


@pytest.mark.parametrize(
    ("known", "details", "expected"),
    [
        (Knowledge(homes={"s": "known"}), {}, ("s", "known")),
        (Knowledge(homes={"s": "known"}), {"origin": "same"}, ("s", "same")),
        (Knowledge(damaged=frozenset({("a", "s")}), homes={"s": "known"}), {}, ("s", "")),
    ],
    ids=["known from an image in sync", "its source is in the same registry", "damaged"],
)
def test_where_a_blob_comes_from(known, details, expected):
    assert steps(make_plans([survey("a:1", ("s", 5), **details)], known)[0]) == [expected]


def test_a_manifest_is_written_once_per_reference():
    child = Manifest("child", MANIFEST, b"{}", (), ())
    roots = [Manifest(f"root {n}", INDEX, b"{}", (Descriptor("x", "child", 2),), ()) for n in range(2)]
    surveys = [
        Survey(ImageName("a", str(n)), root.digest, None, (Tree(str(n), (child, root)),))
        for n, root in enumerate(roots)
    ]
    plans = make_plans(surveys, Knowledge())
    assert [[write.reference for write in plan.writes] for plan in plans] == [["child", "0"], ["1"]]


# Platforms


def item(digit, architecture="", variant="", system="linux", describes=""):
    platform = {"os": system, "architecture": architecture, **({"variant": variant} if variant else {})}
    annotations = {"vnd.docker.reference.digest": "sha256:" + describes * 64} if describes else {}
    return {
        "mediaType": MANIFEST,
        "digest": "sha256:" + digit * 64,
        "size": 7,
        "platform": platform,
        "annotations": annotations,
    }


ITEMS = [
    item("1", "amd64"),
    item("2", "arm64", "v8"),
    item("3", "arm", "v7"),
    item("4", "arm", "v6"),
    item("5", "unknown", system="unknown", describes="1"),
    item("6", "unknown", system="unknown", describes="2"),
    item("7", "amd64", system="windows"),
]


def index(items=None):
    content = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "x": 1, "manifests": items or ITEMS}).encode()
    return Manifest.parse(content, sha256(content))


@pytest.mark.parametrize(
    ("platforms", "digits"),
    [
        (["linux/amd64"], "15"),
        (["linux/arm64"], "26"),
        (["linux/arm64/v8"], "26"),
        (["linux/arm"], "34"),
        (["linux/arm/v7"], "3"),
        (["linux/arm/v7", "linux/amd64"], "135"),
        (["windows/amd64"], "7"),
    ],
)
def test_platforms(platforms, digits):
    chosen = select_platforms(index(), platforms)
    assert [child.digest[7] for child in chosen.children] == list(digits)
    assert json.loads(chosen.content)["x"] == 1
    assert chosen.digest == sha256(chosen.content) != index().digest


def test_arm64_without_a_variant_is_its_eighth():
    assert len(select_platforms(index([item("1", "arm64"), item("2", "amd64")]), ["linux/arm64/v8"]).children) == 1


def test_all_platforms_are_the_same_index():
    both = index([item("1", "amd64"), item("2", "arm64", "v8")])
    assert select_platforms(both, ["linux/arm64", "linux/amd64"]) is both


def test_a_platform_that_is_not_there():
    with pytest.raises(ProvisioningError, match="no platform linux/s390x") as caught:
        select_platforms(index(), ["linux/s390x"])
    assert caught.value.remedy == "There are: linux/amd64, linux/arm/v6, linux/arm/v7, linux/arm64/v8, windows/amd64"


@pytest.mark.parametrize("platform", ["", "linux", "linux/", "Linux/amd64", "linux/arm/v7/x", "*"])
def test_what_is_no_platform(platform):
    with pytest.raises(ProvisioningError):
        check_platforms([platform])


# The order of the work


class Work:
    """Tasks that note when they are done."""

    def __init__(self):
        self.done = []

    def task(self, key, error=None, **details):
        def action():
            self.done.append(key)
            if error:
                raise error

        names = {name: tuple((one,) for one in value) for name, value in details.items() if name != "rank"}
        return Task((key,), action, rank=details.get("rank", 0), **names)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_needs_come_first_and_small_ranks_before_large_ones(concurrency):
    work = Work()
    tasks = [
        work.task("tag", needs=["layer", "mount", "nothing of the kind"]),
        work.task("mount", after=["layer"]),
        work.task("small", rank=-1),
        work.task("layer", rank=-9),
    ]
    schedule = Schedule(tasks, Budget())
    schedule.run(concurrency)
    assert (schedule.failures, len(schedule.done)) == ({}, 4)
    assert work.done.index("layer") < work.done.index("mount") < work.done.index("tag")
    if concurrency == 1:
        assert work.done == ["layer", "small", "mount", "tag"]


def test_a_failure_spreads_to_what_needs_it_and_no_further():
    work, error = Work(), ProvisioningError("broken")
    tasks = [
        work.task("layer", error=error),
        work.task("mount", after=["layer"]),
        work.task("manifest", needs=["layer"]),
        work.task("tag", needs=["manifest"]),
        work.task("other", needs=["mount"]),
    ]
    schedule = Schedule(tasks, Budget())
    schedule.run(3)
    assert schedule.failures == {("layer",): error, ("manifest",): error, ("tag",): error}
    assert set(work.done) == {"layer", "mount", "other"}


def test_a_mistake_of_the_program_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        Schedule([Task(("x",), lambda: 1 / 0), Task(("y",), lambda: None, needs=(("x",),))], Budget()).run(2)


@pytest.mark.parametrize("number", [0, 1])
def test_what_ran_out_of_time_is_neither_done_nor_failed(number):
    def interrupt():
        raise OutOfTimeError

    tasks = [Task(("a",), interrupt), Task(("b",), lambda: None, needs=(("a",),))]
    budget = Budget(1e-9 if number else None)
    budget.begin()
    schedule = Schedule(tasks[number:], budget)
    schedule.run(2)
    assert (schedule.done, schedule.failures) == (set(), {})


def test_what_is_quick_is_done_though_the_time_is_up():
    work, budget = Work(), Budget(1e-9)
    budget.begin()
    Schedule([work.task("layer", rank=-9), work.task("tag", rank=QUICK)], budget).run(1)
    assert work.done == ["tag"]


def test_no_more_threads_than_wanted():
    lock, most = threading.Lock(), []
    running = set()

    def action(number):
        with lock:
            running.add(number)
            most.append(len(running))
        threading.Event().wait(0.001)
        running.discard(number)

    Schedule([Task((str(n),), lambda n=n: action(n)) for n in range(50)], Budget()).run(3)
    assert max(most) <= 3
