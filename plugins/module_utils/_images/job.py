# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One image on its way into a registry. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.repository import Repository
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import Manifest, verified_blocks
from ansible_collections.edgeops.registry.plugins.module_utils._images.plan import Plan, Step, Survey
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources import Source


@dataclasses.dataclass
class Job:
    """An image, where it comes from, where it goes to, and how far it is.

    :param name: at the registry.
    :param plan: None until it is made.
    :param failure: why the image did not arrive.
    """

    name: ImageName
    source: Source
    destination: Repository
    meter: Meter
    survey: Survey | None = None
    plan: Plan | None = None
    failure: ProvisioningError | None = None

    @contextlib.contextmanager
    def at_work(self) -> t.Iterator[None]:
        """Time the work, and keep its first failure."""
        start = time.monotonic()
        try:
            yield
        except ProvisioningError as error:
            self.failure = self.failure or error
        finally:
            self.meter.add(seconds=time.monotonic() - start)

    def look(self) -> None:
        """Compare source and registry: one request to each, and the manifests of an image that is not in sync."""
        with self.at_work():
            digest = self.source.root()
            before = self.destination.manifest_digest(self.name.target)
            if self.name.digest and self.name.digest != digest:
                raise ProvisioningError(
                    f"its source has {digest}",
                    reason="digest_mismatch",
                    remedy="Correct the digest in its name, or its source",
                )
            manifests = () if before == digest else tuple(_tree(self.source, digest))
            self.survey = Survey(self.name, digest, before, manifests)

    def bring(self, step: Step) -> None:
        """Make a blob be in the registry.

        :raises ProvisioningError: it could not be read or written.
        """
        blob = step.blob
        location = self.destination.mount_blob(blob.digest, step.origin) if step.origin else ""
        if step.origin and not location:
            self.meter.add(bytes_mounted=blob.size)
            return

        def body() -> t.Iterator[memoryview]:
            with self.source.open_blob(blob) as reader:
                yield from verified_blocks(reader, blob)

        self.destination.upload_blob(blob.digest, blob.size, body, location)

    def publish(self) -> None:
        """Write the manifests, the name last, and see that the registry serves it."""
        with self.at_work():
            if self.plan is None or self.failure:
                return
            root = self.plan.survey.manifests[-1]
            for manifest in self.plan.survey.manifests:
                reference = self.name.target if manifest is root else manifest.digest
                self.destination.put_manifest(reference, manifest.media_type, manifest.content)
            served = self.destination.manifest_digest(self.name.target)
            if served != root.digest:
                raise ProvisioningError(
                    f"the registry accepted {root.digest} and serves {served or 'nothing'}",
                    reason="digest_mismatch",
                    remedy="Restart the registry if its garbage was collected while it ran, then run again",
                )


def _tree(source: Source, digest: str) -> t.Iterator[Manifest]:
    """All manifests of an image, each once, children before parents."""
    seen: set[str] = set()

    def walk(one: str) -> t.Iterator[Manifest]:
        if one in seen:
            return
        seen.add(one)
        manifest = source.manifest(one)
        for child in manifest.children:
            yield from walk(child.digest)
        yield manifest

    return walk(digest)


__all__ = ("Job",)
