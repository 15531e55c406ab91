# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of images within one registry. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError

MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
"""What every request for a manifest accepts: without the right type a registry says that there is none."""

DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
"""What content is addressed by."""

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(
    rf"(?P<repository>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
    rf"(?:@(?P<digest>{DIGEST.pattern}))?"
)


@dataclasses.dataclass(frozen=True)
class ImageName:
    """An image in a registry: OCI distribution specification 1.1, "Pulling manifests".

    :param tag: empty where the image is named by digest alone.
    :param digest: `sha256:` or `sha512:` and hexadecimal digits, empty where it is not pinned.
    """

    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def reference(self) -> str:
        """What a manifest is asked for by: the digest where there is one."""
        return self.digest or self.tag

    @property
    def target(self) -> str:
        """What a manifest is written under: the tag where there is one."""
        return self.tag or self.digest

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"

    @classmethod
    def parse(cls, text: str, *, part: str = "image") -> ImageName:
        """Read `repository[:tag][@digest]`; with neither, the tag is `latest`.

        :param part: how errors name the place.
        :raises ProvisioningError: it is anything else.
        """
        match = _NAME.fullmatch(text)
        if match is None or len(match["repository"]) > 255:
            raise ProvisioningError(
                f"{text!r} is not the name of an image",
                part=part,
                remedy="Write repository:tag or repository@sha256:…, lower case, without the registry's host",
            )
        digest = match["digest"] or ""
        return cls(match["repository"], match["tag"] or ("" if digest else "latest"), digest)


__all__ = ("DIGEST", "MANIFEST_TYPES", "ImageName")
