# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted of a registry in a cluster. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LONGEST_NAME = 32  # a CronJob's may have 52 characters, and its own is appended
_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|[KMGTP]i?|k)?")
_SCHEDULE = re.compile(r"\S+( \S+){4}|@(hourly|daily|midnight|weekly|monthly)")
_PORTS = range(1, 65536)

ZOT_IMAGES = "/var/lib/docker-registry/zot"
"""Where zot has to store its images: its repositories have names of their own, and nothing else is in there."""


@dataclasses.dataclass(frozen=True)
class Storage:
    """Where the images are.

    :param kind: `volume_claim`, `host_path` or `empty_dir`.
    :param size: a quantity of Kubernetes, such as `20Gi`.
    :param storage_class: of a volume claim; empty for the cluster's default.
    :param path: of a directory on the node, for `host_path`.
    """

    kind: str
    size: str
    storage_class: str
    path: str

    @classmethod
    def parse(cls, given: t.Mapping[str, t.Any]) -> Storage:
        """From the option.

        :raises ProvisioningError: it is wrong.
        """
        if given["kind"] == "host_path" and not str(given["path"] or "").startswith("/"):
            raise ProvisioningError(
                "must be an absolute path on the node", part="storage.path", remedy="Give one, such as /srv/registry"
            )
        if not _QUANTITY.fullmatch(given["size"]):
            raise ProvisioningError("is no quantity", part="storage.size", remedy="Give one, such as 20Gi")
        return cls(given["kind"], given["size"], given["storage_class"] or "", given["path"] or "")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A registry in a cluster.

    :param shell_image: one with a shell, for what has to be done around the engine.
    :param configuration: of the engine, as it reads it.
    :param certificate: of the server, in PEM; `private_key` likewise.
    :param htpasswd: content of the file of its users; empty for none.
    :param image_login: of the registry that its own image comes from, if that asks for one.
    :param port: of the load balancer.
    :param node_port: 0 for one that the cluster chooses.
    :param garbage_collection: a cron schedule; empty for never.
    :param evictable: whether a node may be drained while it runs there.
    """

    name: str
    namespace: str
    engine: str
    image: str
    shell_image: str
    configuration: str = dataclasses.field(repr=False)
    certificate: str
    private_key: str = dataclasses.field(repr=False)
    htpasswd: str = dataclasses.field(repr=False)
    image_login: Record | None
    storage: Storage
    service_type: str
    port: int
    node_port: int
    resources: t.Mapping[str, t.Any]
    node_selector: t.Mapping[str, str]
    tolerations: t.Sequence[t.Mapping[str, t.Any]]
    evictable: bool
    network_policy: bool
    garbage_collection: str

    @classmethod
    def parse(cls, params: t.Mapping[str, t.Any]) -> Wanted:
        """From the options of the module.

        :raises ProvisioningError: one is wrong.
        """
        check_name(params)
        storage = Storage.parse(params["storage"])
        _check_ports(params)
        _check_garbage_collection(params, storage)
        if params["engine"] == "zot":
            _check_zot(params, storage)
        login = params["image_login"]
        same = {field.name: params[field.name] for field in dataclasses.fields(cls) if field.name in params}
        different = {
            "shell_image": params["shell_image"] or params["image"],
            "htpasswd": params["htpasswd"] or "",
            "image_login": Record.parse(login, "image_login") if login else None,
            "storage": storage,
            "node_port": params["node_port"] or 0,
            "garbage_collection": params["garbage_collection"] or "",
        }
        return cls(**{**same, **different})


def check_name(params: t.Mapping[str, t.Any]) -> None:
    """Refuse names that the cluster would refuse for one of the objects.

    :raises ProvisioningError: one is wrong.
    """
    for option, longest in (("name", _LONGEST_NAME), ("namespace", 63)):
        if len(params[option]) > longest or not _NAME.fullmatch(params[option]):
            raise ProvisioningError(
                f"must be up to {longest} lower case letters, digits and hyphens", part=option, remedy="Choose another"
            )


def check_times(params: t.Mapping[str, t.Any]) -> None:
    """Refuse times that nobody can wait.

    :raises ProvisioningError: one is wrong.
    """
    for option in ("wait_timeout", "progress_interval"):
        if params[option] is not None and params[option] < 0:
            raise ProvisioningError("must be 0 seconds or more", part=option, remedy="Leave it out for the default")


def _check_ports(params: t.Mapping[str, t.Any]) -> None:
    for option in ("port", "node_port"):
        if params[option] is not None and params[option] not in _PORTS:
            raise ProvisioningError("must be 1 to 65535", part=option, remedy="Leave it out for the default")


def _check_garbage_collection(params: t.Mapping[str, t.Any], storage: Storage) -> None:
    schedule = params["garbage_collection"]
    if not schedule:
        return
    if params["engine"] != "distribution":
        raise ProvisioningError(
            f"{params['engine']} collects its garbage itself", part="garbage_collection", remedy="Leave it out"
        )
    if storage.kind == "empty_dir":
        raise ProvisioningError(
            "no other pod sees the images of storage.kind=empty_dir", part="garbage_collection", remedy="Leave it out"
        )
    if not _SCHEDULE.fullmatch(schedule):
        raise ProvisioningError(
            "is no schedule of cron", part="garbage_collection", remedy="Give five fields, such as '0 3 * * *'"
        )


def _check_zot(params: t.Mapping[str, t.Any], storage: Storage) -> None:
    if ZOT_IMAGES not in params["configuration"]:
        raise ProvisioningError(
            f"has zot store images elsewhere than in {ZOT_IMAGES}, which alone outlives its pod",
            part="configuration",
            remedy=f"Let its storage.rootDirectory be {ZOT_IMAGES}",
        )
    if storage.kind == "host_path" and not params["shell_image"]:
        raise ProvisioningError(
            "is needed for storage.kind=host_path, since the images of zot have no shell",
            part="shell_image",
            remedy="Give an image with a shell, such as docker.io/library/busybox:1",
        )


__all__ = ("ZOT_IMAGES", "Storage", "Wanted", "check_name", "check_times")
