# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime as dt
import re

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._kubeconfig import (
    kept_or_given,
    read_kubeconfig,
)
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


def with_key_of(text, other):
    """A kubeconfig with another's key."""
    key = re.search(r"client-key-data: \S+", other)[0]
    return re.sub(r"client-key-data: \S+", key, text)


def test_a_key_that_is_not_the_certificate_s_is_refused(kubernetes, text):
    with pytest.raises(ProvisioningError, match="has a damaged client-certificate-data or client-key-data") as caught:
        parse(with_key_of(text, kubernetes.issue("bob", 365)))
    assert "ann" in caught.value.remedy


def test_when_a_file_is_replaced(kubernetes, text, tmp_path):
    given = parse(text)
    new = given.render().encode()
    near = parse(kubernetes.issue("ann", 10))
    elsewhere = parse(Kubernetes(tmp_path).issue("ann", 365))

    def kept(content, given=given, renew_before=30):
        return kept_or_given(given, NOW, renew_before, content) == content

    for content in (
        None,
        near.render().encode(),
        elsewhere.render().encode(),
        b"",
        b"half of a fi",
        b"\xff\xfe\0",
        new[:900],
    ):
        assert kept_or_given(given, NOW, 30, content) == new
    assert kept_or_given(given, NOW, 30, with_key_of(new.decode(), near.render()).encode()) == new
    assert kept(near.render().encode(), renew_before=5)
    assert kept(new)
    assert kept(b"# a comment\n" + new)
    assert kept(near.render().encode(), given=near)


def test_somebody_else_s_file_is_not_replaced(text):
    foreign = text.replace("current-context: ann@kubernetes", "current-context: admin@elsewhere").encode()
    with pytest.raises(ProvisioningError, match=r"ann\.kubeconfig is there and was not made for this user") as caught:
        kept_or_given(parse(text), NOW, 30, foreign)
    assert caught.value.reason == "conflict"
