# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module image_sync in this process, with its own defaults."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._images.sync import sync_images
from ansible_collections.edgeops.registry.plugins.modules.image_sync import ARGUMENT_SPEC, CONSTRAINTS
from ansible_collections.edgeops.registry.tests.support.run_command import run_command

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome
    from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry

    Image = tuple[str, str | None] | dict[str, t.Any]


def sync(
    registry: RealRegistry | dict[str, t.Any] | None,
    *images: Image,
    check_mode: bool = False,
    diff: bool = False,
    **options: t.Any,
) -> Outcome:
    """Run it; an image is a source and a name, or a dictionary."""
    given = {
        "registry": registry if registry is None or isinstance(registry, dict) else registry.record_dict,
        "images": [one if isinstance(one, dict) else {"source": one[0], "name": one[1]} for one in images],
        "concurrency": 4,
        "timeout": 10.0,
        **options,
    }
    checked = ArgumentSpecValidator(ARGUMENT_SPEC, **CONSTRAINTS).validate(
        {key: value for key, value in given.items() if value is not None}
    )
    assert not checked.error_messages, checked.error_messages
    return sync_images(
        checked.validated_parameters, Settings(check_mode=check_mode, diff=diff, run_command=run_command)
    )


def summary(outcome: Outcome, *keys: str) -> list[tuple[t.Any, ...]]:
    """These keys of every image."""
    return [tuple(image[key] for key in keys) for image in outcome.facts["images"]]
