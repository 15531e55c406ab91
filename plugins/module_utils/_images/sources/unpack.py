# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressed archives, unpacked within limits. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import gzip
import importlib
import os
import shutil
import signal
import tempfile
import types
import typing as t
import zlib

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import BLOCK
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand, ask

MOST_GROWTH = 100
"""How many times its size a file may unpack to: images hardly reach 10, and bombs start at 1000."""

_ALWAYS_ALLOWED = 64 << 20
_KEPT_FREE = 256 << 20
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_LIMIT_BLOCK = 512  # bytes that `ulimit -f` counts in
_ZSTD_MODULES = ("compression.zstd", "zstandard")


@contextlib.contextmanager
def spool_folder() -> t.Iterator[str]:
    """A folder of our own for large files, below TMPDIR or /var/tmp; removed at the end."""
    with tempfile.TemporaryDirectory(prefix="edgeops-", dir=large_files()) as folder:
        yield folder


def large_files() -> str:
    """Where large temporary files go: TMPDIR, else /var/tmp, for /tmp is memory on many hosts."""
    return os.environ.get("TMPDIR") or os.path.join("/var", "tmp")


def compression(path: str) -> str:
    """How a file is compressed, by its first bytes: `gzip`, `zstd` or empty.

    :raises OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        start = file.read(4)
    return "gzip" if start.startswith(GZIP) else "zstd" if start == ZSTD else ""


def unpack(path: str, target: str, run_command: RunCommand, *, free: int | None = None) -> None:
    """Unpack a file with gzip or zstd.

    :param target: the file that is made.
    :param free: bytes that may be used, by default what the disk has left with some kept free.
    :raises ProvisioningError: it is damaged, unpacks to more than it may, or this host cannot do it.
    :raises OSError: a file cannot be read or written.
    """
    if free is None:
        free = shutil.disk_usage(os.path.dirname(target)).free - _KEPT_FREE
    limit = min(max(MOST_GROWTH * os.path.getsize(path), _ALWAYS_ALLOWED), free)
    if compression(path) == "gzip":
        _copy(gzip, path, target, limit)
    elif shutil.which("zstd"):
        _run_zstd(run_command, path, target, limit)
    else:
        _copy(_zstd_module(path), path, target, limit)


def _copy(module: types.ModuleType, path: str, target: str, limit: int) -> None:
    """Unpack with a module that is like `gzip`."""
    own_error = getattr(module, "ZstdError", zlib.error)
    with module.open(path, "rb") as packed, open(target, "wb") as file:
        written = 0
        try:
            while block := packed.read(BLOCK):
                written += len(block)
                if written > limit:
                    raise _too_large(path, limit)
                file.write(block)
        except (EOFError, gzip.BadGzipFile, own_error) as error:
            raise _damaged(path) from error


def _zstd_module(path: str) -> types.ModuleType:
    """The module of Python 3.14 for it, or the package that does the same."""
    for name in _ZSTD_MODULES:
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    raise ProvisioningError(
        f"{path} is compressed with zstd, which this host cannot read",
        reason="unsupported",
        remedy="Install zstd there, or make the archive with gzip or without compression",
    )


def _run_zstd(run_command: RunCommand, path: str, target: str, limit: int) -> None:
    """Let the program do it, with a limit on the file that it writes."""
    command = 'ulimit -f "$1" && exec zstd --decompress --quiet --force --no-sparse -o "$3" "$2"'
    blocks = str(max(limit, 0) // _LIMIT_BLOCK + 1)
    code = ask(run_command, ["/bin/sh", "-c", command, "zstd", blocks, path, target])[0]
    if code == -signal.SIGXFSZ:
        raise _too_large(path, limit)
    if code != 0:
        raise _damaged(path)


def _too_large(path: str, limit: int) -> ProvisioningError:
    return ProvisioningError(
        f"{path} unpacks to more than {limit} bytes, {MOST_GROWTH} times its size or more than the disk has left",
        reason="unsupported",
        remedy="Get it from a source that you trust, make room, or unpack it yourself",
    )


def _damaged(path: str) -> ProvisioningError:
    return ProvisioningError(
        f"{path} is damaged and cannot be unpacked", reason="unparsable", remedy="Copy it there again"
    )


__all__ = ("GZIP", "MOST_GROWTH", "ZSTD", "compression", "large_files", "spool_folder", "unpack")
