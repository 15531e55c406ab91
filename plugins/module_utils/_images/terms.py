# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How images are treated. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import threading
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.limits import Bandwidth, Budget, Limits
from ansible_collections.edgeops.registry.plugins.module_utils._images.platforms import check_platforms
from ansible_collections.edgeops.registry.plugins.module_utils._images.reference import Reference, RegistryReference
from ansible_collections.edgeops.registry.plugins.module_utils._images.signatures.verification import Policy
from ansible_collections.edgeops.registry.plugins.module_utils._images.spool import Spool
from ansible_collections.edgeops.registry.plugins.module_utils._images.survey import Scope


@dataclasses.dataclass(frozen=True)
class Terms:
    """How an image is treated.

    :param is_remote: whether reading from the source costs more than asking the registry.
    :param limits: of reading from the source.
    :param spool: where blobs of the source arrive first, None where they go straight through.
    :param policy: who has to have signed it, None for whoever.
    :param referrers_lock: of all lists of referrers of the destination.
    """

    scope: Scope
    is_remote: bool
    limits: Limits
    spool: Spool | None
    policy: Policy | None
    referrers_lock: threading.Lock

    @classmethod
    def parse(cls, params: t.Mapping[str, t.Any], budget: Budget, *, check_mode: bool) -> Terms:
        """The terms of images in registries, by the options of the module.

        :param check_mode: whether nothing arrives, so that there is no need of a spool.
        :raises ProvisioningError: an option is wrong.
        """
        for option in ("bandwidth_limit", "minimum_speed", "blob_timeout"):
            if params[option] is not None and params[option] <= 0:
                raise ProvisioningError("must be more than 0", part=option, remedy="Leave it out, or correct it")
        bandwidth, directory = params["bandwidth_limit"], None if check_mode else params["spool"]
        return cls(
            Scope(params["level"], companions=params["companions"]),
            is_remote=True,
            limits=Limits(
                params["blob_timeout"] or 0.0, params["minimum_speed"] or 0, Bandwidth(bandwidth) if bandwidth else None
            ),
            spool=Spool(directory, params["spool_limit"], budget) if directory else None,
            policy=Policy.parse(params["signatures"]) if params["signatures"] else None,
            referrers_lock=threading.Lock(),
        )

    def of(self, reference: Reference, platforms: t.Sequence[str], origin: str) -> Terms:
        """The terms of one image.

        :param platforms: those that are wanted, empty for all.
        :param origin: the repository of the destination's registry that it comes from, empty for none.
        :raises ProvisioningError: a platform is none.
        """
        check_platforms(platforms)
        scope = dataclasses.replace(self.scope, platforms=tuple(platforms), origin=origin)
        if isinstance(reference, RegistryReference):
            return dataclasses.replace(self, scope=scope)
        return dataclasses.replace(self, scope=scope, is_remote=False, limits=Limits(), spool=None)


__all__ = ("Terms",)
