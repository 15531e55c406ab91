# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module image_prune in this process."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.prune import prune_images
from ansible_collections.edgeops.registry.plugins.modules.image_prune import ARGUMENT_SPEC

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.plugins.module_utils._module import Outcome
    from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry


def rule(tags: str, newest: int | None = None, by: str = "version", repositories: str = "*") -> dict[str, t.Any]:
    return {"tags": tags, "newest": newest, "by": by, "repositories": repositories}


def prune(
    registry: RealRegistry | dict[str, t.Any],
    *keep: dict[str, t.Any],
    check_mode: bool = False,
    diff: bool = False,
    **options: t.Any,
) -> Outcome:
    """Run it with its default options and some others.

    :param registry: or a record.
    """
    given = {
        "registry": registry if isinstance(registry, dict) else registry.record_dict,
        "keep": list(keep),
        "concurrency": 4,
        "timeout": 10.0,
        **options,
    }
    checked = ArgumentSpecValidator(ARGUMENT_SPEC).validate(given)
    assert not checked.error_messages, checked.error_messages
    return prune_images(checked.validated_parameters, Settings(check_mode=check_mode, diff=diff))


def actions(outcome: Outcome) -> dict[str, str]:
    """What became of each tag."""
    return {tag["name"].partition(":")[2]: tag["action"] for tag in outcome.facts["tags"]}
