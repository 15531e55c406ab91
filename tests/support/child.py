# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doing something in a child process: in mount namespaces, or until a SIGKILL."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import types
import typing as t
from pathlib import Path

T = t.TypeVar("T")
CLONE_NEWNS = 0x00020000


def in_child(action: t.Callable[[], T]) -> T:
    """What an action returns in a forked child.

    :raises ChildProcessError: the child was killed, or failed with the traceback that is on stderr.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(action()))
    child.start()
    sender.close()
    try:
        return t.cast("T", receiver.recv())
    except EOFError as error:
        child.join()
        raise ChildProcessError(f"the child ended with {child.exitcode}") from error
    finally:
        child.join()
        receiver.close()


def with_mounts(mounts: t.Sequence[t.Sequence[str]], action: t.Callable[[], T]) -> T:
    """Run an action in a mount namespace of its own.

    :param mounts: the arguments of each `mount` command.
    """

    def isolated() -> T:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        for arguments in [("--make-rprivate", "/"), *mounts]:
            subprocess.run(["/usr/bin/mount", *arguments], check=True)
        return action()

    return in_child(isolated)


def listing(directory: Path) -> list[str]:
    """The names in a directory."""
    return sorted(entry.name for entry in directory.iterdir())


def kills(action: t.Callable[[], object], file_name: str) -> t.Iterator[int]:
    """Run an action again and again, each time killed one line of a source file later, until it runs to its end.

    Yields the number of lines after every kill.
    """
    number = 1
    while True:
        try:
            in_child(lambda number=number: _run_until(action, file_name, number))
        except ChildProcessError:
            yield number
        else:
            return
        number += 1


def _run_until(action: t.Callable[[], object], file_name: str, number: int) -> None:
    lines = 0

    def trace(frame: types.FrameType, event: str, argument: object) -> t.Any:
        nonlocal lines
        del argument
        if not frame.f_code.co_filename.endswith(file_name):
            return None
        lines += event == "line"
        if lines == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    action()
    sys.settrace(None)
