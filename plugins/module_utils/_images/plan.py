# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done for a list of images: pure. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Descriptor, Manifest

Place = tuple[str, str]
"""A repository and the digest of a blob in it."""


@dataclasses.dataclass(frozen=True)
class Survey:
    """What is known of an image before anything is written.

    :param digest: at the source.
    :param digest_before: what the name has at the registry, None where it is not there.
    :param manifests: all of the image, children before parents; empty where the registry has it already.
    """

    name: ImageName
    digest: str
    digest_before: str | None
    manifests: tuple[Manifest, ...] = ()


@dataclasses.dataclass(frozen=True)
class Step:
    """What becomes of one blob of an image.

    :param origin: the repository from which it is mounted; empty where it is uploaded.
    """

    blob: Descriptor
    origin: str = ""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What has to be done for one image.

    :param action: `none` (the name has the digest), `tag` (only manifests are written) or `copy`.
    :param steps: for the blobs that no earlier image of the list takes care of, largest first.
    :param awaited: the blobs that must have arrived before manifests are written.
    """

    survey: Survey
    action: str
    steps: tuple[Step, ...] = ()
    awaited: tuple[Place, ...] = ()

    @property
    def bytes_sent(self) -> int:
        """Bytes of blobs and manifests to be sent."""
        blobs = sum(step.blob.size for step in self.steps if not step.origin)
        return blobs + sum(len(manifest.content) for manifest in self.survey.manifests)

    @property
    def bytes_mounted(self) -> int:
        """Bytes of blobs that another repository of the registry has."""
        return sum(step.blob.size for step in self.steps if step.origin)


def unknown_places(surveys: t.Iterable[Survey]) -> dict[Place, int]:
    """Where to look for blobs, each once: in the repository of the first image that needs it, by its number."""
    places: dict[str, tuple[Place, int]] = {}
    for number, survey in enumerate(surveys):
        for blob in _blobs(survey):
            places.setdefault(blob.digest, ((survey.name.repository, blob.digest), number))
    return dict(places.values())


def make_plans(surveys: t.Sequence[Survey], present: t.Container[Place]) -> list[Plan]:
    """Decide for every image, in the order of the list.

    A blob is uploaded once and mounted into every further repository.

    :param present: which of the unknown places have their blob.
    """
    homes = {digest: repository for repository, digest in unknown_places(surveys)}
    settled: set[Place] = set()
    plans = []
    for survey in surveys:
        repository, steps, awaited = survey.name.repository, [], []
        for blob in _blobs(survey):
            place = (repository, blob.digest)
            if place in present:
                continue
            awaited.append(place)
            if place not in settled:
                settled.add(place)
                home = homes[blob.digest]
                steps.append(Step(blob, "" if home == repository else home))
        steps.sort(key=lambda step: -step.blob.size)
        action = "none" if not survey.manifests else "copy" if awaited else "tag"
        plans.append(Plan(survey, action, tuple(steps), tuple(awaited)))
    return plans


def _blobs(survey: Survey) -> list[Descriptor]:
    return list({blob.digest: blob for manifest in survey.manifests for blob in manifest.blobs}.values())


__all__ = ("Place", "Plan", "Step", "Survey", "make_plans", "unknown_places")
