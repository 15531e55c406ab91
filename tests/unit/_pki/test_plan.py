# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._authority import Authority, load_certificates
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._names import Names
from ansible_collections.edgeops.registry.plugins.plugin_utils._pki._plan import Request, Standing, decide

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
REQUEST = Request(Names.parse(["registry.test"]), valid_days=397, renew_before=60, ca_valid_days=3650)


def days(number):
    return NOW + dt.timedelta(days=number)


def with_names(*names):
    return dataclasses.replace(REQUEST, names=Names.parse(names))


def standing(*names, ca_days=3650, **changes):
    authority = Authority.create(Names.parse(["registry.test"]), ca_days, NOW)
    pair = authority.issue(Names.parse(names or ["registry.test"]), 397, NOW)
    server = load_certificates(pair.certificate)[0]
    found = Standing(authority.certificate, authority_key=True, server=server, own=True, key_matches=True)
    return dataclasses.replace(found, **changes)


@pytest.mark.parametrize(
    ("request_", "found", "now", "reason"),
    [
        (REQUEST, standing(), NOW, ""),
        (REQUEST, standing(), days(336), ""),
        (REQUEST, standing(), days(337), "it ends on 2027-12-24"),
        (REQUEST, standing(), days(400), "it ends on 2027-12-24"),
        (REQUEST, standing(server=None, own=False), NOW, "there is none"),
        (REQUEST, standing(key_matches=False), NOW, "its key is missing or another one"),
        (REQUEST, standing(server=standing().server), NOW, "another CA issued it"),
        (REQUEST, standing("registry.test", "a.registry.test"), NOW, "it is for a.registry.test, registry.test"),
        (with_names("a.registry.test", "registry.test"), standing(), NOW, "it is for registry.test"),
        (with_names("a.registry.test"), standing("a.registry.test"), NOW, ""),
        (REQUEST, Standing(), NOW, "there is no CA yet"),
        (REQUEST, standing(authority=None, own=False), NOW, "there is no CA yet"),
        (REQUEST, standing(authority_key=False), NOW, ""),
    ],
)
def test_reasons(request_, found, now, reason):
    decision = decide(request_, found, now)
    assert decision.reason == reason
    assert decision.new_authority is (reason == "there is no CA yet")


@pytest.mark.parametrize(
    ("request_", "found", "now", "reason", "part"),
    [
        (with_names("other.test"), standing(), NOW, "name_mismatch", "names"),
        (with_names("192.0.2.1"), standing(), NOW, "name_mismatch", "names"),
        (REQUEST, standing(), days(3651), "expired", "ca.pem"),
        (REQUEST, standing(), days(-1), "clock", "ca.pem"),
        (REQUEST, standing(authority=None), NOW, "invalid", "ca.pem"),
        (REQUEST, standing(authority_key=False, server=None), NOW, "invalid", "ca.key"),
    ],
)
def test_another_ca_is_never_made_silently(request_, found, now, reason, part):
    with pytest.raises(ProvisioningError) as caught:
        decide(request_, found, now)
    assert (caught.value.reason, caught.value.part) == (reason, part)
    assert caught.value.remedy


def test_near_the_end_of_the_ca_a_certificate_is_renewed_once_and_warned_of():
    short = standing(ca_days=400)
    assert decide(REQUEST, short, NOW).warnings == ()
    [warning] = decide(REQUEST, short, days(10)).warnings
    assert "2027-12-27" in warning
    assert decide(REQUEST, short, days(380)).reason
    assert not decide(REQUEST, standing(ca_days=397), days(380)).reason


def test_a_ca_without_constraints_may_sign_all():
    unconstrained = standing().server
    assert not Names.parse(["other.test", "a.test"]).outside(unconstrained)
