# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two network namespaces that threads of this process enter, and what joins them.

None of it has a name, so that all of it is gone with the last process that uses it.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import fcntl
import os
import struct
import subprocess
import sys
import typing as t
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUBNET = "192.0.2.0/24"
FAR_ADDRESS, EDGE_ADDRESS = "192.0.2.1", "192.0.2.2"
DEVICE = "link0"
CONGESTION_CONTROL = "cubic"  # Linux's own choice, whatever this machine is set to
_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_TUN_WITHOUT_HEADER = 0x1001
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass(frozen=True)
class Link:
    """What lies between the namespaces.

    Attributes:
        round_trip: seconds; 0 for a link without limits.
        rate: bits per second in each direction.
    """

    round_trip: float = 0.0
    rate: float = 0.0


class Namespace:
    """A network of its own, with a loopback device."""

    def __init__(self) -> None:
        with contextlib.ExitStack() as undo:
            undo.enter_context(_returning())
            _call("unshare", _CLONE_NEWNET)
            self._fd = _open_current()
            ip("link", "set", "lo", "up")

    @contextlib.contextmanager
    def entered(self) -> t.Iterator[None]:
        """What this thread does, and every process that it starts, happens in the namespace."""
        with _returning():
            _call("setns", self._fd, _CLONE_NEWNET)
            yield

    @property
    def path(self) -> str:
        """How `ip` names it."""
        return f"/proc/{os.getpid()}/fd/{self._fd}"

    def accepted(self) -> int:
        """How many TCP connections have been accepted in it."""
        with self.entered():
            titles, values = (line.split() for line in _read("snmp") if line.startswith("Tcp:"))
        return int(values[titles.index("PassiveOpens")])

    def bytes_on(self, device: str) -> int:
        """How many bytes a device has received and, except for the loopback device, which receives all, sent."""
        with self.entered():
            line = next(line for line in _read("dev") if line.strip().startswith(f"{device}:"))
        fields = [int(field) for field in line.partition(":")[2].split()]
        return fields[0] if device == "lo" else fields[0] + fields[8]

    def close(self) -> None:
        """Forget it; it ends with its last process."""
        os.close(self._fd)


class Network:
    """The source's namespace and that of the edge site, where destination and tools are."""

    def __init__(self, link: Link) -> None:
        with contextlib.ExitStack() as stack:
            self.far = stack.enter_context(contextlib.closing(Namespace()))
            self.edge = stack.enter_context(contextlib.closing(Namespace()))
            stack.enter_context(_paced(self.far, self.edge, link) if link.rate else _direct(self.far, self.edge))
            for namespace, address in ((self.far, FAR_ADDRESS), (self.edge, EDGE_ADDRESS)):
                with namespace.entered():
                    ip("address", "add", f"{address}/24", "dev", DEVICE)
                    ip("link", "set", DEVICE, "up")
                    ip("route", "replace", SUBNET, "dev", DEVICE, "src", address, "congctl", CONGESTION_CONTROL)
                    ip(
                        "route",
                        "replace",
                        "local",
                        address,
                        "dev",
                        "lo",
                        "table",
                        "local",
                        "congctl",
                        CONGESTION_CONTROL,
                    )
            self._cleanup = stack.pop_all()

    def close(self) -> None:
        """Remove all of it."""
        self._cleanup.close()


def ip(*arguments: str) -> None:
    """Run `ip`.

    Raises:
        subprocess.CalledProcessError: it failed; its standard error has been shown.
    """
    subprocess.run(["ip", *arguments], check=True)


@contextlib.contextmanager
def _direct(far: Namespace, edge: Namespace) -> t.Iterator[None]:
    with far.entered():
        ip("link", "add", DEVICE, "type", "veth", "peer", "name", DEVICE, "netns", edge.path)
    yield


@contextlib.contextmanager
def _paced(far: Namespace, edge: Namespace, link: Link) -> t.Iterator[None]:
    ends = [_open_tun(namespace) for namespace in (far, edge)]
    command = [sys.executable, str(HERE / "pacer.py"), *map(str, ends), str(link.round_trip / 2), str(link.rate)]
    process = subprocess.Popen(command, pass_fds=ends)
    for end in ends:
        os.close(end)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _open_tun(namespace: Namespace) -> int:
    with namespace.entered():
        end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), _TUN_WITHOUT_HEADER))
    return end


@contextlib.contextmanager
def _returning() -> t.Iterator[None]:
    """Leave this thread in the namespace that it is in now."""
    home = _open_current()
    try:
        yield
    finally:
        _call("setns", home, _CLONE_NEWNET)
        os.close(home)


def _open_current() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def _read(name: str) -> list[str]:
    return Path("/proc/thread-self/net", name).read_text(encoding="ascii").splitlines()


def _call(function: str, *arguments: int) -> None:
    if getattr(_LIBC, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
