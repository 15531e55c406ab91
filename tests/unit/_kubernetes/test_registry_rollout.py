# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.registry_rollout import (
    State,
    judge,
    last_messages,
)

WANTED = "abc"


def pod(
    name="reg-1", *, digest=WANTED, ready=False, waiting=None, initial=None, ended=None, created="2026-01-01", **more
):
    def status(reason):
        last = {"terminated": ended} if ended else {}
        return [{"name": "registry", "state": {"waiting": reason} if reason else {}, "lastState": last}]

    return {
        "metadata": {
            "name": name,
            "annotations": {"edgeops.registry/digest": digest},
            "creationTimestamp": created,
            **more,
        },
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "initContainerStatuses": status(initial) if initial else [],
            "containerStatuses": status(waiting),
            "hostIP": "192.0.2.1",
            "hostIPs": [{"ip": "192.0.2.1"}, {"ip": "2001:db8::1"}],
        },
    }


def unscheduled():
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no volume"}
    return {**pod(), "status": {"conditions": [condition]}}


@pytest.mark.parametrize(
    ("pods", "ready", "failure", "words"),
    [
        ([], False, "", "no pod yet"),
        ([pod(digest="old", ready=True)], False, "", "former pod has to end"),
        ([pod(ready=True, deletionTimestamp="now")], False, "", "former pod has to end"),
        ([pod(ready=True)], True, "", "ready"),
        ([pod()], False, "", "starts"),
        ([pod(waiting={"reason": "ContainerCreating"})], False, "", "ContainerCreating"),
        ([pod(waiting={"reason": "ErrImagePull", "message": "later"})], False, "ErrImagePull", "ErrImagePull: later"),
        ([pod(waiting={"reason": "ImagePullBackOff", "message": "gone"})], False, "ImagePullBackOff", "gone"),
        ([pod(initial={"reason": "CrashLoopBackOff"})], False, "CrashLoopBackOff", "CrashLoopBackOff"),
        (
            [pod(waiting={"reason": "CrashLoopBackOff"}, ended={"exitCode": 2, "reason": "Error"})],
            False,
            "CrashLoopBackOff",
            "exit code 2 (Error)",
        ),
        ([unscheduled()], False, "", "Unschedulable: no volume"),
        ([pod(ready=True), pod("reg-2", created="2026-01-02")], False, "", "starts"),
    ],
)
def test_the_newest_pod_that_is_wanted_tells_how_far_it_is(pods, ready, failure, words):
    state = judge(pods, WANTED)
    assert (state.ready, state.failure) == (ready, failure)
    assert words in state.words


@pytest.mark.parametrize(
    ("pods", "is_final"),
    [
        ([pod()], False),
        ([pod(ready=True)], True),
        ([pod(waiting={"reason": "ErrImagePull"})], False),
        ([pod(waiting={"reason": "ImagePullBackOff"})], True),
    ],
)
def test_what_is_not_waited_for_any_longer(pods, is_final):
    assert judge(pods, WANTED).is_final is is_final


def test_a_quota_may_pass():
    assert not State(ready=False, words="exceeded quota", failure="FailedCreate").is_final


def test_clients_find_it_at_its_node():
    assert judge([pod(ready=True)], WANTED).addresses == ("192.0.2.1", "2001:db8::1")
    old = pod(ready=True)
    del old["status"]["hostIPs"]
    assert judge([old], WANTED).addresses == ("192.0.2.1",)


def event(name, message, when, kind="Pod"):
    about = {"kind": kind, "name": name}
    return {"involvedObject": about, "reason": "Failed", "message": message, "lastTimestamp": when}


def test_the_newest_events_of_the_registry_come_first_and_once():
    events = [
        event("reg-1", "first", "1"),
        event("reg-1", "second", "2"),
        event("reg-1", "second", "4"),
        event("other-1", "foreign", "9"),
        event("reg-5d9", "quota", "3", "ReplicaSet"),
        event("reg", "volume", "0", "PersistentVolumeClaim"),
    ]
    assert last_messages(events, "reg", pod()) == ["Failed: second", "Failed: quota", "Failed: first"]
