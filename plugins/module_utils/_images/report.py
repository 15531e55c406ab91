# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What module image_sync tells. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._images.job import Job
from ansible_collections.edgeops.registry.plugins.module_utils._outcome import Outcome


@dataclasses.dataclass(frozen=True)
class Report:
    """A run of module image_sync.

    :param destination: how messages name where the images go.
    :param sources: of the jobs, as the user wrote them.
    """

    destination: str
    sources: t.Sequence[str]
    jobs: t.Sequence[Job]
    settings: Settings

    def outcome(self, warnings: t.Iterable[str], course: t.Mapping[str, float] | None = None) -> Outcome:
        """All images, and what went wrong.

        :param warnings: of the run as a whole.
        :param course: of a run that had a limited time, so that it tells how far it is: `looking`, how many seconds it
            took to compare sources and destinations, and `pause`, how many a registry wants to have its rest.
        """
        images = [self._image(source, job) for source, job in zip(self.sources, self.jobs)]
        failures = [
            job.failure.at(registry=self.destination, part=str(job.name)).as_failure()
            for job in self.jobs
            if job.failure
        ]
        return Outcome(
            changed=any(image["action"] != "none" or image["bytes_sent"] for image in images),
            facts={"images": images, "failures": failures, **(_progress(self.jobs, course) if course else {})},
            diff=[_diff(job) for job in self.jobs if self.settings.diff and job.action != "none" and not job.failure],
            warnings=[*warnings, *(warning for job in self.jobs for warning in _warnings(job))],
            failed=self._summary(failures),
        )

    def _summary(self, failures: t.Sequence[t.Mapping[str, str]]) -> str:
        if not failures:
            return ""
        words = "; ".join(f"{item['part']}: {item['msg']}. {item['remedy']}" for item in failures)
        return f"{len(failures)} of {len(self.jobs)} images are not at {self.destination}: {words}"

    def _image(self, source: str, job: Job) -> dict[str, t.Any]:
        spent, survey = job.meter, job.survey
        return {
            **({"signatures": job.signatures.as_result()} if job.signatures else {}),
            "source": source,
            "name": str(job.name),
            "action": "none" if job.failure else job.action,
            "digest": survey.digest if survey else "",
            "digest_before": (survey.digest_before or "") if survey else "",
            **(self._predicted(job) if self.settings.check_mode else _done(job)),
            "bytes_received": spent.bytes_received,
            "requests": spent.requests,
            "retries": spent.retries,
            "seconds": round(spent.seconds, 3),
            "failed": job.failure is not None,
        }

    def _predicted(self, job: Job) -> dict[str, int]:
        plan = None if job.failure else job.plan
        uploads, mounts = (plan.uploads, plan.mounts) if plan else ((), ())
        return {
            "bytes_sent": plan.bytes_sent + job.bytes_of_lists if plan else 0,
            **_blobs([blob.size for blob in uploads], [blob.size for blob in mounts]),
        }


def _done(job: Job) -> dict[str, int]:
    sent, mounted = [blob.size for blob in job.blobs_sent], [blob.size for blob in job.blobs_mounted]
    return {"bytes_sent": job.meter.bytes_sent, **_blobs(sent, mounted)}


def _blobs(missing: t.Sequence[int], mounted: t.Sequence[int]) -> dict[str, int]:
    return {
        "blobs_missing": len(missing),
        "bytes_missing": sum(missing),
        "mounts": len(mounted),
        "bytes_mounted": sum(mounted),
    }


def _warnings(job: Job) -> t.Iterator[str]:
    if job.signatures and job.signatures.failure and job.failure is not job.signatures.failure:
        yield str(job.signatures.failure.at(part=str(job.name)))
    if job.survey and job.survey.digest_of_all and job.action != "none" and not job.failure:
        yield (
            f"{job.name}: without its other platforms it has the digest {job.survey.digest} instead of "
            f"{job.survey.digest_of_all}, so that signatures of the whole image do not hold for it"
        )


def _progress(jobs: t.Sequence[Job], course: t.Mapping[str, float]) -> dict[str, t.Any]:
    """How far a run is: what a slice of it adds to the result."""
    unfinished = [job for job in jobs if not job.is_done and not job.failure]
    blobs = {blob.digest: (job, blob) for job in jobs if job.survey for blob in job.survey.blobs}
    settled = {digest for job in jobs for digest in job.settled}
    left = sum(blob.size - job.spooled(blob) for job, blob in blobs.values() if blob.digest not in settled)
    total = sum(blob.size for dummy, blob in blobs.values())
    slowest = max(unfinished, key=lambda job: job.meter.seconds, default=None)
    return {
        "remaining": len(unfinished),
        "progress": {
            "images_done": len(jobs) - len(unfinished),
            "images_total": len(jobs),
            "bytes_done": total - left,
            "bytes_total": total,
            "slowest": str(slowest.name) if slowest else "",
            **course,
        },
    }


def _diff(job: Job) -> dict[str, str]:
    survey = job.survey
    return {
        "before_header": str(job.name),
        "after_header": str(job.name),
        "before": f"{survey.digest_before}\n" if survey and survey.digest_before else "",
        "after": f"{survey.digest}\n" if survey else "",
    }


__all__ = ("Report",)
