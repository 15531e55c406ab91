# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json

import pytest
import yaml
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.kubeconfig import (
    Credential,
    Kubeconfig,
    is_of_another,
)

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def token(days, life=365, **claims):
    end = NOW + dt.timedelta(days=days)
    told = {"iat": int((end - dt.timedelta(days=life)).timestamp()), "exp": int(end.timestamp())}
    told["kubernetes.io"] = {"serviceaccount": {"uid": "0f3c"}}
    payload = json.dumps({**told, **claims}).encode()
    return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.c2ln"


def kubeconfig(days=365, life=365, ca=b"the CA"):
    return Kubeconfig("ann", "https://api.test:6443", ca, Credential.of_token(token(days, life)), "shop")


@pytest.mark.parametrize("ca", [b"the CA", b""])
def test_what_is_rendered_is_read_back(ca):
    one = kubeconfig(ca=ca)
    again = Kubeconfig.parse("ann", one.render().splitlines())
    assert again == one
    assert again.credential.identity == "0f3c"
    assert ("certificate-authority-data" in one.render()) == bool(ca)
    assert one.credential.token not in repr(one)


def test_names_that_look_like_numbers_stay_names():
    one = dataclasses.replace(kubeconfig(), user="123", namespace="2024")
    rendered = yaml.safe_load(one.render())
    assert rendered["users"][0]["name"] == rendered["contexts"][0]["context"]["user"] == "123"
    assert rendered["contexts"][0]["context"]["namespace"] == "2024"


@pytest.mark.parametrize(
    ("context", "is_foreign"),
    [("ann@kubernetes", False), ('"ann@kubernetes"', False), ("kubernetes-admin@kubernetes", True), ('""', True)],
)
def test_a_kubeconfig_of_another_is_known(context, is_foreign):
    assert is_of_another("ann", f"kind: Config\ncurrent-context: {context}\n".encode()) == is_foreign


@pytest.mark.parametrize("content", [b"", b"half of a fi", kubeconfig().render().encode()])
def test_a_damaged_one_and_ours_are_nobody_elses(content):
    assert not is_of_another("ann", content)


@pytest.mark.parametrize(
    ("days", "life", "renew_before", "due"),
    [
        (365, 365, 30, False),
        (31, 365, 30, False),
        (30, 365, 30, True),
        (0, 365, 0, True),
        (-1, 365, 30, True),
        (20, 30, 30, False),  # granted for less than asked: a third of its life is soon enough
        (10, 30, 30, True),
    ],
)
def test_when_it_is_renewed(days, life, renew_before, due):
    assert kubeconfig(days, life).credential.is_due(NOW, renew_before) is due


@pytest.mark.parametrize("damaged", ["e30", "e30.e30.c2ln", token(1, exp="soon"), token(1, exp=None), "e30.!.c"])
def test_a_damaged_token_is_refused_without_its_value(damaged):
    text = kubeconfig().render().replace(token(365), damaged)
    with pytest.raises(ProvisioningError, match="has a damaged token") as caught:
        Kubeconfig.parse("ann", text.splitlines())
    assert damaged not in str(caught.value)
