# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of a Docker engine. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
import types
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError, missing_library
from ansible_collections.edgeops.registry.plugins.module_utils._images.content import BLOCK
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.docker_archive import open_docker_archive
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.layout import Layout
from ansible_collections.edgeops.registry.plugins.module_utils._images.sources.unpack import spool_folder
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand


class DockerEngineImage:
    """An image of the engine that DOCKER_HOST names, by default that of this host.

    :param name: as the engine knows it.
    :raises ProvisioningError: the package docker is missing, there is no engine, or it has no such image.
    """

    def __init__(self, name: str, run_command: RunCommand) -> None:
        self._name = name
        self._run_command = run_command
        self._docker = _load_docker()
        self._held = contextlib.ExitStack()
        self._lock = threading.Lock()
        self._layout: Layout | None = None
        with self._engine_errors(), contextlib.ExitStack() as undo:
            client = undo.enter_context(contextlib.closing(self._docker.from_env()))
            self._image = client.images.get(name)
            self._held.push(undo.pop_all())

    def image_id(self) -> str:
        """What the engine identifies it by: the digest of its configuration, or with containerd's store its own."""
        return str(self._image.id)

    def layout(self) -> Layout:
        """The image as the engine saves it, in a temporary file.

        :raises ProvisioningError: the engine fails, or there is no room for it.
        """
        with self._lock:
            if self._layout is None:
                path = os.path.join(self._held.enter_context(spool_folder()), "image.tar")
                with self._engine_errors(), open(path, "wb") as file:
                    file.writelines(self._image.save(chunk_size=BLOCK))
                self._layout = open_docker_archive(path, self._run_command)
                self._held.callback(self._layout.close)
            return self._layout

    def close(self) -> None:
        """Remove the temporary file, end the connection."""
        self._held.close()

    @contextlib.contextmanager
    def _engine_errors(self) -> t.Iterator[None]:
        errors = self._docker.errors
        try:
            yield
        except errors.ImageNotFound as error:
            raise ProvisioningError(
                f"the Docker engine has no image {self._name}", remedy="Correct the name, or pull or build it first"
            ) from error
        except (errors.DockerException, OSError) as error:
            raise ProvisioningError(
                f"the Docker engine of this host cannot be used: {error}",
                reason="unreachable",
                remedy="Start it, run with become, or set DOCKER_HOST in the task's environment",
            ) from error


def _load_docker() -> types.ModuleType:
    try:
        return importlib.import_module("docker")
    except ImportError as error:
        raise missing_library(
            "docker", "Install it there, or save the image with docker save, and name it as docker-archive:/path"
        ) from error


__all__ = ("DockerEngineImage",)
