# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case of module image_sync. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.probe import check_scheme
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter, Transport
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.execute import carry_out, plan_jobs
from ansible_collections.edgeops.registry.plugins.module_utils._images.job import Job
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import RegistryReference, parse_source
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources import Sources
from ansible_collections.edgeops.registry.plugins.module_utils._module import Outcome
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record, parse_records

MOST_THREADS = 64


def sync_images(params: t.Mapping[str, t.Any], settings: Settings) -> Outcome:
    """Make the registry have the images.

    :raises ProvisioningError: an option is wrong; nothing has been done.
    """
    record = Record.parse(params["registry"], "registry")
    check_scheme(record, allow_http=params["allow_http"])
    if not 1 <= params["concurrency"] <= MOST_THREADS:
        raise ProvisioningError(f"must be from 1 to {MOST_THREADS}", part="concurrency")
    with contextlib.ExitStack() as cleanup:
        sources = Sources(
            parse_records(params["sources"], "sources"), timeout=params["timeout"], allow_http=params["allow_http"]
        )
        transport = Transport(Server.of(record), record.username, record.password, timeout=params["timeout"])
        cleanup.callback(sources.close)
        cleanup.callback(transport.close)
        jobs = [_job(item, number, sources, transport) for number, item in enumerate(params["images"])]
        _check_names(jobs)
        plan_jobs(jobs, params["concurrency"])
        if not settings.check_mode:
            carry_out(jobs, params["concurrency"])
    return _outcome(record, [item["source"] for item in params["images"]], jobs, settings)


def _job(item: t.Mapping[str, str], number: int, sources: Sources, transport: Transport) -> Job:
    try:
        reference = parse_source(item["source"])
        name = _name(item.get("name"), reference.image if isinstance(reference, RegistryReference) else None)
        meter = Meter()
        return Job(
            name, sources.open(reference, meter), Repository(transport, name.repository, meter, push=True), meter
        )
    except ProvisioningError as error:
        place = f"images[{number}].{error.part}" if error.part else f"images[{number}]"
        raise ProvisioningError(error.message, reason=error.reason, part=place, remedy=error.remedy) from error


def _name(given: str | None, image: ImageName | None) -> ImageName:
    if given:
        return ImageName.parse(given, part="name")
    if image is None:
        raise ProvisioningError(
            "it is missing",
            part="name",
            remedy="An OCI layout does not say what its image is called: write name: repository:tag",
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


def _outcome(record: Record, sources: t.Sequence[str], jobs: t.Sequence[Job], settings: Settings) -> Outcome:
    images = [_result(source, job, settings) for source, job in zip(sources, jobs)]
    failures = [
        job.failure.at(registry=str(record.endpoint), part=str(job.name)).as_failure() for job in jobs if job.failure
    ]
    failed = ""
    if failures:
        words = "; ".join(f"{item['part']}: {item['msg']}. {item['remedy']}" for item in failures)
        failed = f"{len(failures)} of {len(jobs)} images are not at {record.endpoint}: {words}"
    return Outcome(
        changed=any(image["action"] != "none" or image["bytes_sent"] for image in images),
        facts={"images": images, "failures": failures},
        diff=[
            _diff(job) for job in jobs if settings.diff and job.plan and job.plan.action != "none" and not job.failure
        ],
        failed=failed,
    )


def _result(source: str, job: Job, settings: Settings) -> dict[str, t.Any]:
    plan, spent = job.plan, job.meter
    predicted = settings.check_mode and plan is not None and not job.failure
    return {
        "source": source,
        "name": str(job.name),
        "action": plan.action if plan and not job.failure else "none",
        "digest": job.survey.digest if job.survey else "",
        "digest_before": (job.survey.digest_before or "") if job.survey else "",
        "bytes_sent": plan.bytes_sent if plan and predicted else spent.bytes_sent,
        "bytes_mounted": plan.bytes_mounted if plan and predicted else spent.bytes_mounted,
        "requests": spent.requests,
        "retries": spent.retries,
        "seconds": round(spent.seconds, 3),
        "failed": job.failure is not None,
    }


def _diff(job: Job) -> dict[str, str]:
    survey = job.survey
    return {
        "before_header": str(job.name),
        "after_header": str(job.name),
        "before": f"{survey.digest_before}\n" if survey and survey.digest_before else "",
        "after": f"{survey.digest}\n" if survey else "",
    }


__all__ = ("sync_images",)
