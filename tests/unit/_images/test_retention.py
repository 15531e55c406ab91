# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools
import re

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor
from ansible_collections.edgeops.registry.plugins.module_utils._images.image_config import ImageConfig, parse_created
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.inventory import (
    Inventory,
    StoredManifest,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.retention import (
    PLACEHOLDER_TYPE,
    Rule,
    Rules,
    check_plans,
    freed,
    make_plan,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.semantic_version import precedence


def digest(name):
    return f"sha256:{name:0>64}"


def stock(tags, *manifests, repository="app"):
    """A repository by the names of digests; images of one blob for those that no manifest is given for."""
    given = {manifest.digest: manifest for manifest in manifests}
    for name in tags.values():
        if name:
            given.setdefault(digest(name), image(name))
    return Inventory(repository, {tag: digest(name) if name else "" for tag, name in tags.items()}, given)


def image(name, *blobs, **details):
    parts = tuple(Descriptor("layer", digest(blob), 100) for blob in blobs or (f"{name}b",))
    return StoredManifest(digest(name), "manifest", 10, blobs=parts, config=parts[0], **details)


def index(name, *children):
    return StoredManifest(digest(name), "index", 10, tuple(Descriptor("manifest", digest(one), 10) for one in children))


def rule(tags, newest=None, by="version", repositories="*"):
    return Rule("keep[0]", repositories, re.compile(tags), newest, by)


def actions(inventory, *keep, **options):
    return {one.tag: one.action for one in make_plan(inventory, Rules(keep, **options)).decisions}


@pytest.mark.parametrize(
    ("tags", "keep", "gone"),
    [
        (["1.0.0", "1.1.0", "1.10.0", "1.9.0"], [rule(".*", 2)], ["1.0.0", "1.1.0"]),
        (["1.0.0", "1.0.0-rc.1", "1.0.0-rc.2"], [rule(".*", 2)], ["1.0.0-rc.1"]),
        (["v1", "2", "v10"], [rule(".*", 1)], ["v1", "2"]),
        (["2024.01.05", "2024.1.10", "latest"], [rule(".*", 1)], ["2024.01.05"]),
        (["1.0.0", "2.0.0"], [rule("1.*", 0)], ["1.0.0"]),
        (["1.0.0", "2.0.0"], [], []),
        (["1.0.0", "11.0.0"], [rule("1.0", 0)], []),
        (["a-1", "a-2", "b-1", "b-2"], [rule("a-.*", 0), rule("a-2"), rule("b-.*", repositories="other")], ["a-1"]),
        (["1.0.0", "2.0.0"], [rule(".*", 0, repositories="app*")], ["1.0.0", "2.0.0"]),
        (["1.0.0", "1.0.0_build1", "0.9.0"], [rule(".*", 1)], ["0.9.0"]),
    ],
)
def test_rules(tags, keep, gone):
    inventory = stock({tag: str(number) for number, tag in enumerate(tags, 1)})
    for order in itertools.permutations(keep):
        found = actions(inventory, *order)
        assert sorted(tag for tag, action in found.items() if action != "keep") == sorted(gone)


def test_a_tag_that_another_rule_keeps_stays_whatever_the_order():
    inventory = stock({f"{name}-{number}": f"{name}{number}" for name in "abc" for number in range(3)})
    keep = [rule(f"{name}-.*", 1) for name in "abc"]
    assert actions(inventory, *keep) == actions(inventory, *keep[::-1])


def test_images_of_equal_rank_share_one_fate():
    inventory = stock({"a": "1", "b": "2", "c": "3"})
    inventory.configs = {digest(name): ImageConfig("linux/amd64", "1970-01-01T00:00:00Z") for name in "123"}
    assert set(actions(inventory, rule(".*", 1, by="created")).values()) == {"keep"}


def test_tags_of_one_digest_count_once():
    inventory = stock({"3.0.0": "3", "3.0": "3", "3": "3", "2.0.0": "2", "1.0.0": "1"})
    found = actions(inventory, rule(".*", 2))
    assert [tag for tag, action in found.items() if action != "keep"] == ["1.0.0"]


def test_a_placeholder_goes_whatever_the_rules_say():
    inventory = stock({"old": "1", "new": "2"}, image("1", artifact_type=PLACEHOLDER_TYPE))
    assert actions(inventory, rule(".*")) == {"old": "delete", "new": "keep"}


@pytest.mark.parametrize(
    "pinned", [ImageName("app", "1"), ImageName("app", "", digest("1")), ImageName("app", "9", digest("1"))]
)
def test_pinned_images_stay(pinned):
    plan = make_plan(stock({"1": "1", "2": "2"}), Rules(pinned={pinned: "keep_images"}, delete_unmatched=True))
    assert [(one.tag, one.action, one.reason) for one in plan.decisions] == [
        ("1", "keep", "it is in keep_images"),
        ("2", "delete", "no rule speaks of it"),
    ]


def test_a_pinned_index_without_a_tag_keeps_its_platforms():
    inventory = stock({"old": "2"}, index("1", "2", "3"), image("2"), image("3"))
    rules = Rules(pinned={ImageName("app", "", digest("1")): "keep_images"}, delete_unmatched=True)
    plan = make_plan(inventory, rules)
    assert (plan.tags("untag"), plan.deleted) == (["old"], ())


def test_a_kept_referrer_keeps_its_subject_with_all_its_platforms():
    inventory = stock(
        {"old": "1", "arm": "2", "sbom": "3"}, index("1", "2"), image("2"), image("3", subject=digest("1"))
    )
    plan = make_plan(inventory, Rules((rule("old|arm", 0),)))
    assert (plan.tags("untag"), plan.tags("keep"), plan.deleted) == (["arm", "old"], ["sbom"], ())


def test_whatever_holds_another_goes_before_it():
    inventory = stock({"old": "1"}, index("1", "2", "3"), index("2", "4"), image("3"), image("4"))
    order = [one[-1] for one in make_plan(inventory, Rules(delete_unmatched=True)).deleted]
    assert order[0] == "1"
    assert order.index("2") < order.index("4")
    assert sorted(order) == ["1", "2", "3", "4"]


def test_bytes_that_come_free_count_once_and_only_where_nothing_stays_that_has_them():
    inventory = stock(
        {"1.0.0": "1", "2.0.0": "2", "3.0.0": "3"}, image("1", "a", "b"), image("2", "b", "c"), image("3", "c")
    )
    other = stock({"1.0.0": "4"}, image("4", "a"), repository="other")
    plans = [make_plan(inventory, Rules((rule(".*", 1),))), make_plan(other, Rules())]
    assert freed(plans) == {("app", "1.0.0"): 10 + 100, ("app", "2.0.0"): 10}


@pytest.mark.parametrize(
    ("max_delete", "allow_empty", "delete_unmatched", "words"),
    [
        (None, False, True, "the rules keep none of the 2 tags"),
        (1, True, True, "2 tags would go, and 1 may"),
        (2, True, True, ""),
        (0, False, False, ""),
    ],
)
def test_guards(max_delete, allow_empty, delete_unmatched, words):
    plans = [make_plan(stock({"1": "1", "2": "2"}), Rules(delete_unmatched=delete_unmatched))]
    if not words:
        check_plans(plans, max_delete=max_delete, allow_empty=allow_empty)
        return
    with pytest.raises(ProvisioningError, match=words):
        check_plans(plans, max_delete=max_delete, allow_empty=allow_empty)


def test_versions_are_ordered_as_the_specification_says():
    order = "0.9 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 v2 10.0"
    found = [precedence(tag) for tag in order.split()]
    assert None not in found
    assert found == sorted(found)
    assert len(set(found)) == len(found)
    assert precedence("v1") == precedence("1.0.0") == precedence("1.0.0_build.5")
    assert [precedence(tag) for tag in ("latest", "1.", "1..0", "v", "1.0.x", "1.0.0-", "sha-1")] == [None] * 7


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.123456789+02:00", "2026-01-02T01:04:05Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", ""),
        ("0001-01-01T00:00:00+01:00", ""),
        ("9999-12-31T23:59:59-01:00", ""),
        ("2026-13-02T03:04:05Z", ""),
        ("yesterday", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_dates_of_creation(text, moment):
    assert parse_created(text) == moment


@pytest.mark.parametrize(
    ("content", "config"),
    [
        (b'{"os": "linux", "architecture": "arm", "variant": "v7"}', ImageConfig("linux/arm/v7")),
        (b'{"os": "linux"}', ImageConfig()),
        (b"[]", ImageConfig()),
        (b"\xff", ImageConfig()),
        (b"[" * 100_000, ImageConfig()),
    ],
)
def test_configurations(content, config):
    assert ImageConfig.parse(content) == config
