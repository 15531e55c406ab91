# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the rules and whatever the repository: what stays is whole, and a second run has nothing to do."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor
from ansible_collections.edgeops.registry.plugins.module_utils._images.image_config import ImageConfig
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.inventory import (
    Inventory,
    Relations,
    StoredManifest,
    companion_subject,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.retention import (
    Rule,
    Rules,
    freed,
    make_plan,
)
from hypothesis import given, settings
from hypothesis import strategies as st

ACTIONS = ("keep", "untag", "delete")
COUNT = 6
TAGS = [f"{major}.{minor}" for major in range(3) for minor in range(3)] + ["latest", "stable", "rc-1", "rc-2"]
DATES = ["", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]
PATTERNS = [".*", r"\d.*", r"1\..*", "rc-.*", "stable"]


def digest(number):
    return f"sha256:{number:064x}"


@st.composite
def inventories(draw):
    """A repository as a registry may have it: indexes of later manifests, subjects of any, all kinds of tags."""
    numbers = st.integers(0, COUNT)  # the last of them is not there
    manifests = {}
    for number in range(COUNT):
        later = draw(st.lists(st.integers(number + 1, COUNT), max_size=2, unique=True))
        subject = draw(st.one_of(st.none(), numbers.filter(lambda other, number=number: other != number)))
        blob = Descriptor("layer", digest(100 + draw(st.integers(0, 5))), 7)
        manifests[digest(number)] = StoredManifest(
            digest(number),
            "index" if later else "manifest",
            10,
            tuple(Descriptor("manifest", digest(child), 10) for child in later),
            () if later else (blob,),
            subject=digest(subject) if subject is not None else "",
        )
    plain = draw(st.dictionaries(st.sampled_from(TAGS), st.integers(0, COUNT - 1), max_size=8))
    suffixes = st.sampled_from(["", ".sig", ".att"])
    companions = draw(st.dictionaries(st.tuples(numbers, suffixes), st.integers(0, COUNT - 1), max_size=4))
    named = {f"{digest(subject).replace(':', '-')}{suffix}": one for (subject, suffix), one in companions.items()}
    tags = {tag: digest(number) for tag, number in {**plain, **named}.items()}
    if draw(st.booleans()):
        tags["dangling"] = ""
    configs = {one: ImageConfig("linux/amd64", draw(st.sampled_from(DATES))) for one in manifests}
    return Inventory("app", tags, manifests, configs)


@st.composite
def rules(draw):
    keep = draw(
        st.lists(
            st.builds(
                lambda pattern, newest, by: Rule("keep[0]", "*", re.compile(pattern), newest, by),
                st.sampled_from(PATTERNS),
                st.one_of(st.none(), st.integers(0, 3)),
                st.sampled_from(["version", "created"]),
            ),
            max_size=3,
        )
    )
    pinned = draw(st.lists(st.one_of(st.sampled_from(TAGS), st.integers(0, COUNT - 1).map(digest)), max_size=2))
    names = [ImageName("app", "", one) if ":" in one else ImageName("app", one) for one in pinned]
    return Rules(
        tuple(keep),
        dict.fromkeys(names, "keep_images"),
        delete_unmatched=draw(st.booleans()),
        delete_orphans=draw(st.booleans()),
    )


def carried_out(plan):
    """What a registry has afterwards: a digest that goes takes all tags on it along."""
    before = plan.inventory
    gone = set(plan.tags("untag"))
    return dataclasses.replace(
        before,
        tags={tag: one for tag, one in before.tags.items() if tag not in gone and one not in plan.deleted},
        manifests={one: manifest for one, manifest in before.manifests.items() if one not in plan.deleted},
    )


@settings(max_examples=120)
@given(inventories(), rules())
def test_what_stays_is_whole_and_the_rest_is_gone(inventory, wanted):
    plan = make_plan(inventory, wanted)
    after = carried_out(plan)
    assert sorted(one.tag for one in plan.decisions) == sorted(inventory.tags)
    assert sorted(plan.tags("keep")) == sorted(after.tags)
    roots = [inventory.tags[tag] for tag in plan.tags("keep")]
    roots += [image.digest for image in wanted.pinned if image.digest]
    needed = Relations(inventory).needs(roots)
    assert set(needed) <= set(after.manifests)
    for tag in after.tags:
        subject = companion_subject(tag)
        assert subject not in plan.deleted
    for number, one in enumerate(plan.deleted):
        children = {child.digest for child in inventory.manifests[one].children}
        assert not children & set(plan.deleted[:number])


@settings(max_examples=40)
@given(inventories(), rules())
def test_a_second_run_has_nothing_to_do(inventory, wanted):
    after = carried_out(make_plan(inventory, wanted))
    again = make_plan(after, wanted)
    assert (again.deleted, again.tags("untag", "delete")) == ((), [])


@settings(max_examples=40)
@given(inventories(), rules(), st.randoms())
def test_the_order_of_the_rules_says_nothing(inventory, wanted, random):
    shuffled = list(wanted.keep)
    random.shuffle(shuffled)
    one = make_plan(inventory, wanted)
    other = make_plan(inventory, dataclasses.replace(wanted, keep=tuple(shuffled)))
    assert [one.tags(action) for action in ACTIONS] == [other.tags(action) for action in ACTIONS]
    assert set(one.deleted) == set(other.deleted)


@settings(max_examples=40)
@given(inventories(), rules())
def test_the_bytes_add_up(inventory, wanted):
    plan = make_plan(inventory, wanted)
    before, after = inventory.sizes(inventory.manifests), carried_out(plan)
    left = after.sizes(after.manifests)
    assert sum(freed([plan]).values()) == sum(before.values()) - sum(left.values())
