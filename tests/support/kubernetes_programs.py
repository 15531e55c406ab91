# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes, containerd 2 and the reader of registries.yaml, built from their Go modules.

`python -m ansible_collections.edgeops.registry.tests.support.kubernetes_programs` builds all of them, which takes
minutes the first time.
"""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

from ansible_collections.edgeops.registry.tests.support.go_programs import build

SOURCES = Path(__file__).resolve().parents[1] / "kubernetes" / "programs"
CONTAINERD = "github.com/containerd/containerd/v2"


def kubernetes() -> Path:
    """The folder of the program `kube`, which is all of Kubernetes, and of `kubectl`."""
    version = _required("kube", "k8s.io/kubernetes")
    values = {
        "gitVersion": version,
        "gitMajor": "1",
        "gitMinor": version.split(".")[1],
        "gitTreeState": "clean",
    }
    flags = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())
    folder = build(SOURCES / "kube", ".", flags=flags)
    with contextlib.suppress(FileExistsError):
        (folder / "kubectl").symlink_to("kube")
    return folder


def containerd() -> Path:
    """The folder of `containerd`, its shim and `ctr`."""
    flags = f"-X {CONTAINERD}/version.Version={_required('containerd', CONTAINERD)}"
    names = ("containerd", "containerd-shim-runc-v2", "ctr")
    return build(SOURCES / "containerd", *(f"{CONTAINERD}/cmd/{name}" for name in names), flags=flags)


def registries_check() -> Path:
    """A program that reads a registries.yaml as k3s and RKE2 do, and pulls an image as it says."""
    return build(SOURCES / "registries-check", ".") / "registries-check"


def _required(source: str, module: str) -> str:
    """The version of a module that another one's go.mod asks for."""
    text = (SOURCES / source / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^(?:\t|require ){re.escape(module)} (v\S+)", text, re.MULTILINE)
    if not found:
        raise ValueError(f"{source} does not ask for {module}")
    return found[1]


if __name__ == "__main__":
    sys.stdout.writelines(f"{make()}\n" for make in (kubernetes, containerd, registries_check))
