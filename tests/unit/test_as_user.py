# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._as_user import as_user, find_account
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.tests.support.child import in_child

USER = "nobody"


def test_an_unknown_user_is_named():
    with pytest.raises(ProvisioningError, match="no user 'nobody-knows'"):
        find_account("nobody-knows")


def test_the_action_has_the_rights_of_the_user_and_no_others():
    account = find_account(USER)
    ids = as_user(USER, lambda: [*os.getresuid(), *os.getresgid(), *os.getgroups()])
    assert set(ids[:3]) == {account.pw_uid}
    assert set(ids[3:]) == {account.pw_gid}
    assert os.geteuid() == 0


def test_the_same_user_needs_no_child():
    assert as_user("root", os.getpid) == os.getpid()
    assert as_user(USER, os.getpid) != os.getpid()


def test_a_user_may_not_become_another():
    def act():
        os.setuid(find_account(USER).pw_uid)
        with pytest.raises(ProvisioningError, match="only root can act for user 'root'"):
            as_user("root", lambda: 1)

    in_child(act)


def test_errors_come_through_as_they_are(tmp_path):
    def fail():
        raise ProvisioningError("wrong", reason="unparsable", registry="a:1", part="hosts", remedy="Correct it")

    with pytest.raises(ProvisioningError) as failure:
        as_user(USER, fail)
    assert str(failure.value) == "a:1, hosts: wrong. Correct it"
    assert failure.value.reason == "unparsable"
    with pytest.raises(PermissionError) as refused:
        as_user(USER, (tmp_path / "file").read_bytes)
    assert refused.value.filename == str(tmp_path / "file")


def test_a_child_that_dies_is_an_error():
    with pytest.raises(ProvisioningError, match="the child that acted for user 'nobody' died"):
        as_user(USER, lambda: os._exit(3))


def test_no_child_is_left_behind():
    as_user(USER, lambda: None)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
