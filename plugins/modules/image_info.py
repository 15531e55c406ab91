#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What images a registry has."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_info
short_description: Say what images a registry has
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Tells tags, digests, platforms, sizes, dates and signatures of images, and what they share.
  - Reads manifests and configurations, never layers. Changes nothing.
options:
  images:
    description:
      - What to look at, such as V(team/app) for all images of a repository, V(team/app:1.0) or V(team/app@sha256:…) for one.
      - In repositories without a tag, V(*) stands for any text, V(/) included, and V(?) for one character. What is not there is left out of the result.
      - By default all images of all repositories.
    type: list
    elements: str
    default: ["*"]
extends_documentation_fragment:
  - edgeops.registry.record.registry
  - edgeops.registry.transfer
  - edgeops.registry.transfer.http
  - edgeops.registry.attributes
  - edgeops.registry.attributes.platform
attributes:
  diff_mode:
    support: N/A
    details: Nothing changes.
notes:
  - Signatures are found, not verified. O(edgeops.registry.image_sync#module:signatures) verifies them.
  - >-
    Costs one request for each repository, each tag, each platform and each configuration, and one for the referrers of each where the registry
    has a list of them. Pages of long lists add to that.
seealso:
  - module: edgeops.registry.registry_info
  - module: edgeops.registry.image_prune
"""

EXAMPLES = r"""
- name: Look at all images
  edgeops.registry.image_info:
    registry: "{{ registry_record }}"
  register: stored

- name: Show the digest of one
  ansible.builtin.debug:
    msg: "{{ stored.digests['team/app:1.0'] }}"

- name: Look at one image, and at a group of repositories
  edgeops.registry.image_info:
    registry: "{{ registry_record }}"
    images:
      - team/app:1.0
      - mirror/*
"""

RETURN = r"""
images:
  description: The images, one item per repository and digest.
  returned: unless an option is invalid
  type: list
  elements: dict
  contains:
    repository:
      description: Where it is.
      type: str
      sample: team/app
    digest:
      description: Its digest.
      type: str
      sample: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    tags:
      description: The tags that share this digest, of those that were asked for.
      type: list
      elements: str
      sample: ["1.0", latest]
    media_type:
      description: Type of its manifest.
      type: str
      sample: application/vnd.oci.image.index.v1+json
    artifact_type:
      description: What it is where it is not an image of an operating system, else the type of its configuration. Empty for an index.
      type: str
      sample: ''
    created:
      description: When it was made, of its platforms the last one. Empty where it does not say.
      type: str
      sample: "2026-11-02T08:15:00Z"
    platforms:
      description: Its platforms, each with the digest of its manifest and the bytes of that and its blobs.
      type: list
      elements: dict
      sample: [{platform: linux/arm64/v8, digest: sha256:5f2b..., bytes: 4096}]
    bytes:
      description: Bytes of its manifests and blobs, each once.
      type: int
      sample: 8192
    bytes_shared:
      description: How many of those other images of the result have too.
      type: int
      sample: 4096
    signatures:
      description: The forms of signatures that it, or one of its platforms, has. Of V(cosign_tag), V(sigstore_bundle) and V(notation).
      type: list
      elements: str
      sample: [cosign_tag]
    referrers:
      description: What is attached to it or to one of its platforms.
      type: list
      elements: dict
      contains:
        subject:
          description: Digest of what it is attached to.
          type: str
          sample: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
        digest:
          description: Its own digest.
          type: str
          sample: sha256:fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9
        artifact_type:
          description: What it is.
          type: str
          sample: application/vnd.dev.sigstore.bundle.v0.3+json
        tag:
          description: The tag that attaches it, empty where its manifest names the subject.
          type: str
          sample: ''
        signature:
          description: The form of signature that it is, empty where it is none.
          type: str
          sample: sigstore_bundle
digests:
  description: The digest of each tag, by the image's name.
  returned: unless an option is invalid
  type: dict
  sample: {"team/app:1.0": "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}
bytes_stored:
  description: Bytes of all these images, with what several have counted once.
  returned: unless an option is invalid
  type: int
  sample: 12288
bytes_saved:
  description: Bytes that are not stored because images share them.
  returned: unless an option is invalid
  type: int
  sample: 4096
requests:
  description: HTTP requests that were made.
  returned: unless an option is invalid
  type: int
  sample: 9
failures:
  description: The repositories that could not be read, in RV(failures[].part). What is known of them is in RV(images) nevertheless.
  returned: unless an option is invalid
  type: list
  elements: dict
  sample: []
  contains:
    registry:
      description: Endpoint of the registry.
      type: str
      sample: registry.example.com:5000
    part:
      description: The repository.
      type: str
      sample: team/app
    reason:
      description: The kind of failure.
      type: str
      sample: unauthorized
    msg:
      description: What is wrong.
      type: str
      sample: registry.example.com:5000 answers HTTP 403 for the tags of team/app
    remedy:
      description: What to do about it.
      type: str
      sample: Correct the credentials, or grant the user the right
"""

from ansible_collections.edgeops.registry.plugins.module_utils._argspec import (
    TRANSFER_OPTIONS,
    ArgumentSpec,
    record_option,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.image_info import describe_images
from ansible_collections.edgeops.registry.plugins.module_utils._module import run_module

ARGUMENT_SPEC: ArgumentSpec = {
    "registry": record_option(),
    "images": {"type": "list", "elements": "str", "default": ["*"]},
    **TRANSFER_OPTIONS,
}


def main() -> None:
    """Entry point."""
    run_module(ARGUMENT_SPEC, describe_images)


if __name__ == "__main__":
    main()
