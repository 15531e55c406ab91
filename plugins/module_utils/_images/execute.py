# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a registry have a list of images. This module util is private to the collection."""

from __future__ import annotations

import collections
import contextlib
import functools
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor
from ansible_collections.edgeops.registry.plugins.module_utils._images.job import Job
from ansible_collections.edgeops.registry.plugins.module_utils._images.limits import Budget
from ansible_collections.edgeops.registry.plugins.module_utils._images.plan import (
    Knowledge,
    Place,
    Plan,
    Survey,
    Write,
    make_plans,
    places_to_ask,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.schedule import QUICK, Key, Schedule, Task
from ansible_collections.edgeops.registry.plugins.module_utils._images.survey import Each

WORTH_ASKING = 1 << 20  # bytes to be brought over the network, per image that may have them already

Live = t.Sequence[tuple[Job, Survey]]


class Engine:
    """Works on many images at once.

    :param concurrency: how many threads, and so connections to one registry, are used at most.
    """

    def __init__(self, jobs: t.Sequence[Job], concurrency: int, budget: Budget) -> None:
        self._jobs = jobs
        self._concurrency = concurrency
        self._budget = budget

    def plan(self, *, exactly: bool) -> None:
        """Find out what has to be done for every image; nothing is written.

        :param exactly: whether to ask the registry for every blob and every list. What is written is asked for anyway,
            which is no request more, so that only a look without any writes needs this.
        """
        self._look()
        live = [(job, job.survey) for job in self._jobs if job.survey and not job.failure]
        known = self._ask(live, self._recall(live), exactly=exactly)
        live = [(job, survey) for job, survey in live if not job.failure]
        for (job, dummy), plan in zip(live, make_plans([survey for dummy, survey in live], known)):
            job.plan = plan
            job.action = plan.action
        if exactly:
            self._each([(job, job.foretell) for job, dummy in live])

    def carry_out(self) -> None:
        """Do what is planned. The largest blobs go first; a name is written once all that it needs is there."""
        numbered = [(("image", str(number)), job) for number, job in enumerate(self._jobs) if job.plan]
        tasks = [task for key, job in numbered if job.plan for task in _tasks(key, job, job.plan)]
        uses = collections.Counter(step.blob.digest for dummy, job in numbered if job.plan for step in job.plan.steps)
        for spool in {job.terms.spool for job in self._jobs if job.terms.spool}:
            spool.expect(uses)
        schedule = Schedule(tasks, self._budget)
        self._budget.begin()
        schedule.run(self._concurrency)
        self._budget.stop()
        brought = {
            (job.name.repository, blob.digest)
            for dummy, job in numbered
            for blob in (*job.blobs_sent, *job.blobs_mounted)
        }
        for key, job in numbered:
            job.failure = job.failure or schedule.failures.get(key)
            job.is_done = key in schedule.done and not job.failure
            if not (job.is_done or job.failure or self._budget.is_limited):
                job.failure = _left_undone()
            job.action = _action(job, brought)

    def _look(self) -> None:
        """Compare all sources and destinations; threads that have no image to look at read the parts of indexes."""
        spare = self._concurrency - len(self._jobs)
        with contextlib.ExitStack() as held:
            each: Each = held.enter_context(ThreadPoolExecutor(spare)).map if spare > 0 else map
            self._each([(job, functools.partial(job.look, each)) for job in self._jobs])

    def _recall(self, live: Live) -> dict[str, str]:
        """Repositories that have blobs of images in sync, by digest, where that may save more than it costs."""
        settled = [job for job, survey in live if survey.in_sync and not survey.trees]
        new = sum(
            blob.size for job, survey in live if job.terms.is_remote and not survey.in_sync for blob in survey.blobs
        )
        homes: dict[str, str] = {}

        def recall(job: Job) -> None:
            homes.update((blob, job.name.repository) for blob in job.recall())

        if new >= WORTH_ASKING * len(settled):
            self._each([(job, functools.partial(recall, job)) for job in settled])
        return homes

    def _ask(self, live: Live, homes: t.Mapping[str, str], *, exactly: bool) -> Knowledge:
        asked = [(job, survey) for job, survey in live if exactly or survey.in_sync]
        places = places_to_ask([survey for dummy, survey in asked], homes).values()
        present: set[Place] = set()
        damaged: set[Place] = set()

        def ask(job: Job, blob: Descriptor) -> None:
            found = job.find_blob(blob)
            if found is not None:
                (present if found else damaged).add((job.name.repository, blob.digest))

        self._each([(asked[n][0], functools.partial(ask, asked[n][0], blob)) for n, blob in places])
        return Knowledge(frozenset(present), frozenset(damaged), homes)

    def _each(self, work: t.Sequence[tuple[Job, t.Callable[[], None]]]) -> None:
        """Do things that do not depend on each other; a failure is that of the image."""
        schedule = Schedule(
            [Task((str(number),), _timed(job, action)) for number, (job, action) in enumerate(work)], self._budget
        )
        schedule.run(self._concurrency)
        for (number,), error in schedule.failures.items():
            job = work[int(number)][0]
            job.failure = job.failure or error


def _left_undone() -> ProvisioningError:
    return ProvisioningError(
        "it waits for images that wait for it",
        reason="conflict",
        remedy="Take one of those out of the list whose sources are repositories of the same registry",
    )


def _action(job: Job, brought: t.Container[Place]) -> str:
    """What was done for an image, by itself or by others that share its blobs."""
    if job.failure or not job.plan or job.plan.action == "none":
        return "none"
    if any((job.name.repository, blob.digest) in brought for blob in job.plan.survey.blobs):
        return "copy"
    return "tag" if job.is_done else "none"


def _tasks(key: Key, job: Job, plan: Plan) -> t.Iterator[Task]:
    """All that one image takes, and at last that it is seen to be there."""
    repository = job.name.repository
    blobs = {blob.digest: ("blob", repository, blob.digest) for blob in plan.survey.blobs}
    for step in plan.steps:
        home = ("blob", step.origin, step.blob.digest)
        is_mount = step.origin not in ("", repository)
        yield Task(
            blobs[step.blob.digest],
            _timed(job, functools.partial(job.bring, step)),
            rank=QUICK if is_mount else -step.blob.size,
            after=(home,) if is_mount else (),
        )
    for write in plan.writes:
        yield Task(
            ("manifest", repository, write.reference),
            _timed(job, functools.partial(job.write, write)),
            rank=QUICK,
            needs=(
                *(blobs[blob.digest] for blob in write.manifest.blobs),
                *_references(repository, _referred(plan.survey, write)),
            ),
        )
    references = [tree.target for tree in plan.survey.trees]
    if plan.action != "none":
        needs = (*blobs.values(), *_references(repository, references))
        yield Task(key, _timed(job, job.confirm), rank=QUICK, needs=needs)
    else:
        yield Task(key, lambda: None, rank=QUICK)


def _referred(survey: Survey, write: Write) -> t.Iterator[str]:
    """What has to be written before a manifest: what it is made of; before the image's name, what accompanies it too."""
    yield from (child.digest for child in write.manifest.children)
    if write.reference == survey.name.target:
        yield from (tree.target for tree in survey.trees[:-1])


def _references(repository: str, references: t.Iterable[str]) -> t.Iterator[Key]:
    return (("manifest", repository, reference) for reference in references)


def _timed(job: Job, action: t.Callable[[], None]) -> t.Callable[[], None]:
    def timed() -> None:
        with job.timed():
            action()

    return timed


__all__ = ("WORTH_ASKING", "Engine")
