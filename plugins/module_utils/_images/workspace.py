# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder beside something that is being written, for one run at a time. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._files import locked


def workspace_of(path: str) -> str:
    """The folder for what is to be at a path; what a run leaves in it is there for the next one."""
    return os.path.join(os.path.dirname(path), f".edgeops-{os.path.basename(path)}~")


@contextlib.contextmanager
def locked_workspace(path: str) -> t.Iterator[None]:
    """Make the folder if need be, and keep other runs out of it. If it is empty at the end it goes.

    :raises ProvisioningError: another run holds it; it cannot be made.
    """
    folder, parent = workspace_of(path), os.path.dirname(path)
    if not os.path.isdir(parent):
        raise ProvisioningError(f"there is no folder {parent}", part="bundle", remedy="Make it, or correct the path")
    with contextlib.ExitStack() as held:
        try:
            while not _lock(folder, held):
                pass
        except OSError as error:
            raise ProvisioningError(f"{folder} cannot be made: {error.strerror}", reason="io", part="bundle") from error
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def _lock(folder: str, held: contextlib.ExitStack) -> bool:
    """Whether the folder could be locked before the run that had it was done with it, and had moved it away."""
    with contextlib.suppress(FileNotFoundError), contextlib.ExitStack() as attempt:
        os.makedirs(folder, exist_ok=True)
        before = os.stat(folder)
        attempt.enter_context(locked(folder))
        if os.path.samestat(before, os.stat(folder)):
            held.enter_context(attempt.pop_all())
            return True
    return False


__all__ = ("locked_workspace", "workspace_of")
