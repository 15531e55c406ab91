# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tags and manifests of a repository stay and which go: pure. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.inventory import (
    Inventory,
    Relations,
    companion_subject,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.semantic_version import precedence

PLACEHOLDER_TYPE = "application/vnd.edgeops.registry.pruned.v1+json"
"""What a tag is made to point to, right before both go, where a registry cannot take a tag alone away."""

_CRITERIA = {"version": "version", "created": "date of creation"}


@dataclasses.dataclass(frozen=True)
class Rule:
    """Tags of which some, or all, stay.

    :param name: how reasons name the rule.
    :param repositories: pattern with `*` and `?`.
    :param tags: matches a tag as a whole.
    :param newest: how many images stay, with all their tags that match; None for all.
    :param by: `version` or `created`.
    """

    name: str
    repositories: str
    tags: re.Pattern[str]
    newest: int | None = None
    by: str = "version"


@dataclasses.dataclass(frozen=True)
class Rules:
    """What stays. A tag that anything here keeps is kept, in whatever order it stands.

    :param pinned: images that stay, each with the place that says so.
    :param delete_unmatched: whether tags go that no rule speaks of.
    :param delete_orphans: whether signatures go whose image is not in their repository.
    """

    keep: tuple[Rule, ...] = ()
    pinned: t.Mapping[ImageName, str] = dataclasses.field(default_factory=dict)
    delete_unmatched: bool = False
    delete_orphans: bool = False


@dataclasses.dataclass(frozen=True)
class Decision:
    """What becomes of a tag.

    :param digest: empty where the registry lists the tag and has no manifest for it.
    :param action: `keep`, `untag` (the tag goes, what it points to is needed) or `delete` (both go).
    :param is_companion: whether it belongs to an image and shares its fate.
    """

    tag: str
    digest: str
    action: str
    reason: str
    is_companion: bool


@dataclasses.dataclass(frozen=True)
class Plan:
    """What becomes of a repository.

    :param deleted: digests of the manifests that go, each before those that it consists of.
    """

    inventory: Inventory
    decisions: tuple[Decision, ...]
    deleted: tuple[str, ...]

    def tags(self, *actions: str) -> list[str]:
        """The tags that one of some actions is meant for."""
        return [decision.tag for decision in self.decisions if decision.action in actions]


_Verdicts = dict[str, tuple[bool, str]]
"""Whether a tag is kept, and why."""


def make_plan(inventory: Inventory, rules: Rules) -> Plan:
    """Decide on all tags of a repository; nothing goes that something needs that stays."""
    tags, verdicts = inventory.tags, _judge_images(inventory, rules)
    companions = {tag: subject for tag in tags if tags[tag] and (subject := companion_subject(tag))}
    dropped = {tag for tag, of in companions.items() if rules.delete_orphans and of not in inventory.manifests}

    kept = [tags[tag] for tag, (is_kept, dummy) in verdicts.items() if is_kept]
    kept += [image.digest for image in rules.pinned if image.repository == inventory.repository]
    gone = [tags[tag] for tag, (is_kept, dummy) in verdicts.items() if not is_kept]
    relations = Relations(inventory)
    going = set(relations.belongings([*gone, *(tags[tag] for tag in dropped)])).difference(relations.needs(kept))
    # What belongs to nothing that goes stays, and what it needs with it
    staying = [tags[tag] for tag, subject in companions.items() if subject not in going and tag not in dropped]
    going.difference_update(relations.needs(staying))
    # What is attached goes first: a run that is cut short leaves nothing that no other would find
    images = going.intersection(inventory.parts(*gone))
    deleted = (*inventory.holders_first(going - images), *inventory.holders_first(images))

    for tag, subject in companions.items():
        verdicts[tag] = _judge_companion(subject, inventory, going, is_dropped=tag in dropped)
    verdicts.update({tag: (True, "the registry has no manifest for it") for tag in tags if not tags[tag]})
    return Plan(inventory, tuple(_decision(tag, inventory, verdicts[tag], going) for tag in sorted(tags)), deleted)


def _decision(tag: str, inventory: Inventory, verdict: tuple[bool, str], going: t.Container[str]) -> Decision:
    digest, (is_kept, reason) = inventory.tags[tag], verdict
    action = "keep" if is_kept else "delete" if digest in going else "untag"
    return Decision(tag, digest, action, reason, bool(companion_subject(tag)))


def _judge_companion(
    subject: str, inventory: Inventory, going: t.Container[str], *, is_dropped: bool
) -> tuple[bool, str]:
    if subject not in inventory.manifests:
        return not is_dropped, f"what it belongs to, {subject}, is not there"
    if subject in going:
        return False, f"it belongs to {subject}, which goes"
    return True, f"it belongs to {subject}, which stays"


def _judge_images(inventory: Inventory, rules: Rules) -> _Verdicts:
    verdicts = _judge_pinned(inventory, rules.pinned)
    for rule in rules.keep:
        if fnmatch.fnmatchcase(inventory.repository, rule.repositories):
            for tag, verdict in _judge_by(rule, inventory).items():
                if tag not in verdicts or (verdict[0] and not verdicts[tag][0]):
                    verdicts[tag] = verdict
    for digest, tags in inventory.images().items():
        for tag in tags:
            verdicts.setdefault(tag, (not rules.delete_unmatched, "no rule speaks of it"))
            if inventory.manifests[digest].artifact_type == PLACEHOLDER_TYPE:
                verdicts[tag] = (False, "it is left over from a run that was interrupted")
    return verdicts


def _judge_pinned(inventory: Inventory, pinned: t.Mapping[ImageName, str]) -> _Verdicts:
    here = [(image, place) for image, place in pinned.items() if image.repository == inventory.repository]
    places = {key: place for image, place in here for key in (image.tag, image.digest) if key}
    return {
        tag: (True, f"it is in {places.get(tag) or places[digest]}")
        for tag, digest in inventory.tags.items()
        if digest and not companion_subject(tag) and (tag in places or digest in places)
    }


def _judge_by(rule: Rule, inventory: Inventory) -> _Verdicts:
    matching = {
        digest: [tag for tag in tags if rule.tags.fullmatch(tag)] for digest, tags in inventory.images().items()
    }
    if rule.newest is None:
        return {tag: (True, f"it matches {rule.name}") for tags in matching.values() for tag in tags}
    ranks = {digest: _rank(rule, digest, tags, inventory) for digest, tags in matching.items() if tags}
    best = sorted((rank for rank in ranks.values() if rank is not None), reverse=True)[: rule.newest]
    verdicts: _Verdicts = {}
    for digest, rank in ranks.items():
        if rank is None:
            verdict = True, f"it has no {_CRITERIA[rule.by]}, which {rule.name} goes by"
        elif best and rank >= best[-1]:  # images of equal rank share one fate: none goes by chance
            verdict = True, f"it is among the newest {rule.newest} of {rule.name}"
        else:
            verdict = False, f"it is not among the newest {rule.newest} of {rule.name}"
        verdicts.update(dict.fromkeys(matching[digest], verdict))
    return verdicts


def _rank(rule: Rule, digest: str, tags: t.Iterable[str], inventory: Inventory) -> tuple[t.Any, ...] | None:
    """What images are compared by, the newer one being the greater; None where there is nothing to compare."""
    if not rule.newest:
        return ()
    if rule.by == "created":
        created = inventory.created(digest)
        return (created,) if created else None
    return max(filter(None, map(precedence, tags)), default=None)


def freed(plans: t.Sequence[Plan]) -> dict[tuple[str, str], int]:
    """The bytes that nothing needs any more once plans are carried out, by the repository and the tag that they go with.

    What several tags have that go counts for the first.
    """
    counted: set[str] = set()
    for plan in plans:
        counted.update(plan.inventory.sizes(set(plan.inventory.manifests).difference(plan.deleted)))
    sizes: dict[tuple[str, str], int] = {}
    for plan in plans:
        relations, going = Relations(plan.inventory), set(plan.deleted)
        for decision in plan.decisions:
            if decision.action == "delete":
                gone = [digest for digest in relations.belongings([decision.digest]) if digest in going]
                own = {one: size for one, size in plan.inventory.sizes(gone).items() if one not in counted}
                counted.update(own)
                sizes[plan.inventory.repository, decision.tag] = sum(own.values())
    return sizes


def check_plans(plans: t.Iterable[Plan], *, max_delete: int | None, allow_empty: bool) -> None:
    """Refuse what was hardly meant.

    :param max_delete: how many tags may go, not counting those that belong to images; None for any number.
    :param allow_empty: whether all tags of all repositories may go.
    :raises ProvisioningError: too many tags would go.
    """
    actions = [one.action for plan in plans for one in plan.decisions if not one.is_companion]
    going = sum(1 for action in actions if action != "keep")
    if going and going == len(actions) and not allow_empty:
        raise ProvisioningError(
            f"the rules keep none of the {going} tags",
            part="keep",
            remedy="Correct the rules, or set allow_empty: true if all of it is to go",
        )
    if max_delete is not None and going > max_delete:
        raise ProvisioningError(
            f"{going} tags would go, and {max_delete} may",
            part="max_delete",
            remedy="Look at the preview with --check, then correct the rules or raise max_delete",
        )


__all__ = ("PLACEHOLDER_TYPE", "Decision", "Plan", "Rule", "Rules", "check_plans", "freed", "make_plan")
