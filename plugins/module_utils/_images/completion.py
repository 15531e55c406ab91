# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left to do once the images of a run have arrived. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.bundle.writer import Packed
from ansible_collections.edgeops.registry.plugins.module_utils._images.job import Job
from ansible_collections.edgeops.registry.plugins.module_utils._images.pinning import read_blob
from ansible_collections.edgeops.registry.plugins.module_utils._images.supply import Supply
from ansible_collections.edgeops.registry.plugins.module_utils._images.targets import Target
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome

Texts = t.Sequence[str]


def finish_target(outcome: Outcome, target: Target, jobs: t.Sequence[Job], texts: Texts, settings: Settings) -> Outcome:
    """Publish the bundle if the target is one, with all images or not at all.

    :param texts: the sources, as the user wrote them.
    """
    if target.endpoint is not None:
        return outcome
    if settings.check_mode:
        wanted = {job.name: text for job, text in zip(jobs, texts)}
        return dataclasses.replace(outcome, changed=outcome.changed or not target.has_just(wanted))
    if outcome.failed:
        words = f"{outcome.failed} The bundle is as it was, and what has arrived is kept for the next run"
        return dataclasses.replace(outcome, changed=False, failed=words)
    if not all(job.is_done for job in jobs):
        return outcome
    try:
        changed = target.finish([_packed(job, text) for job, text in zip(jobs, texts)])
    except ProvisioningError as error:
        return dataclasses.replace(outcome, changed=False, failed=str(error))
    return dataclasses.replace(outcome, changed=changed)


def write_lock(outcome: Outcome, supply: Supply, settings: Settings) -> Outcome:
    """Bring the lock file up to date, for the images that did not fail."""
    change = supply.write_lock(settings)
    if change is None:
        return outcome
    words = [f"{failure['msg']}. {failure['remedy']}" for failure in change.failures]
    return dataclasses.replace(
        outcome,
        changed=outcome.changed or change.changed,
        diff=[*outcome.diff, *([change.diff] if change.diff else [])],
        failed="; ".join(word for word in (outcome.failed, *words) if word),
    )


def _packed(job: Job, text: str) -> Packed:
    digest = job.survey.digest if job.survey else ""
    return Packed(job.name, digest, text, functools.partial(read_blob, job.source))


__all__ = ("finish_target", "write_lock")
