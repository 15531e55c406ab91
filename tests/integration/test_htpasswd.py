# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import http.client
import ssl

import pytest
from ansible_collections.edgeops.registry.tests.support.play import play

SECRET = "s3cret-canary-1"


@pytest.fixture
def users(tmp_path):
    return tmp_path / "etc" / "users"


@pytest.fixture
def htpasswd(tmp_path, users):
    def run(*items, check=False, **options):
        return play(tmp_path, {"htpasswd": {"path": str(users), "users": list(items), **options}}, check=check)

    return run


def status(registry, password):
    """What the registry answers to a password."""
    context = ssl.create_default_context(cadata=registry.ca_pem)
    connection = http.client.HTTPSConnection("localhost", registry.port, context=context)
    token = base64.b64encode(f"{registry.username}:{password}".encode()).decode()
    connection.request("GET", "/v2/", headers={"Authorization": f"Basic {token}"})
    return connection.getresponse().status


def user(name, **options):
    return {"username": name, "password": SECRET, **options}


def test_check_do_again_check_and_back(htpasswd, users):
    predicted = htpasswd(user("u"), check=True)
    assert not users.parent.exists()
    done = htpasswd(user("u"))
    assert predicted.changed == done.changed == [True]
    assert predicted.diff == done.diff
    assert done.diff[0]["after"] == "u\n"
    assert users.stat().st_mode & 0o777 == 0o600
    before = users.read_bytes()
    for check in (True, False):
        again = htpasswd(user("u"), check=check)
        assert again.changed == [False]
        assert again.executions == 2
    assert users.read_bytes() == before
    assert SECRET not in done.output
    assert before.split(b":")[1].decode().strip() not in done.output
    gone = htpasswd({"username": "u", "state": "absent"})
    assert gone.changed == [True]
    assert users.read_bytes() == b""


def test_bytes_of_others_stay(htpasswd, users):
    foreign = b"# d\xe9j\xe0\r\nother:x\r\n"
    users.parent.mkdir()
    users.write_bytes(foreign)
    users.chmod(0o640)
    assert htpasswd(user("u"), mode="0640").changed == [True]
    assert users.read_bytes().startswith(foreign + b"u:$2y$10$")
    [diff] = htpasswd(user("u"), mode="0600", owner="nobody").diff
    assert (diff["before"], diff["after"]) == ("mode: 0640\nowner: root\n", "mode: 0600\nowner: nobody\n")
    assert users.owner() == "nobody"
    assert htpasswd({"username": "u", "state": "absent"}, owner="nobody").changed == [True]
    assert users.read_bytes() == foreign


def test_nothing_to_remove_makes_no_file(htpasswd, users):
    assert htpasswd({"username": "u", "state": "absent"}).changed == [False]
    assert not users.parent.exists()


WRONG = [
    ([user("u"), user("u")], {}, "twice"),
    ([user("u")], {"cost": 3}, "4 to 31"),
    ([user("u")], {"mode": "0644"}, "gives others a right"),
    ([user("u")], {"mode": "rw"}, "in octal"),
    ([{"username": "u"}], {}, "password"),
    ([user("u", password=SECRET * 6)], {}, "longer than 72 bytes"),
]


def test_wrong_options(tmp_path, users):
    tasks = [{"htpasswd": {"path": str(users), "users": items, **options}} for items, options, words in WRONG]
    for failed, words in zip(play(tmp_path, *tasks).results, [case[2] for case in WRONG], strict=True):
        assert failed["failed"]
        assert words in failed["msg"]
        assert SECRET not in failed["msg"]
    assert not users.exists()


def test_a_real_registry_lets_the_user_in(htpasswd, users, start_registry):
    registry = start_registry()
    password = "Generated0Password1With2Many3Letters4"
    htpasswd(user(registry.username, password=password), cost=5)
    (registry.directory / "htpasswd").write_bytes(users.read_bytes())
    assert [status(registry, password), status(registry, "wrong")] == [200, 401]
