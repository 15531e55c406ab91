# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime as dt
import re

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._kubeconfig import read_kubeconfig, replaces
from ansible_collections.edgeops.registry.tests.emulator.kubernetes import Kubernetes

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def kubernetes(tmp_path_factory):
    return Kubernetes(tmp_path_factory.mktemp("kubernetes"))


@pytest.fixture(scope="module")
def text(kubernetes):
    return kubernetes.issue("ann", 365)


def parse(text, user="ann"):
    return read_kubeconfig(user, text.splitlines())


def test_what_is_rendered_is_read_back(text):
    one = parse(text)
    assert parse(one.render()) == one
    assert (one.user, one.credential.days_left(NOW) in (364, 365)) == ("ann", True)
    assert one.server.startswith("https://compute.device.edge.test:")
    assert "PRIVATE KEY" not in repr(one)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "\n".join(line.strip() for line in text.splitlines()),
        lambda text: "\n".join(f"\t {line}  " for line in text.splitlines()),
        lambda text: f"\r\n\r\n{text}\r\n".replace("\n", "\r\n"),
        lambda text: text.replace("server: ", 'server: "').replace("\n  name: kubernetes", '"\n  name: kubernetes'),
    ],
)
def test_indentation_does_not_count(text, spoil):
    assert parse(spoil(text)) == parse(text)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: "", "has no server"),
        (
            lambda text: text.replace("certificate-authority-data", "certificate-authority"),
            "has no certificate-authority-data",
        ),
        (lambda text: text.replace("client-key-data", "client-key"), "has no client-key-data"),
        (lambda text: text.replace("client-key-data: ", "client-key-data: !"), "has a damaged client-key-data"),
        (
            lambda text: re.sub(r"(client-certificate-data:) \S+", r"\1 QUJD", text),
            "has a damaged client-certificate-data",
        ),
        (lambda text: f"{text}    server: https://other.test:6443\n", "has more than one server"),
    ],
)
def test_what_is_unusable_is_refused_without_its_value(text, spoil, words):
    with pytest.raises(ProvisioningError, match=words) as caught:
        parse(spoil(text))
    assert not [value for value in text.split() if len(value) > 60 and value in str(caught.value)]


def test_when_a_file_is_replaced(kubernetes, text, tmp_path):
    given = parse(text)
    near = parse(kubernetes.issue("ann", 10))
    elsewhere = parse(Kubernetes(tmp_path).issue("ann", 365))
    assert replaces(given, None, NOW, 30)
    assert replaces(given, near, NOW, 30)
    assert replaces(given, elsewhere, NOW, 30)
    assert not replaces(given, near, NOW, 5)
    assert not replaces(given, given, NOW, 30)
    assert not replaces(near, near, NOW, 30)
