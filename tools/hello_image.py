# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build roles/images/files/hello.tar: an OCI layout with an image that says hello on linux/amd64 and linux/arm64.

The same bytes come out on every machine. Usage: tools/hello_image.py [FILE]
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import sys
import tarfile
from pathlib import Path

MESSAGE = b"Hello from your edge registry.\n"
DEFAULT_FILE = Path(__file__).parent.parent / "roles" / "images" / "files" / "hello.tar"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
EPOCH = "1970-01-01T00:00:00Z"

LOAD_ADDRESS = 0x400000
HEADERS_SIZE = 64 + 56
MACHINES = {"amd64": 62, "arm64": 183}


def amd64_code() -> bytes:
    """write(1, message, length); exit(0)."""
    start = (
        b"\xb8\x01\x00\x00\x00"  # mov eax, 1 (write)
        b"\xbf\x01\x00\x00\x00"  # mov edi, 1
    )
    end = (
        b"\xba" + struct.pack("<I", len(MESSAGE)) + b"\x0f\x05"  # mov edx, length; syscall
        b"\xb8\x3c\x00\x00\x00\x31\xff\x0f\x05"  # mov eax, 60 (exit); xor edi, edi; syscall
    )
    return start + b"\x48\x8d\x35" + struct.pack("<i", len(end)) + end  # lea rsi, [rip + distance]


def arm64_code() -> bytes:
    """write(1, message, length); exit(0)."""
    words = [
        _mov(8, 64),  # write
        _mov(0, 1),
        0x10000001 | 6 << 5,  # adr x1, six instructions on
        _mov(2, len(MESSAGE)),
        0xD4000001,  # svc 0
        _mov(8, 93),  # exit
        _mov(0, 0),
        0xD4000001,
    ]
    return struct.pack(f"<{len(words)}I", *words)


def _mov(register: int, number: int) -> int:
    return 0xD2800000 | number << 5 | register


def executable(architecture: str) -> bytes:
    """A static ELF file (System V ABI, 64 bit, little endian) of one segment."""
    body = {"amd64": amd64_code, "arm64": arm64_code}[architecture]() + MESSAGE
    size = HEADERS_SIZE + len(body)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01",
        2,
        MACHINES[architecture],
        1,
        LOAD_ADDRESS + HEADERS_SIZE,
        64,
        0,
        0,
        64,
        56,
        1,
        0,
        0,
        0,
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, LOAD_ADDRESS, LOAD_ADDRESS, size, size, 0x10000)
    return header + segment + body


def tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    """A tar file of files, each with its content and mode, that does not depend on who makes it and when."""
    archive = io.BytesIO()
    for name, (content, mode) in files.items():
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), mode
        archive.write(entry.tobuf(tarfile.USTAR_FORMAT))
        archive.write(content + bytes(-len(content) % tarfile.BLOCKSIZE))
    return archive.getvalue() + bytes(2 * tarfile.BLOCKSIZE)


class Layout:
    """The files of an OCI image layout."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, int]] = {}

    def add(self, content: bytes, media_type: str, **more: object) -> dict[str, object]:
        """Add a blob; its descriptor comes out."""
        digest = hashlib.sha256(content).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = (content, 0o644)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content), **more}

    def add_image(self, architecture: str) -> dict[str, object]:
        """Add the image of one platform."""
        layer = tar({"hello": (executable(architecture), 0o755)})
        config = {
            "created": EPOCH,
            "architecture": architecture,
            "os": "linux",
            "config": {"Cmd": ["/hello"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
            "history": [{"created": EPOCH, "created_by": "edgeops.registry"}],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": self.add(document(config), CONFIG_TYPE),
            "layers": [self.add(layer, LAYER_TYPE)],
        }
        return self.add(document(manifest), MANIFEST_TYPE, platform={"architecture": architecture, "os": "linux"})


def document(data: object) -> bytes:
    """A JSON document in a form that is always the same."""
    return json.dumps(data, separators=(",", ":"), sort_keys=True).encode()


def build() -> bytes:
    """The whole layout as a tar file."""
    layout = Layout()
    manifests = [layout.add_image(architecture) for architecture in MACHINES]
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": manifests}
    name = {"org.opencontainers.image.ref.name": "1"}
    root = {
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": [layout.add(document(index), INDEX_TYPE, annotations=name)],
    }
    layout.files["oci-layout"] = (document({"imageLayoutVersion": "1.0.0"}), 0o644)
    layout.files["index.json"] = (document(root), 0o644)
    return tar(layout.files)


def main() -> None:
    """Write the file."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(build())


if __name__ == "__main__":
    main()
