# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case of module image_sync. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.registries import Registries
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter
from ansible_collections.edgeops.registry.plugins.module_utils._endpoint import Endpoint
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.completion import finish_target, write_lock
from ansible_collections.edgeops.registry.plugins.module_utils._images.execute import Engine
from ansible_collections.edgeops.registry.plugins.module_utils._images.job import Job
from ansible_collections.edgeops.registry.plugins.module_utils._images.limits import Budget, thread_count
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import (
    Reference,
    RegistryReference,
    parse_source,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.report import Report
from ansible_collections.edgeops.registry.plugins.module_utils._images.supply import Supply
from ansible_collections.edgeops.registry.plugins.module_utils._images.targets import Target, open_target
from ansible_collections.edgeops.registry.plugins.module_utils._images.terms import Terms
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome


def sync_images(params: t.Mapping[str, t.Any], settings: Settings) -> Outcome:
    """Make the registry have the images.

    :raises ProvisioningError: an option is wrong; nothing has been done.
    """
    concurrency = thread_count(params)
    budget = Budget(params["progress_interval"])
    terms = Terms.parse(params, budget, check_mode=settings.check_mode)
    start = time.monotonic()
    with contextlib.ExitStack() as cleanup:
        registries = cleanup.enter_context(
            contextlib.closing(Registries.of(params, settings.run_command, budget.check))
        )
        target = cleanup.enter_context(
            open_target(params, registries, settings.run_command, to_write=not settings.check_mode)
        )
        supply = cleanup.enter_context(contextlib.closing(Supply.open(params, registries, settings.run_command)))
        items = supply.items(params["images"])
        jobs = [_job(item, number, supply, target, terms) for number, item in enumerate(items)]
        _check_names(jobs)
        engine = Engine(jobs, concurrency, budget)
        engine.plan(exactly=settings.check_mode)
        looking = time.monotonic() - start
        supply.check(jobs, concurrency, is_slice=budget.is_limited)
        if not settings.check_mode:
            engine.carry_out()
            supply.settle(jobs)
        texts = [item["source"] for item in items]
        report = Report(target.name, texts, jobs, settings)
        warnings = [*registries.notices.lines(), *(terms.spool.warnings if terms.spool else ())]
        course = {"looking": looking, "pause": registries.pause}
        outcome = report.outcome(warnings, course if budget.is_limited else None)
        outcome = finish_target(outcome, target, jobs, texts, settings)
        return write_lock(outcome, supply, settings)


def _job(item: t.Mapping[str, t.Any], number: int, supply: Supply, target: Target, terms: Terms) -> Job:
    try:
        reference = parse_source(item["source"])
        name = _name(item.get("name"), reference.image)
        meter = Meter()
        destination = target.destination(name, meter)
        reference, source = supply.source(name, item["source"], reference, meter)
        terms = terms.of(reference, item["platforms"], _origin(reference, target.endpoint))
        return Job(name, source, destination, meter, terms)
    except ProvisioningError as error:
        place = f"images[{number}].{error.part}" if error.part else f"images[{number}]"
        raise ProvisioningError(error.message, reason=error.reason, part=place, remedy=error.remedy) from error


def _origin(reference: Reference, endpoint: Endpoint | None) -> str:
    """The repository of the destination's registry that an image comes from, empty for none."""
    is_same = isinstance(reference, RegistryReference) and reference.endpoint == endpoint
    return reference.image.repository if is_same and reference.image else ""


def _name(given: str | None, image: ImageName | None) -> ImageName:
    if given:
        return ImageName.parse(given, part="name")
    if image is None:
        raise ProvisioningError(
            "it is missing",
            part="name",
            remedy="A layout or archive does not say what its image is to be called: write name: repository:tag",
        )
    return image


def _check_names(jobs: t.Sequence[Job]) -> None:
    places = [(job.name.repository, job.name.target) for job in jobs]
    for number, place in enumerate(places):
        if place in places[:number]:
            raise ProvisioningError(
                f"images[{places.index(place)}] and images[{number}] are both to be {jobs[number].name}",
                part="images",
                remedy="Give one of them another name",
            )


__all__ = ("sync_images",)
