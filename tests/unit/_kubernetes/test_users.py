# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import (
    MANAGED_BY,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
)
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.users import (
    USER_LABELS,
    Users,
    stale_accounts,
    stale_bindings,
    wanted_objects,
    without_access,
)

SHOP = {"name": "shop", "users": ["ann", "bob"], "role": "edit"}
WEB = {"name": "web", "users": ["ann"], "role": "view"}
OTHER = {"name": "other", "users": None, "role": "edit"}


def users(*namespaces, authentication="certificate", **options):
    given = {"user_authentication": authentication, "user_days": 365, "renew_before": 30}
    given.update({"kubeconfig_directory": "/kube", "kubeconfig_server": None}, **options)
    return Users.from_options(given, namespaces)


def places(objects):
    return [f"{item['metadata']['namespace']}/{item['metadata']['name']}" for item in objects]


def test_a_binding_for_each_user_and_namespace():
    bindings = wanted_objects(users(SHOP, WEB, OTHER), [])
    assert places(bindings) == ["shop/edgeops:ann:edit", "shop/edgeops:bob:edit", "web/edgeops:ann:view"]
    assert bindings[2]["roleRef"]["name"] == "view"
    assert bindings[2]["roleRef"]["kind"] == "ClusterRole"
    assert bindings[2]["subjects"] == [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "ann"}]
    assert bindings[2]["metadata"]["labels"].items() >= MANAGED_BY.items()


def test_no_two_grants_share_a_binding():
    """A RoleBinding keeps its role for ever, so that the one of a former grant would be in the way."""
    before = users({"name": "shop", "users": ["ann-b"], "role": "edit"})
    after = users({"name": "shop", "users": ["ann"], "role": "b-edit"})
    there = wanted_objects(before, [])
    assert not set(places(there)) & set(places(wanted_objects(after, [])))
    assert stale_bindings(after, there) == there


def test_a_token_needs_one_account_in_the_first_namespace():
    made = wanted_objects(users(WEB, SHOP, authentication="token"), [])
    assert places(made)[:2] == ["web/ann", "shop/bob"]
    subjects = {tuple(item["subjects"][0].values()) for item in made if "subjects" in item}
    assert subjects == {("ServiceAccount", "web", "ann"), ("ServiceAccount", "shop", "bob")}


def test_an_account_stays_where_it_is():
    there = [SERVICE_ACCOUNTS.new("ann", "shop", labels=USER_LABELS)]
    assert places(wanted_objects(users(WEB, authentication="token"), there)) == ["shop/ann", "web/edgeops:ann:view"]


def test_an_account_of_another_is_never_handed_out():
    for labels in ({}, MANAGED_BY):
        there = [SERVICE_ACCOUNTS.new("ann", "web", labels=labels)]
        with pytest.raises(ProvisioningError, match="web/ann is there") as caught:
            wanted_objects(users(WEB, authentication="token"), there)
        assert caught.value.reason == "conflict"
        assert wanted_objects(users(WEB), there)


def test_what_is_stale():
    before = wanted_objects(users(SHOP, WEB), [])
    foreign = ROLE_BINDINGS.new("edgeops:eve:edit", "shop", subjects=[{"name": "eve"}])
    registry = ROLE_BINDINGS.new("registry", "shop", labels=MANAGED_BY)
    there = [*before, foreign, registry]
    assert stale_bindings(users(SHOP, WEB), there) == []
    assert stale_bindings(users(OTHER), there) == []
    fewer = users({**SHOP, "users": ["ann"], "role": "admin"})
    assert places(stale_bindings(fewer, there)) == ["shop/edgeops:ann:edit", "shop/edgeops:bob:edit"]
    assert without_access(fewer, there) == ["bob"]


def test_who_has_access_elsewhere_keeps_what_he_needs_for_it():
    before = users(SHOP, WEB, authentication="token")
    made = wanted_objects(before, [])
    accounts = [item for item in made if item["kind"] == "ServiceAccount"]
    bindings = [item for item in made if item["kind"] == "RoleBinding"]
    gone = users({**SHOP, "users": []}, authentication="token")
    assert places(stale_accounts(gone, bindings, accounts)) == ["shop/bob"]
    assert without_access(gone, bindings) == ["bob"]
    all_gone = users({**SHOP, "users": []}, {**WEB, "users": []}, authentication="token")
    assert places(stale_accounts(all_gone, bindings, accounts)) == ["shop/ann", "shop/bob"]
    assert places(stale_accounts(users(SHOP, WEB), bindings, accounts)) == ["shop/ann", "shop/bob"]


def test_without_users_nothing_is_looked_at():
    assert not users(OTHER).is_asked
    assert users({**SHOP, "users": []}).is_asked


@pytest.mark.parametrize("name", ["", "Ann", "system:admin", "-ann", "ann-", "a/b", "../a", "default", "a" * 64])
def test_names_that_no_user_may_have(name):
    for authentication in ("certificate", "token"):
        with pytest.raises(ProvisioningError) as caught:
            users({**SHOP, "users": [name]}, authentication=authentication)
        assert caught.value.part == "users"


def test_an_address_is_a_name_for_a_certificate_only():
    ann = {**SHOP, "users": ["ann@example.com"]}
    assert users(ann).names == ["ann@example.com"]
    with pytest.raises(ProvisioningError):
        users(ann, authentication="token")


@pytest.mark.parametrize(("option", "value"), [("user_days", 0), ("renew_before", -1)])
def test_days_that_make_no_sense(option, value):
    with pytest.raises(ProvisioningError) as caught:
        users(SHOP, **{option: value})
    assert caught.value.part == option
