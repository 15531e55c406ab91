# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.converge import ObjectChange
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_removal import (
    still_used,
    workloads_by_namespace,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_report import Report
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_work import Done
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import DEPLOYMENTS, PODS

CHANGE = ObjectChange("Secret", "edge-registry", "create", {"before": "", "after": "x"})
QUOTA = ProvisioningError("exceeded quota", reason="forbidden", part="secret shop/edge-registry", remedy="Raise it")
LOST = ProvisioningError("it refused", reason="unreachable", part="https://192.0.2.1:6443", remedy="Run again")


def test_what_was_done_is_told_by_namespace():
    report = Report(["shop", "bar"])
    report.add(Done("shop", (CHANGE,)))
    action = {"action": "create", "kind": "Secret", "name": "edge-registry"}
    assert report.entries == [
        {"name": "shop", "changed": True, "actions": [action]},
        {"name": "bar", "changed": False, "actions": []},
    ]
    assert (report.changed, report.diff, report.summary()) == (True, [CHANGE.diff], "")


def test_what_was_done_before_a_failure_is_told_too():
    report = Report(["shop"])
    report.add(Done("shop", (CHANGE,), QUOTA))
    assert report.entries[0]["changed"]
    assert report.failures == [
        {
            "namespace": "shop",
            "part": "secret shop/edge-registry",
            "reason": "forbidden",
            "msg": "exceeded quota",
            "remedy": "Raise it",
        }
    ]
    assert report.summary() == "shop, secret shop/edge-registry: exceeded quota. Raise it"
    assert report.without_failures({"shop": 1, "bar": 2}) == {"bar": 2}


def test_the_loss_of_the_api_server_is_one_failure():
    report = Report(f"shop-{number}" for number in range(9))
    report.add(Done("shop-0", (), QUOTA))
    for number in range(1, 9):
        report.add(Done(f"shop-{number}", (), LOST, is_server_lost=True))
    assert report.is_server_lost
    assert [failure["namespace"] for failure in report.failures] == ["shop-0", ""]
    words = "it refused; not done: shop-1, shop-2, shop-3, shop-4, shop-5 and 3 more"
    assert report.failures[1]["msg"] == words
    assert report.without_failures({"shop-0": 1, "shop-8": 2, "shop-9": 3}) == {"shop-9": 3}


def item(namespace, name):
    return {"metadata": {"namespace": namespace, "name": name}}


def test_workloads_are_told_by_namespace():
    lists = [(DEPLOYMENTS, [item("shop", "web")]), (PODS, [item("bar", "it"), item("shop", "web-1")])]
    assert workloads_by_namespace(lists) == {"shop": ["deployment web", "pod web-1"], "bar": ["pod it"]}


def test_a_namespace_with_much_in_it_names_some():
    assert "has a, b, c, d, e and 2 more" in still_used(list("abcdefg")).message
    assert still_used(["a"]).message.endswith("has a")
