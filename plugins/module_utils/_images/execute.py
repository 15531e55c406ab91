# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a registry have a list of images. This module util is private to the collection."""

from __future__ import annotations

import collections
import concurrent.futures
import threading
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.job import Job
from ansible_collections.edgeops.registry.plugins.module_utils._images.plan import (
    Place,
    Step,
    Survey,
    make_plans,
    unknown_places,
)


def plan_jobs(jobs: t.Sequence[Job], concurrency: int) -> None:
    """Find out what has to be done for every image; nothing is written.

    :param concurrency: how many threads, and so connections to one registry, are used at most.
    """
    with concurrent.futures.ThreadPoolExecutor(concurrency) as pool:
        list(pool.map(Job.look, jobs))
        live = _surveyed(jobs)
        places = unknown_places([survey for dummy, survey in live])
        found = pool.map(lambda place: _is_present(live[places[place]][0], place), places)
        present = {place for place, is_present in zip(places, list(found)) if is_present}
    live = _surveyed(jobs)
    plans = make_plans([survey for dummy, survey in live], present)
    for number, plan in enumerate(plans):
        live[number][0].plan = plan


def carry_out(jobs: t.Sequence[Job], concurrency: int) -> None:
    """Do what is planned. Blobs go in the order of the list; whoever brings an image's last one writes its manifests."""
    transfer = _Transfer([job for job in jobs if job.plan and job.plan.action != "none"])
    with concurrent.futures.ThreadPoolExecutor(concurrency) as pool:
        transfer.start(pool)
    transfer.check()


class _Transfer:
    def __init__(self, jobs: t.Sequence[Job]) -> None:
        self._jobs = jobs
        self._lock = threading.Lock()
        self._tasks: list[concurrent.futures.Future[None]] = []
        self._arrivals: dict[Place, threading.Event] = {}
        self._missing: dict[int, int] = {}
        self._waiting: dict[Place, list[Job]] = collections.defaultdict(list)

    def start(self, pool: concurrent.futures.Executor) -> None:
        """Hand all work to a pool that begins it in this order, so that nothing waits for what comes later."""
        for job in self._jobs:
            awaited = job.plan.awaited if job.plan else ()
            self._missing[id(job)] = len(awaited)
            for place in awaited:
                self._arrivals[place] = threading.Event()
                self._waiting[place].append(job)
        for job in self._jobs:
            if not self._missing[id(job)]:
                self._tasks.append(pool.submit(job.publish))
            for step in job.plan.steps if job.plan else ():
                self._tasks.append(pool.submit(self._bring, job, step))

    def check(self) -> None:
        """Let no mistake of the program pass for success."""
        for task in self._tasks:
            task.result()

    def _bring(self, job: Job, step: Step) -> None:
        place = (job.name.repository, step.blob.digest)
        origin = self._arrivals.get((step.origin, step.blob.digest))
        with job.at_work():
            if origin is not None:
                origin.wait()
            try:
                job.bring(step)
            except ProvisioningError as error:
                for waiting in self._waiting[place]:
                    waiting.failure = waiting.failure or error
                raise
            finally:
                self._arrivals[place].set()
        for waiting in self._waiting[place]:
            with self._lock:
                self._missing[id(waiting)] -= 1
                complete = not self._missing[id(waiting)]
            if complete:
                waiting.publish()


def _surveyed(jobs: t.Iterable[Job]) -> list[tuple[Job, Survey]]:
    return [(job, job.survey) for job in jobs if job.survey and not job.failure]


def _is_present(job: Job, place: Place) -> bool:
    with job.at_work():
        return job.destination.has_blob(place[1])
    return False


__all__ = ("carry_out", "plan_jobs")
