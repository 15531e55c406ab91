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
  - Copies images by digest, byte for byte, with all their platforms, from registries, OCI layouts, archives of Docker's and Docker engines
    to a registry, or to a file that travels on a disk to where no link leads.
  - Needs no container engine and no other program. An image that is there already costs one request to the registry.
  - Each blob is sent once, whatever number of images share it, and mounted from there into the other repositories.
  - After an image is written the registry is asked for it, and what it serves must have the digest of the source.
  - An image that fails hides no other. All are tried, all are reported, and the module fails at the end.
options:
  images:
    description: The images. With O(from_bundle), which of the bundle, by their O(images[].name); all of it where the list is left out.
    type: list
    elements: dict
    default: []
    suboptions:
      source:
        description:
          - Where the image comes from.
          - V(registry.example.com:5000/team/app:1.0) or V(registry.example.com/team/app@sha256:…) for a registry. Docker's rules for short names hold, so
            that V(redis:7) is V(docker.io/library/redis:7).
          - V(oci:/path) for an OCI image layout in a folder, V(oci-archive:/path) for one in a tar file; V(~/path) is in the home of
            the user as whom the module runs.
            Where there are several images in it, C(:name) behind the path says which.
          - V(docker-archive:/path) for a tar file that C(docker save) has written, of whatever version, with C(:name) where there are several images in it.
            Tar files may be compressed with gzip, or with zstd where the host has that program or the Python package C(zstandard).
          - V(docker-daemon:team/app:1.0) for an image of the Docker engine on the host. Needs the Python package C(docker) there.
          - An image of Docker's that is at O(registry) with the same configuration, under whatever digest, counts as there.
            Its layers are sent as Docker gives them, without compression.
        type: str
        required: true
      name:
        description:
          - Repository and tag of the image at O(registry), without its host, such as V(team/app:1.0).
          - By default as at the source. Required for OCI layouts.
        type: str
      platforms:
        description:
          - Platforms of the image, such as V(linux/amd64) or V(linux/arm/v7), where not all of them are wanted.
          - What is written then is an index of these alone, complete for registries that refuse an index whose manifests they have not.
            It has a digest of its own, RV(images[].digest), and signatures of the whole do not hold for it.
          - The index of all is read from its source on every run for that, which counts as a pull where those are counted. O(spool) keeps it.
        type: list
        elements: str
        default: []
  level:
    description:
      - How closely an image is looked at whose name has the right digest already.
      - V(fast) believes the registry, with one request. Companions that came to the source later are not looked for.
      - V(deep) asks for every manifest, blob and companion, and brings what is missing, in lists of referrers too.
      - V(verify) reads all of it back besides, and brings again what is damaged. Meant for where the registry is near.
    type: str
    choices: [fast, deep, verify]
    default: fast
  companions:
    description: Whether signatures, attestations and whatever else refers to an image is copied with it, in tags of cosign and as OCI referrers.
    type: bool
    default: true
  spool:
    description:
      - A directory of the host where blobs from registries arrive before they are sent on. A transfer that broke off is then
        continued by the next run, and two runs at once do not bring the same blob twice.
      - A blob is removed from there once the registry has it. By default blobs go straight through, and are continued within a run only.
    type: path
  spool_limit:
    description: How much O(spool) may hold. What does not fit goes straight through.
    type: bytes
    default: 10G
  bandwidth_limit:
    description: How many bytes per second are read from registries in O(images[].source) at most, all together, such as V(2M).
    type: bytes
  minimum_speed:
    description: How many bytes per second a source must deliver at least, measured over 20 seconds. A slower transfer is given up.
    type: bytes
  progress_interval:
    description:
      - After how many seconds of transfers a line is shown that says how far they are. Later intervals are longer. By default V(5), V(0) for never.
      - A run that ends before shows none.
    type: float
  blob_timeout:
    description: How many seconds the transfer of one blob may take. By default as long as something arrives.
    type: float
  signatures:
    description:
      - Who has to have signed the images, for all of the list. By default nobody is asked, and signatures are only copied.
      - Nothing is sent before the signatures at the source are verified, without a network beyond that source, also in check mode.
        An image that the registry has already is verified as well, which takes about five requests to its source on every run.
      - Counted are signatures that C(cosign) makes with a key, both in tags (C(sha256-….sig)) and as Sigstore bundles, which is the default of C(cosign) 3.
      - An index counts as signed if it is signed itself, or if each of its platforms is.
      - Signatures say nothing of names. Whoever can write to the source can put an older signed image under a tag, unless the source is pinned by digest.
    type: dict
    suboptions:
      keys:
        description:
          - Public keys in PEM, one per item, such as the content of C(cosign.pub).
          - ECDSA with P-256, P-384 or P-521, RSA, or Ed25519. Of Ed25519ph, which C(cosign) 3 makes with keys of Ed25519, nothing is accepted.
        type: list
        elements: str
        required: true
      require:
        description: Whether V(any) of the keys must have signed an image, or V(all).
        type: str
        choices: [any, all]
        default: any
      on_failure:
        description: Whether an image that is not signed so is refused, or copied with a warning.
        type: str
        choices: [fail, warn]
        default: fail
  bundle:
    description:
      - A file or folder that the images go to instead of O(registry), to be carried to a site that no link leads to. One that ends with V(.tar) is a tar file.
      - It is an OCI image layout with exactly these images by their names, with V(images.lock.yml), and with V(SHA256SUMS) that C(sha256sum --check) reads.
      - It changes at the end of a run, at once, and only if all images have arrived. Until then they gather beside it, and the next run goes on from there.
    type: path
  since:
    description:
      - A bundle that the other side has got already, or a copy of the V(bundle.json) in it. What that brought is left out of O(bundle).
    type: path
  from_bundle:
    description:
      - A bundle that the images come from, whatever their O(images[].source) says. It may have been compressed with gzip or zstd since.
      - If anything of it has to be pushed, all of it is read first, and nothing is pushed if it is damaged.
    type: path
  lock_file:
    description:
      - A file of the host, usually V(images.lock.yml), that says which digest each image has. It is JSON, and so YAML, for a repository to keep.
      - Registries are never asked for a tag then but for that digest. An image that the file does not have from the same source is refused.
    type: path
  update_lock:
    description: Ask the sources, and write to O(lock_file) what they have. It then has exactly the images of the list.
    type: bool
    default: false
  allow_downgrade:
    description: Whether O(update_lock) may replace an image by one that was made earlier, as somebody might put a flawed one back under its old name.
    type: bool
    default: false
extends_documentation_fragment:
  - edgeops.registry.record.target
  - edgeops.registry.record.since_registry
  - edgeops.registry.record.sources
  - edgeops.registry.transfer
  - edgeops.registry.transfer.http
  - edgeops.registry.attributes
  - edgeops.registry.attributes.platform
requirements:
  - cryptography, where O(signatures) is set
notes:
  - Runs wherever both the source and the registry can be reached, at best on the host of the registry. Paths are paths of that host.
  - The endpoint of Docker Hub in O(sources) is V(docker.io:443).
  - A record of O(sources) that has C(mirrors) is asked first for images of those registries; what it lacks comes from the registry itself.
  - Compressed archives and images of a Docker engine are unpacked below E(TMPDIR), or V(/var/tmp), first.
  - While O(bundle) is written there has to be room for twice its size where it ends with V(.tar), for the images gather beside it.
  - In check mode nothing is written, and the result is the plan, with what would be sent and mounted.
  - A blob is read from its source once, and only if no repository of the registry that the run knows of has it.
  - Where a connection breaks, a download goes on in the same run. O(spool) makes it go on in the next one too.
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

- name: Take only what the build system has signed
  edgeops.registry.image_sync:
    registry: "{{ registry_push_record }}"
    images:
      - source: build.example.com/team/app:1.0
    signatures:
      keys: ["{{ lookup('ansible.builtin.file', 'cosign.pub') }}"]

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

- name: Pin what the images are, once, on a host that reaches their sources
  edgeops.registry.image_sync:
    registry: "{{ registry_push_record }}"
    lock_file: /srv/images.lock.yml
    update_lock: true
    images: "{{ site_images }}"

- name: Pack what is new since last month, for a site without a link
  edgeops.registry.image_sync:
    bundle: /srv/images-2026-11.tar
    since: /srv/images-2026-10.tar
    lock_file: /srv/images.lock.yml
    images: "{{ site_images }}"

- name: Push a bundle that came on a disk
  edgeops.registry.image_sync:
    registry: "{{ registry_push_record }}"
    from_bundle: /mnt/images-2026-11.tar
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
      description: The digest that the name is to have, which is that at the source unless O(images[].platforms) leaves some out. Empty if it could not be read.
      type: str
      sample: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    digest_before:
      description: The digest that the name had at the registry, empty if it was not there.
      type: str
      sample: ''
    blobs_missing:
      description: How many blobs the registry lacked, so that they were sent.
      type: int
      sample: 3
    bytes_missing:
      description: Bytes of these blobs.
      type: int
      sample: 3900
    mounts:
      description: How many blobs came from another repository of the registry instead.
      type: int
      sample: 0
    bytes_mounted:
      description: Bytes of these blobs.
      type: int
      sample: 0
    bytes_sent:
      description: Bytes of blobs and manifests that were sent to the registry, with what had to be sent again.
      type: int
      sample: 4096
    bytes_received:
      description: Bytes of blobs that were read from the source. In check mode none are.
      type: int
      sample: 3900
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
    signatures:
      description: What was found of signatures at the source.
      returned: when O(signatures) is set and the source could be read
      type: dict
      contains:
        accepted:
          description: Whether the image is signed as O(signatures) wants it.
          type: bool
          sample: true
        forms:
          description:
            - In which forms there are signatures, by whomever. V(cosign_tag), V(sigstore_bundle) and V(notation), of which the last is not verified.
            - A node that verifies signatures itself may see less. Podman, CRI-O and Skopeo read V(cosign_tag) alone, and of an index with several platforms
              only the signature of the platform that they pull, which C(cosign sign --recursive) makes too.
          type: list
          elements: str
          sample: [cosign_tag]
        verified:
          description: The signatures by keys of O(signatures.keys).
          type: list
          elements: dict
          contains:
            form:
              description: V(cosign_tag) or V(sigstore_bundle).
              type: str
              sample: cosign_tag
            key:
              description: SHA-256 fingerprint of the key, which is that of C(openssl pkey -pubin -outform der).
              type: str
              sample: b7d90082076bb0b96dd61a79f4a92b257a5e2554f5ceccab0050c9f5921480dc
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

import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._argspec import (
    TRANSFER_OPTIONS,
    ArgumentSpec,
    record_option,
    records_option,
)
from ansible_collections.edgeops.registry.plugins.module_utils._images.survey import LEVELS
from ansible_collections.edgeops.registry.plugins.module_utils._images.sync import sync_images
from ansible_collections.edgeops.registry.plugins.module_utils._module import run_module

ARGUMENT_SPEC: ArgumentSpec = {
    "registry": record_option(required=False),
    "images": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "source": {"type": "str", "required": True},
            "name": {"type": "str"},
            "platforms": {"type": "list", "elements": "str", "default": []},
        },
    },
    "sources": {**records_option(required=False), "default": []},
    "bundle": {"type": "path"},
    "since": {"type": "path"},
    "since_registry": record_option(required=False),
    "from_bundle": {"type": "path"},
    "lock_file": {"type": "path"},
    "update_lock": {"type": "bool", "default": False},
    "allow_downgrade": {"type": "bool", "default": False},
    "level": {"type": "str", "choices": list(LEVELS), "default": "fast"},
    "companions": {"type": "bool", "default": True},
    "spool": {"type": "path"},
    "spool_limit": {"type": "bytes", "default": "10G"},
    "bandwidth_limit": {"type": "bytes"},
    "minimum_speed": {"type": "bytes"},
    "blob_timeout": {"type": "float"},
    "progress_interval": {"type": "float"},
    "signatures": {
        "type": "dict",
        "options": {
            "keys": {"type": "list", "elements": "str", "required": True, "no_log": False},
            "require": {"type": "str", "choices": ["any", "all"], "default": "any"},
            "on_failure": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
        },
    },
    **TRANSFER_OPTIONS,
}
CONSTRAINTS: t.Mapping[str, t.Any] = {
    "mutually_exclusive": [("registry", "bundle"), ("since", "since_registry")],
    "required_one_of": [("registry", "bundle")],
    "required_by": {"since": ["bundle"], "since_registry": ["bundle"]},
}


def main() -> None:
    """Entry point."""
    run_module(ARGUMENT_SPEC, sync_images, **CONSTRAINTS)


if __name__ == "__main__":
    main()
