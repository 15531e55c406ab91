#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images onto a registry."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_sync
short_description: Make a registry have a list of images
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Copies images by digest, byte for byte, with all their platforms, from registries and OCI layouts to a registry.
  - Needs no container engine and no other program. An image that is there already costs one request to the registry.
  - Each blob is sent once, whatever number of images share it, and mounted from there into the other repositories.
  - After an image is written the registry is asked for it, and what it serves must have the digest of the source.
  - An image that fails hides no other. All are tried, all are reported, and the module fails at the end.
options:
  images:
    description: The images.
    type: list
    elements: dict
    required: true
    suboptions:
      source:
        description:
          - Where the image comes from.
          - V(registry.example.com:5000/team/app:1.0) or V(registry.example.com/team/app@sha256:…) for a registry. Docker's rules for short names hold, so
            that V(redis:7) is V(docker.io/library/redis:7).
          - V(oci:/path) for an OCI image layout in a folder, V(oci-archive:/path) for one in a tar file, plain or with gzip.
            Where there are several images in it, C(:name) behind the path says which.
        type: str
        required: true
      name:
        description:
          - Repository and tag of the image at O(registry), without its host, such as V(team/app:1.0).
          - By default as at the source. Required for OCI layouts.
        type: str
  concurrency:
    description: How many transfers run at the same time, and how many connections to a registry are open. From 1 to 64.
    type: int
    default: 8
  timeout:
    description: Seconds to wait for a connection, and for anything to arrive over it.
    type: float
    default: 60
  allow_http:
    description: Whether registries with plain HTTP may be used, which shows the passwords to everybody on the way.
    type: bool
    default: false
extends_documentation_fragment:
  - edgeops.registry.record.registry
  - edgeops.registry.record.sources
  - edgeops.registry.attributes
  - edgeops.registry.attributes.platform
notes:
  - Runs wherever both the source and the registry can be reached, at best on the host of the registry. Paths are paths of that host.
  - The endpoint of Docker Hub in O(sources) is V(docker.io:443).
  - In check mode nothing is written, and RV(images[].bytes_sent) says how much would be.
seealso:
  - module: edgeops.registry.client
"""

EXAMPLES = r"""
- name: Seed the registry
  edgeops.registry.image_sync:
    registry: "{{ registry_push_record }}"
    images:
      - source: mcr.microsoft.com/oss/nginx/nginx:1.17.5-alpine
        name: nginx:2.0
      - source: oci-archive:/srv/hello.tar
        name: team/hello:1.0

- name: Copy an image between two registries
  edgeops.registry.image_sync:
    registry:
      endpoint: registry.example.com:5000
      addresses: [192.0.2.10]
      ca_certificates: ["{{ lookup('ansible.builtin.file', 'edge-ca.crt') }}"]
      username: edge
      password: "{{ vault_edge_password }}"
    sources:
      - endpoint: build.example.com:443
        username: reader
        password: "{{ vault_build_password }}"
    images:
      - source: build.example.com/team/app:1.0
"""

RETURN = r"""
images:
  description: Every image of the list, in its order.
  returned: unless an option is invalid
  type: list
  elements: dict
  contains:
    source:
      description: As given.
      type: str
      sample: oci-archive:/srv/hello.tar
    name:
      description: The image at the registry.
      type: str
      sample: team/hello:1.0
    action:
      description:
        - What was done, or in check mode would be.
        - V(none) if the registry had the image or it failed, V(tag) if it had all its blobs, V(copy) otherwise.
      type: str
      sample: copy
    digest:
      description: The digest at the source, empty if that could not be read.
      type: str
      sample: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    digest_before:
      description: The digest that the name had at the registry, empty if it was not there.
      type: str
      sample: ''
    bytes_sent:
      description: Bytes of blobs and manifests that were sent to the registry.
      type: int
      sample: 4096
    bytes_mounted:
      description: Bytes of blobs that came from another repository of the registry instead.
      type: int
      sample: 0
    requests:
      description: HTTP requests, to the registry and to the source.
      type: int
      sample: 18
    retries:
      description: How often something was tried again.
      type: int
      sample: 0
    seconds:
      description: Time spent on it by all transfers together.
      type: float
      sample: 0.12
    failed:
      description: Whether it failed.
      type: bool
      sample: false
failures:
  description: What went wrong, one item per image.
  returned: unless an option is invalid
  type: list
  elements: dict
  contains:
    registry:
      description: Endpoint of the registry.
      type: str
      sample: registry.example.com:5000
    part:
      description: The image.
      type: str
      sample: team/hello:1.0
    reason:
      description: The kind of failure.
      type: str
      sample: unauthorized
    msg:
      description: What is wrong.
      type: str
      sample: registry.example.com:5000 answers HTTP 401 for manifest 1.0 in team/hello
    remedy:
      description: What to do about it.
      type: str
      sample: Correct the credentials, or grant the user the right
"""

from ansible_collections.edgeops.registry.plugins.module_utils._argspec import (
    ArgumentSpec,
    record_option,
    records_option,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.sync import sync_images
from ansible_collections.edgeops.registry.plugins.module_utils._module import run_module

ARGUMENT_SPEC: ArgumentSpec = {
    "registry": record_option(),
    "images": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"source": {"type": "str", "required": True}, "name": {"type": "str"}},
    },
    "sources": {**records_option(required=False), "default": []},
    "concurrency": {"type": "int", "default": 8},
    "timeout": {"type": "float", "default": 60},
    "allow_http": {"type": "bool", "default": False},
}


def main() -> None:
    """Entry point."""
    run_module(ARGUMENT_SPEC, sync_images)


if __name__ == "__main__":
    main()
