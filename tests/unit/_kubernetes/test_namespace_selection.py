# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.namespace_selection import Selection

RECORDS = [
    {"name": "site-a", "endpoint": "a.example.com:5000", "username": "edge", "password": "s3cret"},
    {"name": "site-b", "endpoint": "b.example.com:5000", "username": "edge", "password": "s3cret"},
    {"name": "open", "endpoint": "open.example.com:5000"},
]


def options(*namespaces, **given):
    return {
        "state": "present",
        "registries": RECORDS,
        "namespaces": list(namespaces),
        "all_namespaces": False,
        "exclude": ["kube-*"],
        "exclude_labels": [],
        "pull_secret": "edge-registry",
        "service_accounts": ["default"],
        **given,
    }


def resolved(found=(), **given):
    return Selection.from_options(options(**given)).resolve(found)


def one(item, **given):
    [wanted] = Selection.from_options(options({"name": "shop", **item}, **given)).resolve([])
    return wanted


def there(name, *, terminating=False, **labels):
    deletion = {"deletionTimestamp": "2026-11-22T00:00:00Z"} if terminating else {}
    return {"metadata": {"name": name, "labels": labels, **deletion}}


@pytest.mark.parametrize(
    ("item", "names"),
    [
        ({}, ["site-a", "site-b"]),
        ({"registries": None}, ["site-a", "site-b"]),
        ({"registries": ["site-b"]}, ["site-b"]),
        ({"registries": ["a.example.com:5000", "site-a"]}, ["site-a"]),
        ({"registries": ["open"]}, []),
        ({"registries": []}, []),
    ],
)
def test_a_namespace_may_use_these_registries(item, names):
    assert [record.name for record in one(item).records] == names


@pytest.mark.parametrize(
    ("item", "accounts"),
    [({}, ("default", "web")), ({"service_accounts": ["ci", "ci"]}, ("ci",)), ({"service_accounts": []}, ())],
)
def test_a_namespace_may_have_service_accounts_of_its_own(item, accounts):
    assert one(item, service_accounts=["default", "web"]).accounts == accounts


def test_labels_left_out_are_not_the_same_as_none():
    assert one({}).labels is None
    assert one({"labels": {}}).labels == {}


FOUND = [
    there("kube-system"),
    there("shop"),
    there("lab", team="lab"),
    there("lab-2", team="lab", kind="x"),
    there("bar"),
    there("leaving", terminating=True),
]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, ["bar", "lab", "lab-2", "shop"]),
        ({"exclude": []}, ["bar", "kube-system", "lab", "lab-2", "shop"]),
        ({"exclude": ["kube-*", "lab*"]}, ["bar", "shop"]),
        ({"exclude_labels": ["team"]}, ["bar", "shop"]),
        ({"exclude_labels": ["team=lab"]}, ["bar", "shop"]),
        ({"exclude_labels": ["kind=x"]}, ["bar", "lab", "shop"]),
        ({"exclude_labels": ["team=other"]}, ["bar", "lab", "lab-2", "shop"]),
    ],
)
def test_all_namespaces_but(given, names):
    wanted = resolved(FOUND, all_namespaces=True, **given)
    assert [item.name for item in wanted] == names
    assert not any(item.is_listed for item in wanted)
    assert all(item.labels is None and item.accounts == ("default",) for item in wanted)


def test_the_list_goes_first_and_knows_no_exclusion():
    params = options({"name": "new"}, {"name": "kube-system"}, {"name": "leaving"}, all_namespaces=True)
    wanted = Selection.from_options(params).resolve(FOUND)
    assert [item.name for item in wanted] == ["new", "kube-system", "leaving", "bar", "lab", "lab-2", "shop"]
    assert [item.is_listed for item in wanted] == [True] * 3 + [False] * 4


def test_nothing_but_the_list_without_all_namespaces():
    assert resolved(FOUND) == []


def test_what_goes_needs_only_endpoints():
    selection = Selection.from_options(
        options(
            {"name": "shop", "registries": ["gone"]}, state="absent", registries=[{"endpoint": "a.example.com:5000"}]
        )
    )
    assert [str(endpoint) for endpoint in selection.endpoints] == ["a.example.com:5000"]


@pytest.mark.parametrize(
    ("namespaces", "given", "part"),
    [
        ([{"name": "Shop"}], {}, "namespaces[0].name"),
        ([{"name": "a.b"}], {}, "namespaces[0].name"),
        ([{"name": "x" * 64}], {}, "namespaces[0].name"),
        ([{"name": "a"}, {"name": "a"}], {}, "namespaces"),
        ([{"name": "a", "registries": ["nope"]}], {}, "namespaces[0].registries"),
        ([{"name": "a", "labels": {"tier": 1}}], {}, "namespaces[0].labels.tier"),
        ([{"name": "a", "annotations": {"on": True}}], {}, "namespaces[0].annotations.on"),
        ([{"name": "a", "labels": {"app.kubernetes.io/managed-by": "me"}}], {}, None),
        ([{"name": "a", "service_accounts": ["A"]}], {}, "namespaces[0].service_accounts"),
        ([], {"service_accounts": ["-"]}, "service_accounts"),
        ([], {"pull_secret": "a_b"}, "pull_secret"),
        ([], {"registries": [{"endpoint": "nope"}]}, "registries[0].endpoint"),
        ([], {"registries": [{"endpoint": "nope"}], "state": "absent"}, "registries[0].endpoint"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_asked(namespaces, given, part):
    with pytest.raises(ProvisioningError) as caught:
        Selection.from_options(options(*namespaces, **given))
    assert part is None or caught.value.part == part
    assert caught.value.remedy
