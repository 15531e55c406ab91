# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json
import os

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.auth_files import AuthFile
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authenticator import Credentials
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.tests.support.run_command import run_command
from hypothesis import given, settings
from hypothesis import strategies as st


def auth(username, password="p:w"):
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


def user(username):
    return Credentials(username, "p:w")


def read(document, run_command=run_command):
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return AuthFile(content, "/srv/config.json", run_command)


SCOPED = {
    "registry.example.com:5000": auth("all"),
    "registry.example.com:5000/team": auth("team"),
    "registry.example.com:5000/team/app": auth("app"),
}


@pytest.mark.parametrize(
    ("auths", "host", "repository", "found"),
    [
        ({}, "x:443", "app", None),
        (SCOPED, "registry.example.com:5000", "other/app", user("all")),
        (SCOPED, "registry.example.com:5000", "team/app", user("app")),
        (SCOPED, "registry.example.com:5000", "team/app/sub", user("app")),
        (SCOPED, "registry.example.com:5000", "team/apps", user("team")),
        (SCOPED, "registry.example.com:443", "team/app", None),
        ({"https://index.docker.io/v1/": auth("hub")}, "docker.io:443", "library/redis", user("hub")),
        ({"docker.io": auth("hub")}, "docker.io:443", "library/redis", user("hub")),
        ({"docker.io/team": auth("hub")}, "docker.io:443", "library/redis", None),
        ({"https://registry.example.com": auth("u")}, "registry.example.com:443", "app", user("u")),
        ({"https://Registry.example.com/v2/": auth("u")}, "registry.example.com:443", "app", user("u")),
        ({"registry.example.com:443": auth("u")}, "registry.example.com", "app", user("u")),
        ({"x:1": {"username": "u", "password": "p:w"}}, "x:1", "app", user("u")),
        ({"x:1": {}}, "x:1", "app", None),
        ({"x:1": {**auth("u"), "identitytoken": "t"}}, "x:1", "app", Credentials(identity_token="t")),
    ],
)
def test_entries(auths, host, repository, found):
    assert read({"auths": auths}).credentials(host, repository) == found


@pytest.mark.parametrize("entry", [7, {"auth": 7}, {"auth": "!"}, {"auth": "gA=="}], ids=str)
def test_a_broken_entry_is_named_without_its_content(entry):
    file = read({"auths": {"x:1": entry, "y:1": auth("u")}})
    with pytest.raises(ProvisioningError, match=r"the login for x:1 in /srv/config\.json is broken"):
        file.credentials("x:1", "app")
    assert file.credentials("y:1", "app") == user("u")


@pytest.mark.parametrize("content", [b"", b"[]", b"s3cret", b'{"auths": 7}', b'{"auths": ["s3cret"]}', b"\xff"])
def test_what_is_no_auth_file(content):
    with pytest.raises(ProvisioningError, match=r"/srv/config\.json is no file of registry logins") as caught:
        read(content)
    assert "s3cret" not in str(caught.value)


@settings(deadline=None, max_examples=50)
@given(st.binary())
def test_arbitrary_bytes_are_a_typed_error(content):
    with pytest.raises(ProvisioningError):
        read(content)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ProvisioningError, match=f"{tmp_path}/config.json cannot be read: No such file"):
        AuthFile.read(f"{tmp_path}/config.json", run_command)


def test_nothing_secret_is_shown():
    assert "p:w" not in repr(user("u"))
    assert "secret" not in repr(Credentials(identity_token="secret"))


# Credential helpers


HELPER = """#!/bin/sh
# Keeps what it was asked, on its command line and on its standard input
read -r server
echo "$* $server" >> "{folder}/asked"
case $server in
  https://index.docker.io/v1/) echo '{{"ServerURL": "x", "Username": "hub", "Secret": "p:w"}}' ;;
  token:1) echo '{{"Username": "<token>", "Secret": "t"}}' ;;
  odd:1) echo 'p:w' ;;
  none:1) echo 'credentials not found in native keychain'; exit 1 ;;
  *) echo 'p:w'; exit 1 ;;
esac
"""


@pytest.fixture
def run_with_helper(tmp_path):
    """Run commands on a host where the helper is installed."""
    program = tmp_path / "docker-credential-test"
    program.write_text(HELPER.format(folder=tmp_path))
    program.chmod(0o755)

    def run(args, *, environ_update, **options):
        path = f"{tmp_path}{os.pathsep}{environ_update['PATH']}"
        return run_command(args, environ_update={**environ_update, "PATH": path}, **options)

    return run


def test_a_helper_is_asked_once_by_standard_input(run_with_helper, tmp_path):
    file = read({"credHelpers": {"docker.io": "test"}}, run_with_helper)
    assert [file.credentials("docker.io:443", name) for name in ("a", "b")] == [user("hub")] * 2
    assert (tmp_path / "asked").read_text() == "get https://index.docker.io/v1/\n"


@pytest.mark.parametrize(
    ("document", "host", "found"),
    [
        ({"credsStore": "test"}, "token:1", Credentials(identity_token="t")),
        ({"credsStore": "test"}, "none:1", None),
        ({"credsStore": "test", "auths": {"none:1": auth("file")}}, "none:1", user("file")),
        ({"credsStore": "test", "auths": {"token:1": {}}}, "token:1", Credentials(identity_token="t")),
        ({"credsStore": "test", "credHelpers": {"token:1": ""}, "auths": {"token:1": auth("f")}}, "token:1", user("f")),
        ({"credsStore": "other", "credHelpers": {"token:1": "test"}}, "token:1", Credentials(identity_token="t")),
    ],
)
def test_where_a_helper_stands(run_with_helper, document, host, found):
    assert read(document, run_with_helper).credentials(host, "app") == found


@pytest.mark.parametrize(
    ("name", "host", "words"),
    [
        ("test", "fail:1", "docker-credential-test, which /srv/config.json names, ended with 1 when asked for fail:1"),
        ("test", "odd:1", "gives no credentials for odd:1"),
        ("../test", "x:1", "has no possible name"),
        ("missing", "x:1", "docker-credential-missing cannot be run"),
    ],
)
def test_a_helper_that_fails(run_with_helper, name, host, words):
    with pytest.raises(ProvisioningError, match=words) as caught:
        read({"credsStore": name}, run_with_helper).credentials(host, "app")
    assert "p:w" not in str(caught.value)
