# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one helper that makes files look as planned. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import itertools
import os
import time
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._as_user import as_user
from ansible_collections.edgeops.registry.plugins.module_utils._change import FileChange, FilePlan, FileState, file_diff
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._files import (
    check_writable,
    discard_leftover,
    locked,
    make_directories,
    read_file,
    remove_file,
    write_file,
)
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand


def _run_nothing(args: list[str], **dummy: t.Any) -> t.NoReturn:
    raise ProvisioningError(f"{args[0]} may not be run here", reason="unsupported")


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a host is converged.

    :param check_mode: nothing is written.
    :param diff: changes carry a diff.
    :param backup: a file that is changed is kept beside itself, with the same mode, as `<path>.<UTC time>~`.
    :param run_command: runs the commands that files alone cannot replace.
    :param predicted: in check mode, what files would be by now.
    """

    check_mode: bool = False
    diff: bool = False
    backup: bool = False
    run_command: RunCommand = _run_nothing
    predicted: dict[str, FileState | None] = dataclasses.field(default_factory=dict)


def converge(plans: t.Iterable[FilePlan], settings: Settings) -> list[FileChange]:
    """Make every planned file look as planned; one read and at most one write per path.

    A plan that cannot be carried out leaves its file as it was, is reported in its change and hides no other.
    """
    ordered = sorted(plans, key=lambda plan: (plan.path, plan.account or ""))
    groups = itertools.groupby(ordered, key=lambda plan: (plan.path, plan.account))
    return [_converge_path(list(group), settings) for dummy, group in groups]


def _converge_path(plans: list[FilePlan], settings: Settings) -> FileChange:
    account, path = plans[0].account, plans[0].path

    def act() -> dict[str, t.Any]:
        return dataclasses.asdict(_converge_one(plans, settings))

    try:
        done = act() if account is None else as_user(account, act)
    except ProvisioningError as error:
        return FileChange(path, failures=tuple(error.at(registry=plan.owner).as_failure() for plan in plans))
    except OSError as error:
        failure = ProvisioningError(f"{path}: {error.strerror}", reason="io", remedy=_io_remedy(error))
        return FileChange(path, failures=tuple(failure.at(registry=plan.owner).as_failure() for plan in plans))
    return FileChange(path, tuple(done["owners"]), tuple(done["failures"]), done["diff"])


def _converge_one(plans: list[FilePlan], settings: Settings) -> FileChange:
    path, directory = plans[0].path, os.path.dirname(plans[0].path)
    if settings.check_mode:
        return _converge_locked(plans, settings)
    if not os.path.isdir(directory):
        owners, failures = _fold(plans, None)[2:]
        if not owners:
            return FileChange(path, failures=failures)
        make_directories(directory, plans[0].directory_mode)
    with locked(directory):
        discard_leftover(path)
        return _converge_locked(plans, settings)


def _converge_locked(plans: list[FilePlan], settings: Settings) -> FileChange:
    path = plans[0].path
    before = settings.predicted[path] if path in settings.predicted else read_file(path)
    after, mode, owners, failures = _fold(plans, before)
    diff = file_diff(path, before, after, mode, plans[0].redact) if owners and settings.diff else None
    if owners and settings.check_mode:
        check_writable(path)
        settings.predicted[path] = None if after is None else FileState(after, mode, os.geteuid(), os.getegid())
    elif owners:
        _apply(plans[0], before, after, mode, backup=settings.backup)
    return FileChange(path, owners, failures, diff)


def _fold(
    plans: list[FilePlan], before: FileState | None
) -> tuple[bytes | None, int, tuple[str, ...], tuple[dict[str, str], ...]]:
    """Content and mode after all plans, the owners that changed them, and the failures."""
    content = before.content if before else None
    mode = before.mode if before else plans[0].mode
    owners: list[str] = []
    failures: list[dict[str, str]] = []
    for plan in plans:
        try:
            wanted = plan.render(content)
        except ProvisioningError as error:
            failures.append(error.at(registry=plan.owner).as_failure())
            continue
        wanted_mode = plan.mode if plan.enforce_mode else mode
        if wanted != content or (wanted is not None and wanted_mode != mode):
            owners.append(plan.owner)
        content, mode = wanted, wanted_mode
    return content, mode, tuple(dict.fromkeys(owners)), tuple(failures)


def _apply(plan: FilePlan, before: FileState | None, after: bytes | None, mode: int, *, backup: bool) -> None:
    if before is not None and backup:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        write_file(f"{plan.path}.{stamp}~", before.content, before.mode, before=before)
    if after is not None:
        write_file(plan.path, after, mode, before=before)
    elif before is not None:
        remove_file(plan.path, prune=plan.prune)


def _io_remedy(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "Run with become, or as the owner of the file"
    return "The file is as it was"


__all__ = ("Settings", "converge")
