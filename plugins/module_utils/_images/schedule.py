# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that depend on each other, done by a few threads. This module util is private to the collection."""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import heapq
import threading
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.limits import Budget, OutOfTimeError

Key = tuple[str, ...]

QUICK = -(1 << 62)
"""The rank of what takes no time, so that it is done even when the time is up."""


@dataclasses.dataclass(frozen=True)
class Task:
    """Something to be done once.

    :param rank: of the tasks that can be done, the one with the smallest goes first.
    :param needs: what must have succeeded before; where it failed, this fails with the same error.
    :param after: what must have ended before, well or not.
    """

    key: Key
    action: t.Callable[[], None]
    rank: int = 0
    needs: tuple[Key, ...] = ()
    after: tuple[Key, ...] = ()


class Schedule:
    """Tasks on their way; what a task waits for and is not among them counts as done."""

    def __init__(self, tasks: t.Iterable[Task], budget: Budget) -> None:
        self.done: set[Key] = set()
        self.failures: dict[Key, ProvisioningError] = {}
        self._budget = budget
        self._tasks = {task.key: task for task in tasks}
        self._numbers = {key: number for number, key in enumerate(self._tasks)}
        self._followers: dict[Key, list[Task]] = collections.defaultdict(list)
        self._awaited: dict[Key, set[Key]] = {}
        self._ready: list[tuple[int, int, Task]] = []
        self._running = 0
        self._progress = threading.Condition()
        for task in self._tasks.values():
            self._enter(task)

    def run(self, concurrency: int) -> None:
        """Do everything, or until the time is up. Failures are kept; a mistake of the program is raised."""
        count = min(concurrency, len(self._tasks))
        if count:
            with concurrent.futures.ThreadPoolExecutor(count) as pool:
                for worker in [pool.submit(self._work) for dummy in range(count)]:
                    worker.result()

    def _enter(self, task: Task) -> None:
        awaited = {key for key in (*task.needs, *task.after) if key in self._tasks}
        self._awaited[task.key] = awaited
        for key in awaited:
            self._followers[key].append(task)
        if not awaited:
            self._offer(task)

    def _offer(self, task: Task) -> None:
        heapq.heappush(self._ready, (task.rank, self._numbers[task.key], task))

    def _work(self) -> None:
        while (task := self._take()) is not None:
            try:
                self._perform(task)
            finally:
                with self._progress:
                    self._running -= 1
                    self._progress.notify_all()

    def _take(self) -> Task | None:
        with self._progress:
            while not self._ready and self._running:
                self._progress.wait()
            if not self._ready or (self._budget.is_spent and self._ready[0][0] > QUICK):
                return None
            self._running += 1
            return heapq.heappop(self._ready)[-1]

    def _perform(self, task: Task) -> None:
        failure = next((self.failures[key] for key in task.needs if key in self.failures), None)
        if failure is None:
            try:
                task.action()
            except ProvisioningError as error:
                failure = error
            except OutOfTimeError:
                return
        with self._progress:
            self.done.add(task.key)
            if failure is not None:
                self.failures[task.key] = failure
            for follower in self._followers[task.key]:
                self._awaited[follower.key].discard(task.key)
                if not self._awaited[follower.key]:
                    self._offer(follower)


__all__ = ("QUICK", "Key", "Schedule", "Task")
