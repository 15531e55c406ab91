# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One image on its way into a registry. This module util is private to the collection."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import BlobUnknownError
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import (
    Descriptor,
    Manifest,
    Reader,
    verified_blocks,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.destinations import Destination
from ansible_collections.edgeops.registry.plugins.module_utils._images.limits import LimitedReader, OutOfTimeError
from ansible_collections.edgeops.registry.plugins.module_utils._images.plan import Plan, Step, Survey, Write
from ansible_collections.edgeops.registry.plugins.module_utils._images.referrers import bytes_of_lists, note_referrer
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.verification import Verdict, verify
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.source import Source
from ansible_collections.edgeops.registry.plugins.module_utils._images.spool import Spool, Streams
from ansible_collections.edgeops.registry.plugins.module_utils._images.survey import Each, Surveyor, tree_of
from ansible_collections.edgeops.registry.plugins.module_utils._images.terms import Terms

_BLOB = "application/octet-stream"
_CONFLICT_SECONDS = 0.2


@dataclasses.dataclass
class Job:
    """An image, where it comes from, where it goes to, and how far it is.

    :param name: at the registry.
    :param survey: None until it is made, as the plan and the signatures.
    :param failure: why the image did not arrive.
    :param action: what was done: `none`, `tag` or `copy`.
    :param blobs_sent: by this job, as those that were mounted.
    :param settled: the digests of blobs that it has seen to.
    :param bytes_of_lists: what lists of referrers will take, where that was foretold.
    """

    name: ImageName
    source: Source
    destination: Destination
    meter: Meter
    terms: Terms
    signatures: Verdict | None = None
    survey: Survey | None = None
    plan: Plan | None = None
    failure: ProvisioningError | None = None
    action: str = "none"
    is_done: bool = False
    blobs_sent: list[Descriptor] = dataclasses.field(default_factory=list)
    blobs_mounted: list[Descriptor] = dataclasses.field(default_factory=list)
    settled: set[str] = dataclasses.field(default_factory=set)
    bytes_of_lists: int = 0

    @contextlib.contextmanager
    def timed(self) -> t.Iterator[None]:
        """Count the time of some work."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.meter.add(seconds=time.monotonic() - start)

    def look(self, each: Each) -> None:
        """Compare source and registry.

        :param each: how the parts of an index are read.
        :raises ProvisioningError: the image is not at its source; source or registry fail.
        """
        root = ""
        if self.terms.policy:
            root = self.source.root()  # once, so that what is copied is what was verified
            self.signatures = verify(self.source, root, self.terms.policy)
            if self.signatures.failure and self.terms.policy.must_hold:
                raise self.signatures.failure
        self.survey = self._surveyor().survey(root, each)

    def recall(self) -> t.Iterator[str]:
        """The digests of the blobs of an image in sync, as far as the registry tells them."""

        def read(digest: str) -> Manifest:
            return Manifest.parse(self.destination.manifest(digest), digest)

        with contextlib.suppress(ProvisioningError):
            for manifest in tree_of(self.survey.digest, read) if self.survey else ():
                yield from (blob.digest for blob in manifest.blobs)

    def find_blob(self, blob: Descriptor) -> bool | None:
        """Whether a blob can be read from the registry; None where the registry says itself that it is not there.

        At every level but `verify` the registry is believed.

        :raises ProvisioningError: the registry fails.
        """
        if not self.destination.has_blob(blob.digest):
            return None
        return self.terms.scope.level != "verify" or self._is_whole(blob)

    def foretell(self) -> None:
        """Find out what the lists of referrers will take, which is written beside what is planned.

        :raises ProvisioningError: the registry fails, or has something else in their place.
        """
        manifests = [write.manifest for write in self.plan.writes] if self.plan else []
        self.bytes_of_lists = bytes_of_lists(self.destination, [one for one in manifests if one.subject])

    def bring(self, step: Step) -> None:
        """Make a blob be in the registry.

        :raises ProvisioningError: it could not be read or written.
        """
        location = self.destination.mount_blob(step.blob.digest, step.origin) if step.origin else ""
        if not step.origin or location:
            self._complete(step.blob, location)
        elif step.origin != self.name.repository:
            self.blobs_mounted.append(step.blob)
        if self.terms.scope.level == "verify":
            self._verify(step.blob)
        self._settle(step.blob)

    def send(self, blob: Descriptor, location: str = "") -> None:
        """Write a blob to the registry, whether it is there or not.

        :raises ProvisioningError: it could not be read or written.
        """
        if self.terms.spool is None:
            self._upload(blob, lambda: self._fetch(blob, 0), location)
            return
        had = self.terms.spool.size_of(blob)
        try:
            with self.terms.spool.held(blob, functools.partial(self._fetch, blob)) as streams:
                self._upload(blob, streams, location)
        except ProvisioningError as error:
            if error.reason != "digest_mismatch" or not had:
                raise
            self.send(blob)  # what an earlier run had left was damaged, and is gone now

    def spooled(self, blob: Descriptor) -> int:
        """How many bytes of a blob have arrived on this host and wait to be sent."""
        return self.terms.spool.size_of(blob) if self.terms.spool else 0

    def write(self, write: Write) -> None:
        """Write a manifest; again with all that it refers to where the registry proves to lack that.

        Again as well where it refuses the content, as distribution does when two runs write the same at one moment.

        :raises ProvisioningError: it could not be read or written.
        """
        for is_last in (False, False, True):
            try:
                self._put(write)
            except ProvisioningError as error:
                if is_last or error.reason != "conflict":
                    raise
                if isinstance(error, BlobUnknownError):
                    self.heal(write.manifest)
                else:
                    time.sleep(_CONFLICT_SECONDS)
            else:
                return

    def confirm(self) -> None:
        """See that the registry serves the image; write it all again, once, where it does not.

        :raises ProvisioningError: it serves something else.
        """
        if self.survey is None:
            return
        if not self._is_served(self.survey.digest):
            tree = self.survey.trees[-1]
            self.heal(tree.root)
            self._put(Write(tree.root, tree.target))
            if not self._is_served(self.survey.digest):
                raise _not_served(self.survey.digest)
        if self.terms.spool:
            for manifest in (one for tree in self.survey.trees for one in tree.manifests):
                self.terms.spool.forget_document(manifest.digest)

    def heal(self, manifest: Manifest) -> None:
        """Send all that a manifest refers to, and its own bytes, for a registry that says it has them and has not.

        :raises ProvisioningError: something could not be read or written.
        """
        known = {one.digest: one for one in self.survey.trees[-1].manifests} if self.survey else {}
        for child in manifest.children:
            if child.digest in known:
                self.heal(known[child.digest])
                self._put(Write(known[child.digest], child.digest))
        for blob in manifest.blobs:
            self.send(blob)
            self._settle(blob)
        own = Descriptor(_BLOB, manifest.digest, len(manifest.content))
        self.destination.upload_blob(own.digest, own.size, lambda: (manifest.content,))

    def _surveyor(self) -> Surveyor:
        read = functools.partial(self._recalled_manifest, self.terms.spool) if self.terms.spool else None
        return Surveyor(self.name, self.source, self.destination, self.terms.scope, read)

    def _recalled_manifest(self, spool: Spool, digest: str) -> Manifest:
        """From the source, which may count how often it is asked, once over all runs."""
        content = spool.document(digest)
        if content is not None:
            with contextlib.suppress(ProvisioningError):
                return Manifest.parse(content, digest)
        manifest = self.source.manifest(digest)
        spool.keep_document(digest, manifest.content)
        return manifest

    def _verify(self, blob: Descriptor) -> None:
        """See that the registry serves a blob; send it again, once, where it does not."""
        if not self._is_whole(blob):
            self.send(blob)
            if not self._is_whole(blob):
                raise _incurable(blob)

    def _is_whole(self, blob: Descriptor) -> bool:
        try:
            with contextlib.closing(self.destination.read_blob(blob.digest)) as stream:
                collections.deque(verified_blocks(stream, blob), maxlen=0)
        except ProvisioningError as error:
            if error.reason not in ("digest_mismatch", "invalid", "unreachable"):
                raise
            self.destination.has_blob(blob.digest)  # raises where it is not the blob that fails, but the registry
            return False
        return True

    def _is_served(self, digest: str) -> bool:
        return self.destination.manifest_digest(self.name.target) == digest

    def _settle(self, blob: Descriptor) -> None:
        self.settled.add(blob.digest)
        if self.terms.spool:
            self.terms.spool.release(blob.digest)

    def _complete(self, blob: Descriptor, location: str) -> None:
        """Send a blob, and leave nothing half begun at the registry."""
        try:
            self.send(blob, location)
        except (OutOfTimeError, ProvisioningError):
            if location:
                self.destination.cancel_upload(location)
            raise

    def _put(self, write: Write) -> None:
        manifest = write.manifest
        is_listed = self.destination.put_manifest(write.reference, manifest.media_type, manifest.content)
        if manifest.subject and not is_listed:
            with self.terms.referrers_lock:
                note_referrer(self.destination, manifest)

    def _upload(self, blob: Descriptor, streams: Streams, location: str) -> None:
        def body() -> t.Iterator[memoryview]:
            with streams() as reader:
                yield from verified_blocks(reader, blob)

        self.destination.upload_blob(blob.digest, blob.size, body, location)
        self.blobs_sent.append(blob)

    @contextlib.contextmanager
    def _fetch(self, blob: Descriptor, offset: int) -> t.Iterator[Reader]:
        with self.source.open_blob(blob, offset) as reader:
            yield LimitedReader(reader, self.terms.limits, lambda count: self.meter.add(bytes_received=count))


def _not_served(digest: str) -> ProvisioningError:
    return ProvisioningError(
        f"the registry accepted {digest} and does not serve it",
        reason="digest_mismatch",
        remedy="Restart the registry if its garbage was collected while it ran, then run again",
    )


def _incurable(blob: Descriptor) -> ProvisioningError:
    return ProvisioningError(
        f"the registry goes on to serve something else as {blob.digest}",
        reason="digest_mismatch",
        remedy="Its storage is damaged: remove the blob's data there, restart the registry and run again",
    )


__all__ = ("Job",)
