# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._device import Device
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._session import Session
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._sessions import Sessions
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._switch import Switch

INFO = "Get-HcsKubernetesContainerRegistryInfo"
ENABLE = "Set-HcsKubernetesContainerRegistry"
DISABLE = "Remove-HcsKubernetesContainerRegistry"
PREREQUISITES = ["Get-HcsApplianceInfo", "Get-AzureDataBoxEdgeRole", "Test-HcsKubernetesStatus"]


@pytest.fixture
def told():
    return []


@pytest.fixture
def switch(target, told):
    def make(*, check_mode=False, timeout=20.0):
        @contextlib.contextmanager
        def connect():
            with Session(target(), told.append) as session:
                yield Device(session)

        return Switch(Sessions(connect, timeout=timeout, interval=0.05, tell=told.append), check_mode=check_mode)

    return make


def shells(device):
    report = device.report
    return report["shells_opened"], report["shells_closed"]


def test_steady_state_is_one_shell_and_one_look(switch, device):
    device.turn(enabled=True, password="of-this-enabling")
    done = switch().present()
    assert (done.changed, done.info.password) == (False, "of-this-enabling")
    assert device.cmdlets == [INFO]
    assert shells(device) == (1, 1)
    assert "of-this-enabling" not in repr(done)


@pytest.mark.parametrize(("when_off", "text"), [("nothing", "lines"), ("nulls", "string"), ("error", "information")])
def test_enabling_is_asked_for_once_and_waited_for(switch, device, when_off, text):
    device.turn(when_off=when_off, text=text, enable_polls=3)
    assert switch(check_mode=True).present().changed
    assert not {ENABLE, DISABLE} & set(device.cmdlets)
    done = switch().present()
    assert (done.changed, done.info.endpoint) == (True, "ecr.device.edge.test:31001")
    assert device.cmdlets.count(ENABLE) == 1
    assert shells(device) == (2, 2)


@pytest.mark.parametrize(
    ("knobs", "part"),
    [({"activated": False}, "activation"), ({"compute": False}, "compute"), ({"healthy": False}, "kubernetes")],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_each_prerequisite_has_its_own_remedy(switch, device, knobs, part, check_mode):
    device.turn(**knobs)
    with pytest.raises(ProvisioningError) as caught:
        switch(check_mode=check_mode).present()
    assert (caught.value.part, bool(caught.value.remedy)) == (part, True)
    assert ENABLE not in device.cmdlets


def test_an_old_release_that_cannot_tell_its_health_is_enabled_all_the_same(switch, device):
    device.turn(missing=["Test-HcsKubernetesStatus", "Get-HcsApplianceInfo"])
    assert switch().present().changed
    assert device.cmdlets == [INFO, *PREREQUISITES, ENABLE, INFO]


def test_a_lost_connection_is_followed_by_another_that_reads_the_state(switch, device, told):
    device.turn(cut=ENABLE)
    done = switch().present()
    assert (done.changed, done.info is not None) == (True, True)
    assert device.cmdlets.count(ENABLE) == 1
    assert shells(device) == (2, 2)
    assert any("reading the state again" in line for line in told)


def test_a_device_that_is_away_for_a_while_is_waited_for(target, device, told):
    away = [True, True, False]

    @contextlib.contextmanager
    def connect():
        if ENABLE in device.cmdlets and away.pop(0):
            raise ProvisioningError("the device does not answer", reason="unreachable")
        with Session(target(), told.append) as session:
            yield Device(session)

    device.turn(cut=ENABLE)
    switch = Switch(Sessions(connect, timeout=20.0, interval=0.05, tell=told.append), check_mode=False)
    assert switch.present().info
    assert away == []
    assert device.cmdlets.count(ENABLE) == 1


def test_a_device_that_counts_the_lost_shell_for_a_while_is_waited_for(target, device, told):
    def tell(line):
        told.append(line)
        device.turn(shells_per_user=0 if "reading the state again" in line else 30)

    @contextlib.contextmanager
    def connect():
        with Session(target(), told.append) as session:
            yield Device(session)

    device.turn(cut=ENABLE)
    switch = Switch(Sessions(connect, timeout=20.0, interval=0.05, tell=tell), check_mode=False)
    assert switch.present().info
    assert "127.0.0.1 allows EdgeUser no further shell; trying again" in told


def test_a_passing_failure_does_not_look_like_off(switch, device):
    device.turn(enabled=True, fail_next=INFO)
    assert switch().absent().changed
    assert not device.report["knobs"]["enabled"]


def test_a_passing_failure_of_a_look_does_not_enable_again(switch, device):
    device.turn(enabled=True, fail_next=INFO)
    assert not switch().present().changed
    assert device.cmdlets == [INFO, INFO]


def test_half_of_it_right_after_enabling_is_waited_for(switch, device, told):
    device.turn(half_polls=3)
    done = switch().present()
    assert (done.changed, done.info.password) == (True, "generated-by-the-device")
    assert device.cmdlets.count(ENABLE) == 1
    assert f"the device says: {INFO} tells no Username, Password" in told


@pytest.mark.parametrize("check_mode", [True, False])
def test_half_of_it_is_on(switch, device, check_mode):
    device.turn(enabled=True, half_polls=3)
    assert not switch(check_mode=check_mode).present().changed
    device.turn(half_polls=1000)
    assert switch(check_mode=check_mode).absent().changed
    assert ENABLE not in device.cmdlets
    assert device.cmdlets.count(DISABLE) == (not check_mode)


@pytest.mark.parametrize("cmdlet", [INFO, ENABLE])
def test_an_error_beside_the_output_is_told_and_the_state_decides(switch, device, told, cmdlet):
    device.turn(non_terminating=cmdlet)
    assert switch().present().changed
    assert device.cmdlets.count(ENABLE) == 1
    assert any("EmulatedWarning" in line for line in told)


@pytest.mark.parametrize("cmdlet", PREREQUISITES)
def test_an_error_beside_the_output_of_a_prerequisite_stops_before_enabling(switch, device, cmdlet):
    device.turn(non_terminating=cmdlet)
    with pytest.raises(ProvisioningError, match="EmulatedWarning"):
        switch().present()
    assert ENABLE not in device.cmdlets


def test_a_failing_cmdlet_s_words_are_told_without_the_secrets_in_them(switch, device, told):
    secrets = (device.password, "generated-by-the-device")
    device.turn(enabled=True, fail=DISABLE, words=f"{secrets[0]} is no login, nor is {secrets[1]}")
    with pytest.raises(ProvisioningError, match=r"\(not shown\) is no login, nor is \(not shown\)") as caught:
        switch().absent()
    assert not [secret for secret in secrets if secret in f"{told} {caught.value}"]


FAULTS = [
    ({"fail_next": ENABLE}, "EmulatedFailure"),
    ({"missing": [ENABLE]}, "not supported by this device"),
    ({"missing": [INFO]}, "not supported by this device"),
    ({"enabled": True, "non_terminating": INFO, "partial": True}, "tells no Username, Password"),
    ({"enable_polls": 1000}, "not on within the time"),
]


@pytest.mark.parametrize(("knobs", "words"), FAULTS)
def test_what_fails_says_so(switch, device, knobs, words):
    device.turn(**knobs)
    with pytest.raises(ProvisioningError) as caught:
        switch(timeout=1.0).present()
    assert words in caught.value.message
    assert caught.value.remedy
    assert device.cmdlets.count(ENABLE) <= 1


def test_absent(switch, device):
    assert not switch().absent().changed
    device.turn(enabled=True)
    assert switch(check_mode=True).absent().changed
    assert device.report["knobs"]["enabled"]
    assert switch().absent().changed
    assert device.cmdlets.count(DISABLE) == 1
    assert not switch().absent().changed


@pytest.mark.parametrize("check_mode", [True, False])
def test_absent_is_not_supported_where_the_cmdlet_is_missing(switch, device, check_mode):
    device.turn(enabled=True, missing=[DISABLE])
    with pytest.raises(ProvisioningError, match="not supported by this device"):
        switch(check_mode=check_mode).absent()
    assert DISABLE not in device.cmdlets
