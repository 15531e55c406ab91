# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case of module image_prune. This module util is private to the collection."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._files import read_file
from ansible_collections.edgeops.registry.plugins.module_utils._images.inspection import Inspection, Inspector
from ansible_collections.edgeops.registry.plugins.module_utils._images.lock_file import parse_lock
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.deletion import carry_out
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.retention import (
    Plan,
    Rule,
    Rules,
    check_plans,
    freed,
    make_plan,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.registry_access import (
    Access,
    matches,
    open_registry,
    parse_pattern,
    select_repositories,
)
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome


def prune_images(params: t.Mapping[str, t.Any], settings: Settings) -> Outcome:
    """Take from the registry what no rule keeps.

    :raises ProvisioningError: an option is wrong, or the rules ask for what was hardly meant; nothing has been deleted.
    """
    rules = _rules(params)
    patterns = [parse_pattern(text, f"repositories[{number}]") for number, text in enumerate(params["repositories"])]
    with open_registry(params, settings.run_command) as access:
        inspections = _inspect(access, rules, patterns)
        failures = [_failure(access, one.inventory.repository, one.failure) for one in inspections if one.failure]
        plans = [make_plan(one.inventory, rules) for one in inspections if not one.failure]
        _check_pinned(rules, patterns, inspections)
        check_plans(plans, max_delete=params["max_delete"], allow_empty=params["allow_empty"])
        going = [plan for plan in plans if plan.tags("untag", "delete")]
        if going:
            access.catalog.check_deletion(going[0].inventory.repository)
        if not settings.check_mode:
            failures += _carry_out(going, access)
    outcome = _outcome(plans, going, failures, settings)
    return dataclasses.replace(outcome, warnings=access.warnings)


def _rules(params: t.Mapping[str, t.Any]) -> Rules:
    _check_count(params["max_delete"], "max_delete")
    keep = tuple(_rule(item, f"keep[{number}]") for number, item in enumerate(params["keep"]))
    images = [ImageName.parse(name, part=f"keep_images[{number}]") for number, name in enumerate(params["keep_images"])]
    return Rules(
        keep,
        {**_locked(params["lock_file"]), **dict.fromkeys(images, "keep_images")},
        delete_unmatched=params["unmatched"] == "delete",
        delete_orphans=params["orphans"] == "delete",
    )


def _locked(path: str | None) -> dict[ImageName, str]:
    """The images of a lock file, each with its digest."""
    if not path:
        return {}
    try:
        state = read_file(path)
    except OSError as error:
        raise ProvisioningError(f"{path} cannot be read: {error.strerror}", reason="io", part="lock_file") from error
    if state is None:
        raise ProvisioningError(f"there is no {path}", part="lock_file", remedy="Copy it to the host first")
    pins = parse_lock(state.content, path)
    names = {ImageName.parse(name, part="lock_file"): pin for name, pin in pins.items()}
    return {dataclasses.replace(name, digest=pin.digest): "lock_file" for name, pin in names.items()}


def _rule(item: t.Mapping[str, t.Any], place: str) -> Rule:
    try:
        tags = re.compile(item["tags"])
    except re.error as error:
        raise ProvisioningError(
            f"{item['tags']!r} is no regular expression: {error}", part=f"{place}.tags", remedy="Correct it"
        ) from error
    _check_count(item["newest"], f"{place}.newest")
    repositories = parse_pattern(item["repositories"], f"{place}.repositories")
    return Rule(place, repositories, tags, item["newest"], item["by"])


def _check_count(value: int | None, place: str) -> None:
    if value is not None and value < 0:
        raise ProvisioningError("must not be negative", part=place)


def _inspect(access: Access, rules: Rules, patterns: t.Sequence[str]) -> list[Inspection]:
    def select(repository: str, tags: t.Sequence[str]) -> list[str]:
        return [*tags, *(image.digest for image in rules.pinned if image.repository == repository and image.digest)]

    repositories = select_repositories(access.catalog, patterns)
    by_date = any(rule.by == "created" and rule.newest is not None for rule in rules.keep)
    return Inspector(access.catalog, access.concurrency).inspect(repositories, select, configs=by_date)


def _check_pinned(rules: Rules, patterns: t.Sequence[str], inspections: t.Iterable[Inspection]) -> None:
    """:raises ProvisioningError: an image that has to stay is not there."""
    found = {one.inventory.repository: one for one in inspections}
    for image, place in rules.pinned.items():
        inspection = found.get(image.repository)
        if not matches(image.repository, patterns) or (inspection and inspection.failure):
            continue
        have = inspection.inventory if inspection else None
        if have is None or not (have.tags.get(image.tag) or image.digest in have.manifests):
            raise ProvisioningError(
                f"{image} is not at the registry, so this is hardly the list for it",
                part=place,
                remedy="Seed it first, or correct the list",
            )


def _carry_out(plans: t.Sequence[Plan], access: Access) -> list[dict[str, str]]:
    def attempt(plan: Plan) -> dict[str, str] | None:
        try:
            carry_out(plan, access)
        except ProvisioningError as error:
            return _failure(access, plan.inventory.repository, error)
        return None

    with concurrent.futures.ThreadPoolExecutor(access.concurrency) as pool:
        return [failure for failure in pool.map(attempt, plans) if failure]


def _failure(access: Access, repository: str, error: ProvisioningError) -> dict[str, str]:
    return error.at(registry=str(access.record.endpoint), part=repository).as_failure()


def _outcome(
    plans: t.Sequence[Plan], going: t.Sequence[Plan], failures: t.Sequence[dict[str, str]], settings: Settings
) -> Outcome:
    sizes, failed = freed(plans), {item["part"] for item in failures}
    words = "; ".join(f"{item['part']}: {item['msg']}. {item['remedy']}" for item in failures)
    return Outcome(
        changed=bool(going),
        facts={
            "tags": [tag for plan in plans for tag in _tags(plan, sizes)],
            "manifests": [
                {"repository": plan.inventory.repository, "digest": digest} for plan in going for digest in plan.deleted
            ],
            "bytes_freed": sum(size for (repository, dummy), size in sizes.items() if repository not in failed),
            "failures": failures,
        },
        diff=[_diff(plan) for plan in going] if settings.diff else [],
        failed=f"{len(failures)} repositories were not pruned as they should be: {words}" if failures else "",
    )


def _tags(plan: Plan, sizes: t.Mapping[tuple[str, str], int]) -> list[dict[str, t.Any]]:
    repository = plan.inventory.repository
    return [
        {
            "name": f"{repository}:{one.tag}",
            "digest": one.digest,
            "action": one.action,
            "reason": one.reason,
            "bytes": sizes.get((repository, one.tag), 0),
        }
        for one in plan.decisions
    ]


def _diff(plan: Plan) -> dict[str, str]:
    def lines(*actions: str) -> str:
        return "".join(f"{one.tag} {one.digest}\n" for one in plan.decisions if one.action in actions)

    header = plan.inventory.repository
    return {
        "before_header": header,
        "after_header": header,
        "before": lines("keep", "untag", "delete"),
        "after": lines("keep"),
    }


__all__ = ("prune_images",)
