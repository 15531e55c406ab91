# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at an image's source and destination; nothing is written. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import sha256
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.companions import cosign_tags
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Manifest
from ansible_collections.edgeops.registry.plugins.module_utils._images.destinations import Destination
from ansible_collections.edgeops.registry.plugins.module_utils._images.plan import Survey, Tree
from ansible_collections.edgeops.registry.plugins.module_utils._images.platforms import select_platforms
from ansible_collections.edgeops.registry.plugins.module_utils._images.referrers import listed_referrers
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.source import Source

T = t.TypeVar("T")
LEVELS = ("fast", "deep", "verify")
_NOT_THERE = ("invalid", "conflict", "digest_mismatch", "unparsable", "unsupported")  # else the registry fails


class Each(t.Protocol):
    """Applies a function to digests, as `map` does, or to several at one time; the results come in order."""

    def __call__(self, function: t.Callable[[str], T], digests: t.Iterable[str], /) -> t.Iterator[T]:
        """The results, one by one; what the function raises comes in the place of its result."""


@dataclasses.dataclass(frozen=True)
class Scope:
    """What of an image is looked at.

    :param level: one of `LEVELS`: only the name, or all of it, or all of it byte by byte.
    :param companions: whether to look for what accompanies it.
    :param platforms: of an index; empty for all.
    :param origin: another repository of the destination's registry that is the source, empty for none.
    """

    level: str = "fast"
    companions: bool = True
    platforms: tuple[str, ...] = ()
    origin: str = ""


class Surveyor:
    """Compares an image's source with its destination.

    :param read: gives a manifest of the source, or None to have them from the source itself.
    """

    def __init__(
        self,
        name: ImageName,
        source: Source,
        destination: Destination,
        scope: Scope,
        read: t.Callable[[str], Manifest] | None = None,
    ) -> None:
        self._name = name
        self._source = source
        self._destination = destination
        self._scope = scope
        self._read = read or source.manifest
        self._reads_all = read is None
        self._kept: dict[str, Manifest] = {}
        self._made: dict[str, Manifest] = {}  # of our own making, so that the source has it not
        self._found: set[str] = set()
        self._listed: dict[str, frozenset[str] | None] = {}  # referrers, by subject

    def survey(self, root: str, each: Each) -> Survey:
        """One request to each side; where the image is not in sync or is to be seen whole, its manifests too.

        :param root: its digest at the source, empty where that is not known yet.
        :param each: how the parts of an index are read.
        :raises ProvisioningError: the image is not at its source; source or destination fail.
        """
        image_id = "" if root or self._name.digest else self._source.image_id()
        before, is_same = self._look_at_destination(image_id)
        root = before if before and is_same else root or self._root(is_new=before is None)
        digest = root if is_same else self._wanted(root)
        survey = Survey(self._name, digest, before, digest_of_all=root if root != digest else "")
        if survey.in_sync and self._scope.level == "fast":
            return survey
        manifests = tree_of(digest, self._served if survey.in_sync else self._manifest, each)
        companions = self._companions(manifests, each, in_sync=survey.in_sync) if self._scope.companions else ()
        trees = (*companions, Tree(self._name.target, manifests))
        return dataclasses.replace(survey, trees=trees, found=frozenset(self._found), origin=self._scope.origin)

    def _served(self, digest: str) -> Manifest:
        """A manifest as the destination has it, else from the source."""
        try:
            manifest = Manifest.parse(self._destination.manifest(digest), digest)
        except ProvisioningError as error:
            if error.reason not in _NOT_THERE:
                raise
            return self._manifest(digest)
        self._found.add(digest)
        return manifest

    def _companions(self, manifests: t.Iterable[Manifest], each: Each, *, in_sync: bool) -> t.Iterator[Tree]:
        """What belongs to manifests or to what belongs to them, as far as the destination may lack it."""
        waiting = [manifest.digest for manifest in manifests if manifest.digest not in self._made]
        seen = set(waiting)
        while waiting:
            found = list(zip(waiting, each(self._neighbours, waiting)))
            waiting = []
            for subject, target, companion in ((one, *item) for one, items in found for item in items.items()):
                if target in seen:
                    continue
                seen.add(target)
                waiting.append(companion)
                is_there = self._has(subject, target, companion, in_sync=in_sync)
                tree = None if is_there else self._companion(target, companion)
                if tree:
                    yield tree

    def _neighbours(self, digest: str) -> dict[str, str]:
        """The digests of what belongs to a manifest, by the tag or digest that it has at the source."""
        tags = {tag: self._source.tag_digest(tag) for tag in cosign_tags(digest)}
        found = {one.digest: one.digest for one in self._source.referrers(digest)}
        return {**{tag: one for tag, one in tags.items() if one}, **found}

    def _has(self, subject: str, target: str, digest: str, *, in_sync: bool) -> bool:
        """Whether a companion need not be written. Writing a referrer brings it into the list of its subject as well."""
        is_referrer = target == digest
        if is_referrer and not in_sync:
            return False
        is_there = self._destination.manifest_digest(target) == digest
        return is_there and (not is_referrer or self._is_listed(subject, digest))

    def _is_listed(self, subject: str, digest: str) -> bool:
        """Whether who asks for what refers to a subject finds a manifest that is there."""
        if subject not in self._listed:
            self._listed[subject] = listed_referrers(self._destination, subject)
        listed = self._listed[subject]
        return listed is None or digest in listed

    def _companion(self, target: str, digest: str) -> Tree | None:
        """None where a list of referrers has what is not there any more."""
        try:
            return Tree(target, tree_of(digest, self._manifest))
        except ProvisioningError as error:
            if error.reason == "invalid":
                return None
            raise ProvisioningError(
                f"{target}, which belongs to it: {error.message}",
                reason=error.reason,
                remedy=f"{error.remedy}. To go without such companions set companions: false".removeprefix(". "),
            ) from error

    def _wanted(self, root: str) -> str:
        if self._name.digest and self._name.digest != root:
            raise ProvisioningError(
                f"its source has {root}",
                reason="digest_mismatch",
                remedy="Correct the digest in its name, or its source",
            )
        if not self._scope.platforms:
            return root
        chosen = select_platforms(self._manifest(root), self._scope.platforms)
        if self._name.digest and chosen.digest != root:
            raise ProvisioningError(
                "without its other platforms it cannot have the digest in its name",
                reason="digest_mismatch",
                remedy="Give it a tag, or leave platforms out",
            )
        self._made[chosen.digest] = chosen
        return chosen.digest

    def _look_at_destination(self, image_id: str) -> tuple[str | None, bool]:
        """The digest that the name has there, and whether it is the same image by its ID; one request."""
        if not image_id:
            return self._destination.manifest_digest(self._name.target), False
        try:
            content = self._destination.manifest(self._name.target)
        except ProvisioningError as error:
            if error.reason not in _NOT_THERE:
                raise
            return None, False
        served = Manifest.parse(content, sha256(content))
        return served.digest, image_id in (served.digest, *(blob.digest for blob in served.blobs[:1]))

    def _manifest(self, digest: str) -> Manifest:
        return self._made.get(digest) or self._kept.get(digest) or self._read(digest)

    def _root(self, *, is_new: bool) -> str:
        """The digest at the source; of what the destination has not, with the manifest that will be wanted next."""
        if not is_new or not self._reads_all:
            return self._source.root()
        manifest = self._source.root_manifest()
        self._kept[manifest.digest] = manifest
        return manifest.digest


def tree_of(digest: str, read: t.Callable[[str], Manifest], each: Each = map) -> tuple[Manifest, ...]:
    """A manifest with all below it, each once, children before parents.

    :raises ProvisioningError: one cannot be read.
    """
    seen: set[str] = set()

    def read_child(child: str) -> Manifest:
        with _naming_child(child):
            return read(child)

    def walk(manifest: Manifest) -> t.Iterator[Manifest]:
        seen.add(manifest.digest)
        children = dict.fromkeys(child.digest for child in manifest.children if child.digest not in seen)
        for child in each(read_child, children):
            if child.digest not in seen:
                yield from walk(child)
        yield manifest

    return tuple(walk(read(digest)))


@contextlib.contextmanager
def _naming_child(digest: str) -> t.Iterator[None]:
    try:
        yield
    except ProvisioningError as error:
        if error.reason not in ("invalid", "unparsable"):
            raise
        raise ProvisioningError(
            f"{digest}, which its index lists, cannot be had: {error.message}",
            reason="unparsable",
            remedy="Set platforms to those that are there, or complete the source",
        ) from error


__all__ = ("LEVELS", "Scope", "Surveyor", "tree_of")
