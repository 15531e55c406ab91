# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import secrets
import string

import bcrypt
import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._htpasswd import (
    COST_CHOSEN,
    COST_GENERATED,
    User,
    fitting_cost,
    plan,
)

ALICE = User("alice", "wonder")
FOREIGN = b"# staff\nbob:$apr1$abcdefgh$0123456789012345678901\n\ncarol:{SHA}xyz\r\nd\xe9:x\n"


def line(user, prefix=b"$2b$", cost=4):
    hashed = bcrypt.hashpw(user.password.encode(), bcrypt.gensalt(cost))
    return user.name.encode() + b":" + prefix + hashed[4:] + b"\n"


def test_a_new_user_is_appended_and_everything_else_stays():
    done = plan(FOREIGN, [ALICE], 4)
    assert done.content.startswith(FOREIGN + b"alice:$2y$04$")
    assert bcrypt.checkpw(b"wonder", done.content.splitlines()[-1].partition(b":")[2])
    assert plan(done.content, [ALICE], 4).content == done.content
    assert plan(done.content, [User("alice", None)], 4).content == FOREIGN


@pytest.mark.parametrize("prefix", [b"$2a$", b"$2b$", b"$2y$"])
def test_a_hash_that_fits_is_verified_and_not_replaced(prefix):
    content = line(ALICE, prefix, cost=10)
    assert plan(content, [ALICE], None).content == content
    assert plan(content.rstrip(), [ALICE], None).content == content.rstrip()


@pytest.mark.parametrize(
    ("content", "cost", "replaced"),
    [
        (line(User("alice", "other"), cost=10), None, True),
        (line(ALICE, cost=4), None, True),
        (line(ALICE, cost=11), None, False),
        (line(ALICE, cost=11), 10, True),
        (line(ALICE, cost=10), 10, False),
        (b"alice:{SHA}x\n", None, True),
        (b"alice:\n", None, True),
        (b"alice:$2y$99$" + b"." * 53 + b"\n", None, True),
    ],
    ids=[
        "other password",
        "low cost",
        "high cost",
        "higher than wanted",
        "as wanted",
        "SHA",
        "nothing",
        "no such cost",
    ],
)
def test_what_is_replaced(content, cost, replaced):
    done = plan(b"a:x\n" + content + b"z:y\n", [ALICE], cost)
    assert (done.content != b"a:x\n" + content + b"z:y\n") is replaced
    assert [entry.partition(b":")[0] for entry in done.content.splitlines()] == [b"a", b"alice", b"z"]


def test_a_second_line_of_a_user_goes():
    content = line(ALICE, cost=10) + b"bob:x\n" + line(User("alice", "old"))
    assert plan(content, [ALICE], None).content == line_of(content, 0) + b"bob:x\n"
    assert plan(content, [User("alice", None)], None).content == b"bob:x\n"


def line_of(content, number):
    return content.splitlines(keepends=True)[number]


def test_a_missing_final_newline_is_added_only_where_a_line_follows():
    assert plan(b"bob:x", [ALICE], 4).content.startswith(b"bob:x\nalice:")
    assert plan(b"bob:x", [User("alice", None)], 4).content == b"bob:x"


def test_a_diff_shows_names_only():
    done = plan(b"bob:x\n" + line(User("alice", "other")), [ALICE, User("dora", "d"), User("bob", None)], 4)
    assert done.before == "bob\nalice\n"
    assert done.after == "alice (new password or cost)\ndora\n"
    assert "wonder" not in repr(ALICE)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("", "x"),
        ("a:b", "x"),
        ("a\nb", "x"),
        ("#a", "x"),
        (" a", "x"),
        ("a", ""),
        ("a", "x" * 73),
        ("a", "ä" * 37),
        ("a", "x\0y"),
    ],
)
def test_what_the_file_or_bcrypt_cannot_hold_is_refused(name, password):
    with pytest.raises(ProvisioningError) as caught:
        User(name, password)
    assert password not in str(caught.value).replace(caught.value.part, "") or len(password) < 2


def test_72_bytes_are_not_too_many():
    user = User("alice", "ä" * 36)
    assert plan(plan(b"", [user], 4).content, [user], 4).content.startswith(b"alice:")


@pytest.mark.parametrize(
    "password",
    ["wonder", "Tr0ub4dor&3", "correct horse battery staple correct horse", "Correct-Horse-Battery-Staple-Zebra-42-Mountain",
     "CorrectHorseBatteryStapleZebraMountain4242", "aB1" * 20, "0123456789" * 6, "a" * 72, "deadbeef" * 4, ""],
)  # fmt: skip
def test_a_chosen_password_is_dear(password):
    assert fitting_cost(password) == COST_CHOSEN


def test_generated_passwords_are_cheap():
    alphabet = string.ascii_letters + string.digits
    generated = [
        *(secrets.token_urlsafe(32) for dummy in range(200)),
        *("".join(secrets.choice(alphabet) for dummy in range(40)) for dummy in range(200)),
    ]
    costs = [fitting_cost(password) for password in generated]
    assert costs.count(COST_GENERATED) > 0.95 * len(costs)
