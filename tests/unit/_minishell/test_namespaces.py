# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._access import Access
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import Device
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._namespaces import (
    RESERVED_NAMESPACES,
    RESERVED_USERS,
    Done,
    Namespace,
    Tenancy,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._session import Session

WANTED = [Namespace("shop", ("ann", "bob")), Namespace("empty")]
STEPS = [
    "New-HcsKubernetesUser -UserName ann",
    "New-HcsKubernetesUser -UserName bob",
    "New-HcsKubernetesNamespace -Namespace shop",
    "Grant-HcsKubernetesNamespaceAccess -Namespace shop -UserName ann",
    "Grant-HcsKubernetesNamespaceAccess -Namespace shop -UserName bob",
    "New-HcsKubernetesNamespace -Namespace empty",
]
LIST = "Get-HcsKubernetesNamespaces"
USER_CONFIG = "Get-HcsKubernetesUserConfig"


@pytest.fixture
def tenancy(target, device):
    """Run one action in one session."""

    def run(action, wanted, *, check_mode=False, address="127.0.0.1", patience=10.0):
        done = Done()
        with Session(target(), lambda line: None) as session:
            made = Tenancy(
                Device(session),
                check_mode=check_mode,
                address=address,
                open_access=lambda kubeconfig, where: Access(kubeconfig, where, 5.0),
                done=done,
            )
            made.patience = patience
            getattr(made, action)(wanted)
        return done

    return run


def only_reads(device):
    return all(name.startswith("Get-") for name in device.cmdlets)


def test_check_do_again_and_back(tenancy, device):
    assert tenancy("present", WANTED, check_mode=True).steps == STEPS
    assert only_reads(device)
    done = tenancy("present", WANTED)
    assert (done.steps, done.pull_secrets) == (STEPS, {"shop": True, "empty": None})
    assert sorted(done.kubeconfigs) == ["ann", "bob"]
    for check_mode in (True, False):
        before = len(device.cmdlets)
        again = tenancy("present", WANTED, check_mode=check_mode)
        assert (again.steps, again.pull_secrets) == ([], {"shop": True, "empty": None})
        assert all(name.startswith("Get-") for name in device.cmdlets[before:])
    assert tenancy("absent", WANTED, check_mode=True).steps == [
        "Remove-HcsKubernetesNamespace -Namespace shop",
        "Remove-HcsKubernetesNamespace -Namespace empty",
    ]
    assert "shop" in device.report["namespaces"]
    assert len(tenancy("absent", WANTED).steps) == 2
    assert not {"shop", "empty"} & set(device.report["namespaces"])
    assert not tenancy("absent", WANTED).steps


def test_kubernetes_is_where_the_registry_is(tenancy, device):
    device.turn(enabled=True, address="127.0.0.1")
    assert tenancy("present", WANTED, address="").steps == STEPS


def test_a_device_that_cannot_list_namespaces(tenancy, device):
    device.turn(missing=[LIST])
    assert tenancy("present", WANTED[:1]).steps == STEPS[:5]
    assert tenancy("present", WANTED[:1]).steps == []
    one_more = tenancy("present", [Namespace("shop", ("ann", "cid"))])
    assert one_more.steps == [
        "New-HcsKubernetesUser -UserName cid",
        "Grant-HcsKubernetesNamespaceAccess -Namespace shop -UserName cid",
    ]
    # What is there already is refused by the device, and the access that follows tells why
    assert "Grant-HcsKubernetesNamespaceAccess -Namespace shop -UserName dot" in (
        tenancy("present", [Namespace("shop", ("dot",))]).steps
    )
    with pytest.raises(ProvisioningError, match="EmulatedNamespaceExists"):
        tenancy("present", [Namespace("shop")])
    with pytest.raises(ProvisioningError, match="not supported by this device"):
        tenancy("absent", [Namespace("shop")])


def test_why_a_namespace_was_not_made_is_told_where_namespaces_cannot_be_listed(tenancy, device):
    device.turn(missing=[LIST], fail="New-HcsKubernetesNamespace", words="The quota is used up.")
    with pytest.raises(ProvisioningError) as caught:
        tenancy("present", [Namespace("shop", ("ann",))])
    first, _then, cause = caught.value.message.partition("; before that, ")
    assert "EmulatedNoTarget" in first
    assert "The quota is used up" in cause


def test_a_cluster_that_hears_of_an_access_only_later(tenancy, device):
    device.turn(grant_reviews=1)
    assert tenancy("present", WANTED[:1]).steps == STEPS[:5]
    device.turn(grant_reviews=1000)
    with pytest.raises(ProvisioningError, match="cid was given access to shop, and Kubernetes still refuses"):
        tenancy("present", [Namespace("shop", ("cid",))], patience=0.1)


def test_a_registry_that_was_enabled_anew(tenancy, device):
    """Its pull secret is given the password of now, by the users who administer the namespace."""
    device.turn(enabled=True, address="127.0.0.1")
    tenancy("present", WANTED)
    device.turn(password="of-another-enabling")
    for check_mode in (True, False):
        done = tenancy("present", WANTED, check_mode=check_mode)
        assert done.steps == ["kubectl patch secret ase-ecr-credentials --namespace shop"]
        assert done.pull_secrets == {"shop": True, "empty": None}
        assert "of-another-enabling" not in repr(done)
    assert tenancy("present", WANTED).steps == []


def test_a_user_who_may_not_renew_the_pull_secret(tenancy, device):
    device.turn(enabled=True, address="127.0.0.1")
    tenancy("present", WANTED)
    device.turn(password="of-another-enabling", patch_status=403)
    done = tenancy("present", WANTED)
    assert (done.steps, done.outdated_pull_secrets) == ([], ["shop"])
    device.turn(patch_status=409)
    with pytest.raises(ProvisioningError, match="HTTP 409") as error:
        tenancy("present", WANTED)
    assert error.value.reason == "conflict"
    assert "of-another-enabling" not in str(error.value)


@pytest.mark.parametrize("knobs", [{"text": "lines"}, {"text": "information"}, {"user_parameter": "AseUser"}])
def test_kubeconfigs_in_every_form_and_from_older_releases(tenancy, device, knobs):
    device.turn(**knobs)
    tenancy("present", WANTED[:1])
    assert tenancy("present", WANTED[:1]).steps == []


@pytest.mark.parametrize("unknown", ["words", "category"])
def test_an_unknown_user_is_made(tenancy, device, unknown):
    device.turn(user_unknown=unknown)
    assert tenancy("present", WANTED[:1]).steps == STEPS[:5]


def test_an_older_release_is_asked_by_its_parameter_from_then_on(tenancy, device):
    device.turn(user_parameter="AseUser")
    tenancy("present", WANTED[:1])
    before = len(device.cmdlets)
    tenancy("present", WANTED[:1])
    assert device.cmdlets[before:].count(USER_CONFIG) == 3


def test_a_passing_failure_does_not_look_like_no_user(tenancy, device):
    tenancy("present", WANTED)
    device.turn(fail_next=USER_CONFIG)
    assert tenancy("present", WANTED).steps == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_failure_does_not_look_like_no_user(tenancy, device, check_mode):
    device.turn(fail=USER_CONFIG)
    with pytest.raises(ProvisioningError, match=f"{USER_CONFIG} failed: .*EmulatedFailure") as caught:
        tenancy("present", WANTED[:1], check_mode=check_mode)
    assert "New-HcsKubernetesUser -UserName ann" in caught.value.remedy
    assert device.cmdlets == [USER_CONFIG, USER_CONFIG]


BESIDE = [
    ("New-HcsKubernetesUser", ""),
    (USER_CONFIG, ""),
    ("Grant-HcsKubernetesNamespaceAccess", ""),
    ("Get-HcsKubernetesContainerRegistryInfo", ""),
    (LIST, "EmulatedWarning"),
    ("New-HcsKubernetesNamespace", "EmulatedWarning"),
]


@pytest.mark.parametrize(("cmdlet", "words"), BESIDE)
def test_an_error_beside_the_output(tenancy, device, cmdlet, words):
    """It does not count where what the cmdlet did is proven by other means."""
    device.turn(enabled=True, address="127.0.0.1", non_terminating=cmdlet)
    with pytest.raises(ProvisioningError, match=words) if words else contextlib.nullcontext():
        tenancy("present", WANTED[:1])
    if not words:
        assert tenancy("present", WANTED[:1]).steps == []


def test_an_error_beside_the_removal_of_a_namespace(tenancy, device):
    tenancy("present", WANTED)
    device.turn(non_terminating="Remove-HcsKubernetesNamespace")
    with pytest.raises(ProvisioningError, match="EmulatedWarning"):
        tenancy("absent", WANTED)


FAULTS = [
    ({"fail_next": "New-HcsKubernetesUser"}, "127.0.0.1", "EmulatedFailure"),
    ({"fail_next": "Grant-HcsKubernetesNamespaceAccess"}, "127.0.0.1", "EmulatedFailure"),
    ({"fail_next": LIST}, "127.0.0.1", "EmulatedFailure"),
    ({"missing": ["Get-HcsKubernetesUserConfig"]}, "127.0.0.1", "not supported by this device"),
    ({"non_terminating": "New-HcsKubernetesUser", "partial": True}, "127.0.0.1", "the kubeconfig of ann has"),
    ({"non_terminating": "New-HcsKubernetesUser", "partial": True}, "127.0.0.1", "EmulatedWarning"),
    ({"enabled": True, "half_polls": 1000}, "127.0.0.1", "tells no Username, Password"),
    ({}, "127.0.0.2", "Kubernetes does not tell"),
]


@pytest.mark.parametrize(("knobs", "address", "words"), FAULTS)
def test_what_fails_says_so(tenancy, device, knobs, address, words):
    device.turn(**knobs)
    with pytest.raises(ProvisioningError) as caught:
        tenancy("present", WANTED[:1], address=address)
    assert words in caught.value.message
    assert caught.value.remedy
    assert "PRIVATE KEY" not in str(caught.value)


@pytest.mark.parametrize("name", [*RESERVED_NAMESPACES, "", "-a", "A", "a.b", "a" * 64])
def test_names_that_no_namespace_may_have(name):
    with pytest.raises(ProvisioningError) as caught:
        Namespace(name)
    assert caught.value.part == "namespace"


@pytest.mark.parametrize("name", [*RESERVED_USERS, "", "Ann", "ann;x"])
def test_names_that_no_user_may_have(name):
    with pytest.raises(ProvisioningError) as caught:
        Namespace("shop", (name,))
    assert caught.value.part == "user"
