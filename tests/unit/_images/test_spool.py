# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blobs that arrive over several runs, and what limits them."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import signal
import threading
import time

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import BLOCK, Descriptor, verified_blocks
from ansible_collections.edgeops.registry.plugins.module_utils._images.limits import (
    Bandwidth,
    Budget,
    LimitedReader,
    Limits,
    OutOfTimeError,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.spool import Spool
from ansible_collections.edgeops.registry.tests.support.child import in_child, with_mounts
from ansible_collections.edgeops.registry.tests.support.oci_layout import random_layer
from ansible_collections.edgeops.registry.tests.support.pusher import Pusher
from ansible_collections.edgeops.registry.tests.support.real_registry import wait_until
from ansible_collections.edgeops.registry.tests.support.sink import Sink
from ansible_collections.edgeops.registry.tests.support.syncing import summary, sync

LAYER = random_layer(3_000_000, 1)


class Fetched:
    """A source of one blob that notes from where it was read."""

    def __init__(self, content, error_at=None, error=None):
        self.content = content
        self.blob = Descriptor("x", sha256(content), len(content))
        self.offsets = []
        self._error_at = error_at
        self._error = error

    @contextlib.contextmanager
    def __call__(self, offset):
        self.offsets.append(offset)
        yield self
        del self._stream

    def readinto(self, buffer):
        if not hasattr(self, "_stream"):
            self._stream = io.BytesIO(self.content)
            self._stream.seek(self.offsets[-1])
        if self._error and self._stream.tell() >= self._error_at:
            raise self._error
        return self._stream.readinto(buffer)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


def spool(folder, limit=1 << 30, budget=None):
    return Spool(str(folder), limit, budget or Budget())


def take(one, fetched):
    """All of a blob by way of a spool."""
    with one.held(fetched.blob, fetched) as streams, streams() as reader:
        return b"".join(bytes(block) for block in verified_blocks(reader, fetched.blob))


def contents(folder):
    return {entry.name: entry.stat().st_size for entry in folder.iterdir()}


def test_a_blob_arrives_and_is_private(folder):
    one, fetched = spool(folder), Fetched(LAYER)
    with one.held(fetched.blob, fetched) as streams:
        [file] = folder.iterdir()
        assert (file.name, file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (
            fetched.blob.digest.replace(":", "-"),
            0o600,
            0o700,
        )
        for dummy in range(2):
            with streams() as reader:
                assert b"".join(bytes(block) for block in verified_blocks(reader, fetched.blob)) == LAYER
    assert (list(contents(folder).values()), fetched.offsets) == ([len(LAYER)], [0])


@pytest.mark.parametrize("uses", [0, 1, 3])
def test_a_blob_goes_when_it_is_wanted_no_more(folder, uses):
    one, fetched = spool(folder), Fetched(LAYER)
    one.expect({fetched.blob.digest: uses} if uses else {})
    for left in range(max(uses, 1), 0, -1):
        assert take(one, fetched) == LAYER
        assert len(contents(folder)) == 1
        one.release(fetched.blob.digest)
        assert len(contents(folder)) == (left > 1)
    assert fetched.offsets == [0]


def test_what_another_run_is_at_is_not_taken_from_it(folder):
    one, other, fetched = spool(folder), spool(folder), Fetched(LAYER)
    with other.held(fetched.blob, fetched):
        one.release(fetched.blob.digest)
        assert len(contents(folder)) == 1


@pytest.mark.parametrize("error", [ProvisioningError("lost", reason="unreachable"), OutOfTimeError()])
def test_what_broke_off_is_continued(folder, error):
    one = spool(folder)
    with pytest.raises(type(error)):
        take(one, Fetched(LAYER, 4 * BLOCK, error))
    assert list(contents(folder).values()) == [4 * BLOCK]
    fetched = Fetched(LAYER)
    assert one.size_of(fetched.blob) == 4 * BLOCK
    assert take(one, fetched) == LAYER
    assert fetched.offsets == [4 * BLOCK]


def test_a_failure_of_the_registry_keeps_the_blob(folder):
    one, fetched = spool(folder), Fetched(LAYER)
    with pytest.raises(ProvisioningError), one.held(fetched.blob, fetched):
        raise ProvisioningError("the registry is down", reason="unreachable")
    assert list(contents(folder).values()) == [len(LAYER)]
    assert take(one, fetched) == LAYER
    assert fetched.offsets == [0]


@pytest.mark.parametrize("left", [b"x" * 1000, b"x" * len(LAYER)], ids=["a part", "all of it"])
def test_damage_is_noticed_and_removed(folder, left):
    one, fetched = spool(folder), Fetched(LAYER)
    (folder / fetched.blob.digest.replace(":", "-")).write_bytes(left)
    with pytest.raises(ProvisioningError, match="something else"):
        take(one, fetched)
    assert contents(folder) == {}


def test_more_than_the_blob_is_begun_anew(folder):
    one, fetched = spool(folder), Fetched(LAYER)
    (folder / fetched.blob.digest.replace(":", "-")).write_bytes(LAYER + b"x")
    assert take(one, fetched) == LAYER


def old_file(folder, digit, size, age):
    path = folder / f"sha256-{digit * 64}"
    path.write_bytes(b"x" * size)
    os.utime(path, (age, age))
    return path


def test_what_was_not_used_for_longest_goes_first(folder):
    one = spool(folder, limit=len(LAYER) + 1000)
    oldest, older, newest = (old_file(folder, digit, 500, age) for age, digit in enumerate("abc"))
    with one.held(Fetched(LAYER).blob, Fetched(LAYER)):
        assert [path.exists() for path in (oldest, older, newest)] == [False, True, True]


def test_what_another_run_is_at_stays_and_the_blob_goes_straight_through(folder):
    one, fetched = spool(folder, limit=len(LAYER)), Fetched(LAYER)
    taken = old_file(folder, "a", 500, 1)
    with taken.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert take(one, fetched) == LAYER
    assert taken.exists()
    assert "no room within spool_limit" in one.warnings[0]


def test_a_blob_that_another_run_brings_is_waited_for(folder):
    first, second = spool(folder), spool(folder)
    begun, fetched = threading.Event(), [Fetched(LAYER), Fetched(LAYER)]
    results = []

    def late():
        begun.wait(10)
        results.append(take(second, fetched[1]))

    thread = threading.Thread(target=late)
    thread.start()

    def fail() -> None:
        with first.held(fetched[0].blob, fetched[0]):
            begun.set()
            thread.join(0.3)
            assert results == []
            raise ProvisioningError("the registry of the first run fails")

    with pytest.raises(ProvisioningError):
        fail()
    thread.join(10)
    assert (results, fetched[1].offsets) == ([LAYER], [])


def test_waiting_ends_with_the_time_of_the_run(folder):
    one, fetched = spool(folder), Fetched(LAYER)
    budget = Budget(0.2)
    budget.begin()
    hurried = spool(folder, budget=budget)
    with pytest.raises(OutOfTimeError), one.held(fetched.blob, fetched):
        take(hurried, fetched)


def test_a_full_disk_loses_nothing(tmp_path):
    """A file system of one megabyte, three times smaller than the blob."""
    mounted = tmp_path / "small"
    mounted.mkdir()

    def fill():
        one, fetched = spool(mounted), Fetched(LAYER)
        content = take(one, fetched)
        return content == LAYER, fetched.offsets, one.warnings

    whole, offsets, warnings = with_mounts([("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mounted))], fill)
    assert whole
    assert offsets[0] == 0
    assert 900_000 < offsets[1] <= 1 << 20
    assert "is full" in warnings[0]


@pytest.mark.parametrize("make", [lambda path: path.write_text(""), lambda path: path.symlink_to("/nowhere/at/all")])
def test_a_directory_that_cannot_be(folder, make):
    make(folder)
    with pytest.raises(ProvisioningError) as caught:
        spool(folder)
    assert (caught.value.part, caught.value.reason) == ("spool", "io")


def test_a_link_is_not_followed(folder, tmp_path):
    one, fetched = spool(folder), Fetched(LAYER)
    (tmp_path / "victim").write_bytes(b"precious")
    (folder / fetched.blob.digest.replace(":", "-")).symlink_to(tmp_path / "victim")
    with pytest.raises(ProvisioningError, match=r"the spool .* fails"):
        take(one, fetched)
    assert (tmp_path / "victim").read_bytes() == b"precious"


# Limits


def read_all(reader):
    buffer = memoryview(bytearray(BLOCK))
    while reader.readinto(buffer):
        pass


def test_bandwidth_is_shared():
    bandwidth, start = Bandwidth(2_000_000), threading.Barrier(3)

    def read():
        start.wait()
        read_all(LimitedReader(io.BytesIO(bytes(1_500_000)), Limits(bandwidth=bandwidth), lambda count: None))

    threads = [threading.Thread(target=read) for dummy in range(2)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    start.wait()
    for thread in threads:
        thread.join()
    assert 1.4 < time.monotonic() - began < 15


class Slow:
    """A stream of one byte per piece of time."""

    def readinto(self, buffer):
        threading.Event().wait(0.05)
        return 1


@pytest.mark.parametrize(
    ("limits", "option"),
    [
        (Limits(seconds=0.2), "blob_timeout"),
        (Limits(speed=1000, speed_seconds=0.2), "minimum_speed"),
    ],
)
def test_what_takes_too_long_is_given_up(limits, option):
    with pytest.raises(ProvisioningError) as caught:
        read_all(LimitedReader(Slow(), limits, lambda count: None))
    assert option in caught.value.remedy


def test_what_is_fast_enough_goes_on():
    received = []
    read_all(LimitedReader(io.BytesIO(LAYER), Limits(seconds=60, speed=1000, speed_seconds=0), received.append))
    assert sum(received) == len(LAYER)


# From end to end


@pytest.fixture
def origin(start_registry, layout):
    started = start_registry()
    layout.image(LAYER)
    assert not sync(started, (f"oci:{layout.folder}", "app:1")).failed
    started.clear_access_log()
    return started


def pull(registry, proxy, folder, **options):
    options = {"sources": [proxy.record_dict], "companions": False, "spool": str(folder), **options}
    return sync(registry, (f"{proxy.endpoint}/app:1", None), **options)


def test_a_killed_run_is_continued_by_the_next(registry, origin, folder):
    """SIGKILL in the middle of the download: what had arrived is not sent again."""

    def kill_once_there_is_something() -> None:
        folder.mkdir(exist_ok=True)
        wait_until(lambda: max([0, *contents(folder).values()]) > 500_000, "nothing arrives")
        os.kill(os.getpid(), signal.SIGKILL)

    def killed():
        threading.Thread(target=kill_once_there_is_something).start()
        pull(registry, origin, folder, bandwidth_limit=2_000_000)

    with pytest.raises(ChildProcessError):
        in_child(killed)
    had = max(contents(folder).values())
    assert 500_000 < had < len(LAYER)
    outcome = pull(registry, origin, folder)
    assert not outcome.failed, outcome.failed
    assert outcome.facts["images"][0]["bytes_received"] < len(LAYER) - had + 2000
    assert 206 in [one.status for one in origin.access_log()]
    assert contents(folder) == {}
    with Pusher(registry, "app") as pusher:
        assert pusher.read(sha256(LAYER)) == LAYER


def test_check_mode_makes_no_spool(registry, origin, folder):
    assert pull(registry, origin, folder, check_mode=True).changed
    assert not folder.exists()


def test_what_a_run_left_damaged_is_brought_again(registry, origin, folder):
    folder.mkdir()
    (folder / sha256(LAYER).replace(":", "-")).write_bytes(b"x" * 1_000_000)
    outcome = pull(registry, origin, folder)
    assert not outcome.failed, outcome.failed
    assert summary(outcome, "action") == [("copy",)]


def test_a_registry_that_does_not_mount_costs_no_second_download(origin, folder, serve, authority):
    sink = Sink(serve, authority, "/upload", 405)
    names = [(f"{origin.endpoint}/app:1", f"copy{number}:1") for number in range(4)]
    outcome = sync(sink.record, *names, sources=[origin.record_dict], companions=False, spool=str(folder))
    assert not outcome.failed, outcome.failed
    asked = [one for one in origin.access_log() if sha256(LAYER) in one.path]
    assert len(asked) == 1
    assert contents(folder) == {}


def test_two_runs_at_once_bring_each_blob_once(start_registry, origin, folder):
    registries, outcomes = [start_registry(), start_registry()], []
    threads = [
        threading.Thread(target=lambda one=one: outcomes.append(pull(one, origin, folder))) for one in registries
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.failed for outcome in outcomes] == ["", ""]
    for one in registries:
        with Pusher(one, "app") as pusher:
            assert pusher.read(sha256(LAYER)) == LAYER


def test_slices_of_time_add_up(registry, origin, folder):
    """As the action plugin runs it: again and again, until nothing remains."""
    slices = []
    while not slices or slices[-1].facts["remaining"]:
        slices.append(pull(registry, origin, folder, bandwidth_limit=3_000_000, progress_interval=0.3))
        assert not slices[-1].failed, slices[-1].failed
    progress = [one.facts["progress"] for one in slices]
    assert len(slices) > 1
    assert [one["images_done"] for one in progress] == [0] * (len(slices) - 1) + [1]
    assert {(one["images_total"], one["bytes_total"] >= len(LAYER)) for one in progress} == {(1, True)}
    done = [one["bytes_done"] for one in progress]
    assert done == sorted(done)
    assert progress[0]["slowest"] == "app:1"
    assert done[-1] == progress[-1]["bytes_total"]
    assert sum(one.facts["images"][0]["bytes_received"] for one in slices) < len(LAYER) + 5000 * len(slices)
    assert slices[-1].changed
    assert ("copy",) in [row for one in slices for row in summary(one, "action")]
    again = pull(registry, origin, folder)
    assert (again.changed, "remaining" in again.facts) == (False, False)


def test_what_broke_off_asks_the_source_for_no_manifest_again(registry, origin, folder):
    """Docker Hub counts how often it is asked for one."""
    for dummy in range(3):
        assert pull(registry, origin, folder, bandwidth_limit=1_000_000, progress_interval=0.1).facts["remaining"] == 1
    manifests = [one.method for one in origin.access_log() if "/manifests/" in one.path]
    assert sorted(manifests) == ["GET", *["HEAD"] * 3]
    [kept] = [path for path in folder.iterdir() if path.suffix == ".json"]
    kept.write_text("damaged")
    assert not pull(registry, origin, folder).failed
    assert contents(folder) == {}


def test_no_upload_is_left_half_begun(registry, origin, folder):
    pull(registry, origin, folder, bandwidth_limit=1_000_000, progress_interval=0.5)
    uploads = registry.directory / "data/docker/registry/v2/repositories/app/_uploads"
    assert list(uploads.rglob("data")) == []
    assert 204 in [one.status for one in registry.access_log() if one.method == "DELETE"]


def test_a_run_with_nothing_to_do_is_one_slice(registry, origin, folder):
    pull(registry, origin, folder)
    outcome = pull(registry, origin, folder, progress_interval=5)
    assert (outcome.changed, outcome.facts["remaining"]) == (False, 0)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1])
def test_a_time_that_is_none(registry, origin, folder, seconds):
    with pytest.raises(ProvisioningError, match="number of seconds"):
        pull(registry, origin, folder, progress_interval=seconds)
