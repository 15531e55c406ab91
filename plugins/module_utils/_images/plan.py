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
class Tree:
    """A manifest with all that it refers to.

    :param target: the tag or digest that it is written under.
    :param manifests: children before parents, the last one is the root.
    """

    target: str
    manifests: tuple[Manifest, ...]

    @property
    def root(self) -> Manifest:
        """The manifest itself."""
        return self.manifests[-1]


@dataclasses.dataclass(frozen=True)
class Survey:
    """What is known of an image before anything is written.

    :param digest: what the name is to have.
    :param digest_before: what the name has at the registry, None where it is not there.
    :param trees: what accompanies the image, and the image last; empty where the registry is known to have it all.
    :param found: the manifests that the registry has and that need not be written.
    :param origin: another repository of the same registry that has all blobs, empty for none.
    :param digest_of_all: what the source has, where some of its platforms are left out.
    """

    name: ImageName
    digest: str
    digest_before: str | None
    trees: tuple[Tree, ...] = ()
    found: frozenset[str] = frozenset()
    origin: str = ""
    digest_of_all: str = ""

    @property
    def in_sync(self) -> bool:
        """Whether the name has its digest already."""
        return self.digest == self.digest_before

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """All blobs, each once."""
        manifests = [manifest for tree in self.trees for manifest in tree.manifests]
        return tuple({blob.digest: blob for manifest in manifests for blob in manifest.blobs}.values())


@dataclasses.dataclass(frozen=True)
class Step:
    """What becomes of one blob of an image.

    :param origin: the repository that may have it, its own or one to mount it from; empty: it is uploaded in any case.
    """

    blob: Descriptor
    origin: str


@dataclasses.dataclass(frozen=True)
class Write:
    """A manifest that is written once everything is there that it refers to."""

    manifest: Manifest
    reference: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """What has to be done for one image.

    :param action: `none` (the name has the digest), `tag` (only manifests are written) or `copy`.
    :param steps: for the blobs that no earlier image of the list takes care of.
    :param writes: the manifests that no earlier image takes care of; children before parents, the name last.
    """

    survey: Survey
    action: str = "none"
    steps: tuple[Step, ...] = ()
    writes: tuple[Write, ...] = ()

    @property
    def uploads(self) -> tuple[Descriptor, ...]:
        """The blobs that have to be sent."""
        return tuple(step.blob for step in self.steps if step.origin in ("", self.survey.name.repository))

    @property
    def mounts(self) -> tuple[Descriptor, ...]:
        """The blobs that another repository of the registry has."""
        return tuple(step.blob for step in self.steps if step.origin not in ("", self.survey.name.repository))

    @property
    def bytes_sent(self) -> int:
        """Bytes of blobs and manifests to be sent."""
        return sum(blob.size for blob in self.uploads) + sum(len(write.manifest.content) for write in self.writes)


@dataclasses.dataclass(frozen=True)
class Knowledge:
    """What the registry is known to have.

    :param present: the places that have their blob.
    :param damaged: the places whose blob cannot be read, whatever the registry says.
    :param homes: repositories that have a blob, by its digest.
    """

    present: frozenset[Place] = frozenset()
    damaged: frozenset[Place] = frozenset()
    homes: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


def places_to_ask(surveys: t.Iterable[Survey], homes: t.Mapping[str, str]) -> dict[Place, tuple[int, Descriptor]]:
    """Where to look for blobs: wherever an image in sync must have them, else in the repository of the first that needs it.

    :param homes: as in `Knowledge`; what has one is not looked for.
    :returns: the number of the image, and the blob.
    """
    places: dict[Place, tuple[int, Descriptor]] = {}
    known = set(homes)
    for number, survey in enumerate(surveys):
        blobs = survey.blobs if survey.in_sync or not survey.origin else ()
        for blob in blobs:
            if survey.in_sync or blob.digest not in known:
                places.setdefault((survey.name.repository, blob.digest), (number, blob))
        known.update(blob.digest for blob in blobs)
    return places


def make_plans(surveys: t.Sequence[Survey], known: Knowledge) -> list[Plan]:
    """Decide for every image, in the order of the list.

    A blob is uploaded once and mounted into every further repository; a manifest is written once per reference.
    """
    first: dict[str, str] = {}
    for (repository, digest), (number, dummy) in places_to_ask(surveys, known.homes).items():
        if not surveys[number].origin:  # it would wait for another repository itself
            first.setdefault(digest, repository)
    planner = _Planner(known, {**first, **known.homes})
    return [planner.plan(survey) for survey in surveys]


class _Planner:
    def __init__(self, known: Knowledge, homes: t.Mapping[str, str]) -> None:
        self._known = known
        self._homes = homes
        self._settled: set[Place] = set()

    def plan(self, survey: Survey) -> Plan:
        repository = survey.name.repository
        missing = [blob for blob in survey.blobs if (repository, blob.digest) not in self._known.present]
        steps = [self._step(survey, blob) for blob in missing if self._is_new(repository, blob.digest)]
        writes = [write for tree in survey.trees for write in self._writes(survey, tree)]
        action = "copy" if missing else "tag" if writes else "none"
        return Plan(survey, action, tuple(steps), tuple(writes))

    def _step(self, survey: Survey, blob: Descriptor) -> Step:
        if (survey.name.repository, blob.digest) in self._known.damaged:
            return Step(blob, "")
        return Step(blob, survey.origin or self._homes.get(blob.digest, survey.name.repository))

    def _writes(self, survey: Survey, tree: Tree) -> t.Iterator[Write]:
        for manifest in tree.manifests:
            reference = tree.target if manifest is tree.root else manifest.digest
            if manifest.digest not in survey.found and self._is_new(survey.name.repository, reference):
                yield Write(manifest, reference)

    def _is_new(self, repository: str, reference: str) -> bool:
        place = (repository, reference)
        is_new = place not in self._settled
        self._settled.add(place)
        return is_new


__all__ = ("Knowledge", "Place", "Plan", "Step", "Survey", "Tree", "Write", "make_plans", "places_to_ask")
