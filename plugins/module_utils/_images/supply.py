# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the images of a run come from: sources or a bundle, with a lock file or without. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._change import FileChange
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.image_name import ImageName
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.registries import Registries
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Meter
from ansible_collections.edgeops.registry.plugins.module_utils._images.bundle.bundle import DAMAGE, Bundle, open_bundle
from ansible_collections.edgeops.registry.plugins.module_utils._images.bundle.index import entry_name
from ansible_collections.edgeops.registry.plugins.module_utils._images.checked import Mark
from ansible_collections.edgeops.registry.plugins.module_utils._images.job import Job
from ansible_collections.edgeops.registry.plugins.module_utils._images.pinning import LockFile
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import LayoutReference, Reference
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.layout import LayoutSource
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.source import Source, Sources
from ansible_collections.edgeops.registry.plugins.module_utils._record import parse_records
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand


@dataclasses.dataclass(frozen=True)
class Supply:
    """The sources of a run.

    :param bundle: has all images, None where each comes from its own source.
    :param lock: pins them, None without one.
    """

    sources: Sources
    bundle: Bundle | None
    lock: LockFile | None

    @classmethod
    def open(cls, params: t.Mapping[str, t.Any], registries: Registries, run_command: RunCommand) -> Supply:
        """Those that the options `sources`, `from_bundle`, `lock_file` and those about it name.

        :raises ProvisioningError: an option is wrong; the bundle or lock file cannot be read.
        """
        lock = (
            LockFile(params["lock_file"], update=params["update_lock"], allow_downgrade=params["allow_downgrade"])
            if params["lock_file"]
            else None
        )
        sources = Sources(parse_records(params["sources"], "sources"), registries, run_command)
        return cls(sources, open_bundle(params["from_bundle"], run_command) if params["from_bundle"] else None, lock)

    def items(self, given: t.Sequence[t.Mapping[str, t.Any]]) -> t.Sequence[t.Mapping[str, t.Any]]:
        """The images of the list; all of the bundle where there is no list.

        :raises ProvisioningError: the bundle is none.
        """
        if given or self.bundle is None:
            return given
        return [{"source": pin.source, "name": name, "platforms": []} for name, pin in self.bundle.pins.items()]

    def source(self, name: ImageName, text: str, reference: Reference, meter: Meter) -> tuple[Reference, Source]:
        """The source of an image, and what it amounts to.

        :param text: the source, as the user wrote it.
        :raises ProvisioningError: the reference names no possible host, or the credentials for it cannot be had.
        """
        source: Source
        if self.bundle is None:
            source = self.sources.open(reference, meter)
        else:
            bundle = self.bundle
            reference, source = LayoutReference("oci", bundle.name), LayoutSource(lambda: bundle, entry_name(name))
        return reference, self.lock.source(entry_name(name), text, source) if self.lock else source

    def check(self, jobs: t.Iterable[Job], threads: int, *, is_slice: bool) -> None:
        """Read the whole bundle, if something of it is wanted.

        :param is_slice: whether it is not to be read again if an earlier slice of the run has done that.
        :raises ProvisioningError: it is damaged.
        """
        wanted = [job for job in jobs if job.failure or job.action != "none"]
        if self.bundle is None or all(job.failure and job.failure.reason not in DAMAGE for job in wanted):
            return
        mark = Mark(self.bundle.name)
        if not (is_slice and mark.is_set()):
            self.bundle.check(threads)
            if is_slice:
                mark.set()

    def settle(self, jobs: t.Iterable[Job]) -> None:
        """Forget that the bundle was checked, once nothing of it is left to be done."""
        if self.bundle is not None and all(job.is_done or job.failure for job in jobs):
            Mark(self.bundle.name).clear()

    def write_lock(self, settings: Settings) -> FileChange | None:
        """Bring the lock file up to date, if that is wanted."""
        plan = self.lock.plan() if self.lock else None
        return converge([plan], settings)[0] if plan else None

    def close(self) -> None:
        """Free all files."""
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(self.sources.close)
            if self.bundle is not None:
                cleanup.callback(self.bundle.close)


__all__ = ("Supply",)
