# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes import namespace_plans
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_selection import Wanted
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.pull_secret import TYPE
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import MANAGED_BY, ROLE_BINDINGS
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.users import USER_LABELS
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

SECRET = "edge-registry"
RECORD = Record.parse({"endpoint": "registry.example.com:5000", "username": "edge", "password": "s3cret"})


def wanted(*, labels=None, annotations=None, records=(RECORD,), accounts=("default",), is_listed=True):
    return Wanted("shop", labels, annotations, records, accounts, is_listed=is_listed)


def declared(what, found):
    """What is sent for the namespace itself."""
    plan = namespace_plans.present(what, SECRET, None)[0]
    write = plan.render(found)
    return write and {key: write.body["metadata"].get(key, {}) for key in ("labels", "annotations")}


def namespace(*, labels=None, annotations=None, applied=()):
    fields = {"f:metadata": {"f:labels": {".": {}, **{f"f:{key}": {} for key in applied}}}}
    managers = [
        {"manager": "edgeops.registry", "operation": "Apply", "fieldsV1": fields},
        {"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {"f:theirs": {}}}}},
    ]
    return {
        "metadata": {
            "name": "shop",
            "uid": "1",
            "labels": labels or {},
            "annotations": annotations or {},
            "managedFields": managers,
        }
    }


@pytest.mark.parametrize(
    ("what", "found", "labels"),
    [
        pytest.param(wanted(), None, MANAGED_BY, id="new"),
        pytest.param(wanted(labels={"a": "1"}), None, {"a": "1", **MANAGED_BY}, id="new with labels"),
        pytest.param(wanted(), namespace(), None, id="another's stays as it is"),
        pytest.param(wanted(), namespace(labels=MANAGED_BY, applied=MANAGED_BY), None, id="ours stays as it is"),
        pytest.param(wanted(labels={"a": "1"}), namespace(labels={"theirs": "x"}), {"a": "1"}, id="added to others"),
        pytest.param(wanted(labels={"a": "1"}), namespace(labels={"theirs": "x", "a": "1"}), None, id="there already"),
        pytest.param(wanted(labels={"a": "1"}), namespace(labels={"a": "2"}), {"a": "1"}, id="changed"),
        pytest.param(
            wanted(labels={"a": "1"}),
            namespace(labels={"a": "1", "b": "2", "theirs": "x"}, applied=("a", "b")),
            {"a": "1"},
            id="one of an earlier run goes, since it is not applied any more",
        ),
        pytest.param(wanted(), namespace(labels={"b": "2"}, applied=("b",)), None, id="not told, so it stays"),
        pytest.param(
            wanted(annotations={"x": "y"}),
            namespace(labels={"b": "2"}, applied=("b",)),
            {"b": "2"},
            id="not told, and applied again with the annotation",
        ),
        pytest.param(
            wanted(labels={}),
            namespace(labels={"b": "2", **MANAGED_BY}, applied=("b", *MANAGED_BY)),
            MANAGED_BY,
            id="none, but it is still ours",
        ),
    ],
)
def test_labels_are_merged(what, found, labels):
    sent = declared(what, found)
    assert (sent and sent["labels"]) == labels


def test_annotations_are_merged():
    sent = declared(wanted(annotations={"a": "1"}), namespace(annotations={"theirs": "x"}))
    assert sent["annotations"] == {"a": "1"}
    assert declared(wanted(annotations={"a": "1"}), namespace(annotations={"a": "1"})) is None


def names(plans):
    return [(plan.resource.kind, plan.name) for plan in plans]


def test_the_secret_comes_before_those_who_use_it():
    plans = namespace_plans.present(wanted(accounts=("default", "ci")), SECRET, None)
    expected = [("Namespace", "shop"), ("Secret", SECRET), ("ServiceAccount", "default"), ("ServiceAccount", "ci")]
    assert names(plans) == expected


def test_a_namespace_that_is_not_listed_is_not_touched_itself():
    assert names(namespace_plans.present(wanted(is_listed=False), SECRET, None))[0] == ("Secret", SECRET)


OURS = {"metadata": {"name": SECRET, "namespace": "shop", "labels": MANAGED_BY, "uid": "1"}, "type": TYPE}
THEIRS = {"metadata": {"name": SECRET, "namespace": "shop"}, "type": TYPE}


def test_without_a_password_nothing_is_left_of_the_secret():
    plans = namespace_plans.present(wanted(records=()), SECRET, OURS)
    assert names(plans) == [("Namespace", "shop"), ("ServiceAccount", "default"), ("Secret", SECRET)]


@pytest.mark.parametrize(("secret", "accounts"), [(OURS, 1), (None, 1), (THEIRS, 0)])
def test_who_uses_a_secret_of_another_goes_on(secret, accounts):
    plans = namespace_plans.absent(wanted(is_listed=False), SECRET, secret, [], [])
    assert names(plans) == [*[("ServiceAccount", "default")] * accounts, ("Secret", SECRET)]


def account(name, *, labels=None, secrets=(SECRET,), manager="edgeops.registry"):
    written = {"manager": manager, "operation": "Update", "fieldsV1": {"f:imagePullSecrets": {}}}
    metadata = {"name": name, "namespace": "shop", "labels": labels or {}, "managedFields": [written]}
    return {"metadata": metadata, "imagePullSecrets": [{"name": secret} for secret in secrets]}


@pytest.mark.parametrize(
    ("found", "loses"),
    [
        pytest.param(account("ci"), True, id="given by an earlier run"),
        pytest.param(account("ci", manager="kubectl"), False, id="given by others"),
        pytest.param(account("ci", secrets=("theirs",)), False, id="uses another"),
        pytest.param(account("default"), False, id="still told"),
    ],
)
def test_an_account_that_is_not_told_any_more_loses_what_it_was_given(found, loses):
    plans = namespace_plans.present(wanted(), SECRET, OURS, [found])
    assert names(plans)[3:] == [("ServiceAccount", "ci")] * loses
    assert not names(namespace_plans.present(wanted(is_listed=False), SECRET, OURS, [found]))[2:]


@pytest.mark.parametrize(
    ("found", "is_deleted"),
    [
        pytest.param(account("ci", labels=MANAGED_BY), True, id="made for the secret"),
        pytest.param(account("ci", labels=MANAGED_BY, secrets=(SECRET, "theirs")), False, id="used for more"),
        pytest.param(account("ci", labels=USER_LABELS, secrets=()), False, id="of a user"),
        pytest.param(account("ci"), False, id="another's"),
    ],
)
def test_an_account_that_was_made_for_the_secret_goes_with_it(found, is_deleted):
    plans = namespace_plans.absent(wanted(accounts=("ci",)), SECRET, OURS, [found], [])
    last = plans[-1].render(found)
    assert (plans[-1].resource.kind == "ServiceAccount" and last.method == "delete") is is_deleted


@pytest.mark.parametrize(
    ("found", "is_sent"),
    [
        pytest.param(namespace(labels={"a": "1", "theirs": "x"}, applied=("a",)), True, id="labels of ours"),
        pytest.param(namespace(labels={"theirs": "x"}), False, id="none"),
        pytest.param(namespace(labels=MANAGED_BY, applied=MANAGED_BY), False, id="ours, which stays for its workloads"),
        pytest.param(None, False, id="gone"),
    ],
)
def test_a_namespace_of_others_loses_our_labels(found, is_sent):
    [plan, *dummy] = namespace_plans.absent(wanted(), SECRET, None, [], [])
    write = plan.render(found)
    assert (plan.resource.kind, bool(write)) == ("Namespace", is_sent)
    assert not write or write.body["metadata"] == {"name": "shop", "uid": "1"}


BINDING = ROLE_BINDINGS.new(
    "edgeops:ann:edit",
    "shop",
    labels=MANAGED_BY,
    roleRef={"kind": "ClusterRole", "name": "edit"},
    subjects=[{"kind": "User", "name": "ann"}],
)


@pytest.mark.parametrize(
    ("found", "is_sent"),
    [
        pytest.param(None, True, id="missing"),
        pytest.param({**BINDING, "kind": None}, False, id="there"),
        pytest.param({**BINDING, "metadata": {**BINDING["metadata"], "uid": "1"}}, False, id="there, with more"),
        pytest.param({**BINDING, "subjects": []}, True, id="without subjects"),
        pytest.param({**BINDING, "metadata": {"name": "edgeops:ann:edit", "namespace": "shop"}}, True, id="unmarked"),
    ],
)
def test_an_object_of_ours_is_sent_where_it_differs(found, is_sent):
    write = namespace_plans.exactly(ROLE_BINDINGS, BINDING).render(found)
    assert bool(write) == is_sent
    assert write is None or write.body == BINDING


@pytest.mark.parametrize(("found", "is_sent"), [(None, False), (BINDING, True)])
def test_an_object_of_ours_goes_if_it_is_there(found, is_sent):
    assert bool(namespace_plans.gone(ROLE_BINDINGS, BINDING).render(found)) == is_sent


def test_a_namespace_that_is_gone_takes_all_with_it():
    found = namespace_plans.Found(
        namespaces={"shop": {}, "bar": {}},
        secrets={"shop": OURS},
        accounts={("shop", "default"): {}, ("bar", "default"): {}},
        bindings={("shop", "x"): {}},
        pods=[{"metadata": {"namespace": "shop"}}, {"metadata": {"namespace": "bar"}}],
    ).without({"shop"})
    assert list(found.namespaces) == ["bar"]
    assert (found.secrets, found.bindings) == ({}, {})
    assert list(found.accounts) == [("bar", "default")]
    assert len(found.pods) == 1
