#!/usr/bin/python
# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retention of images."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_prune
short_description: Take images from a registry that no rule keeps
version_added: 1.0.0
author: edgeops.registry contributors (@edgeops)
description:
  - Deletes tags by rules, and what they point to where nothing else needs it. Its preview in check mode names every tag, its digest, the reason, and the
    bytes that come free.
  - A tag that anything keeps is kept, in whatever order the rules stand. One that no rule speaks of is kept too, unless O(unmatched=delete).
  - Nothing is deleted that a kept image needs, be it by another tag, as a platform of an index, or as the subject of something attached.
    Where only the tag may go, only the tag goes, also with registries that cannot delete tags.
  - Signatures and other things attached to an image stay and go with it.
options:
  keep:
    description: Which of the tags stay.
    type: list
    elements: dict
    default: []
    suboptions:
      tags:
        description: A regular expression of Python that a tag has to match as a whole.
        type: str
        required: true
      repositories:
        description: The repositories that the rule is for. V(*) stands for any text, V(/) included, and V(?) for one character.
        type: str
        default: "*"
      newest:
        description:
          - Keep this many images of those that match, in each repository. All others that match go, unless something else keeps them.
          - Tags with the same digest count as one image. Images of equal rank share one fate, so that more may stay.
          - What cannot be ranked stays. V(0) keeps none. By default all stay.
        type: int
      by:
        description:
          - What makes an image newer.
          - V(version) goes by the tag as a semantic version; a leading C(v), missing numbers and further ones are fine.
          - V(created) goes by the date in the image, which costs one request more for each platform.
        type: str
        choices: [version, created]
        default: version
  keep_images:
    description:
      - Images that stay, as V(team/app:1.0), V(team/app@sha256:…) or both in one.
      - One that the registry does not have is an error, as a list that does not fit the registry should delete nothing from it.
    type: list
    elements: str
    default: []
  lock_file:
    description:
      - A lock file on the host, as O(edgeops.registry.image_sync#module:lock_file) writes it. Its images stay, by tag and by digest.
      - One that the registry does not have is an error, as with O(keep_images).
    type: path
  repositories:
    description: The repositories to prune, by names or patterns as in O(keep[].repositories). All others stay as they are.
    type: list
    elements: str
    default: ["*"]
  unmatched:
    description: What becomes of tags that no rule speaks of.
    type: str
    choices: [keep, delete]
    default: keep
  orphans:
    description:
      - What becomes of signatures whose image is not in their repository.
      - V(keep) suits those who keep signatures in a repository of their own.
    type: str
    choices: [keep, delete]
    default: keep
  max_delete:
    description: Delete nothing at all if more tags than this would go. Tags that belong to images, such as signatures, do not count.
    type: int
  allow_empty:
    description: Whether the rules may take all tags of all O(repositories). By default that is an error, as it is hardly meant.
    type: bool
    default: false
extends_documentation_fragment:
  - edgeops.registry.record.registry
  - edgeops.registry.transfer
  - edgeops.registry.transfer.http
  - edgeops.registry.attributes
  - edgeops.registry.attributes.platform
notes:
  - The registry has to permit deletion, which is asked, by deleting a digest that cannot exist, before anything is deleted, in check mode too.
  - Registries of the distribution project free the bytes only when their garbage is collected. Their versions 2 must do that without
    C(--delete-untagged), which would destroy images of several platforms.
  - Let nothing be pushed to the repositories while they are pruned.
  - Images that something uses by a digest without a tag cannot be listed by any registry. Name them in O(keep_images), so that their parts stay.
  - A run that is interrupted leaves every tag that is still there complete, but for its signatures if it was to go.
seealso:
  - module: edgeops.registry.image_info
  - module: edgeops.registry.image_sync
"""

EXAMPLES = r"""
- name: Keep the three newest releases, everything called stable, and whatever no rule speaks of
  edgeops.registry.image_prune:
    registry: "{{ registry_push_record }}"
    keep:
      - tags: v?[0-9]+[.][0-9]+[.][0-9]+
        newest: 3
      - tags: stable.*
    max_delete: 50

- name: Keep what is seeded and nothing else, but of the builds of a team the last five
  edgeops.registry.image_prune:
    registry: "{{ registry_push_record }}"
    lock_file: /srv/images.lock.yml
    keep:
      - repositories: team/*
        tags: build-.*
        newest: 5
        by: created
    unmatched: delete
"""

RETURN = r"""
tags:
  description: Every tag of the repositories that were looked at, by name.
  returned: unless nothing was deleted because of an error
  type: list
  elements: dict
  contains:
    name:
      description: Repository and tag.
      type: str
      sample: team/app:1.0
    digest:
      description: What it points to, or pointed to. Empty where the registry lists the tag and has nothing for it.
      type: str
      sample: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    action:
      description: V(keep), V(delete), or V(untag) where the tag goes and what it points to is needed. In check mode, what would be done.
      type: str
      sample: delete
    reason:
      description: Why.
      type: str
      sample: it is not among the newest 3 of keep[0]
    bytes:
      description: Bytes that nothing of the repositories needs any more. What several tags have that go counts for the first.
      type: int
      sample: 4096
manifests:
  description: The manifests that were deleted, or in check mode would be; without a tag of their own platforms of an index, for example.
  returned: unless nothing was deleted because of an error
  type: list
  elements: dict
  contains:
    repository:
      description: Where it was.
      type: str
      sample: team/app
    digest:
      description: Its digest.
      type: str
      sample: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
bytes_freed:
  description:
    - Bytes that nothing needs any more, at most, since repositories that were not looked at may need some.
    - A registry of the distribution project frees them only when its garbage is collected.
  returned: unless nothing was deleted because of an error
  type: int
  sample: 8192
failures:
  description: The repositories that could not be read, and were left alone, or from which not all could be deleted.
  returned: unless nothing was deleted because of an error
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
from ansible_collections.edgeops.registry.plugins.module_utils._images.pruning.prune import prune_images
from ansible_collections.edgeops.registry.plugins.module_utils._module import run_module

ARGUMENT_SPEC: ArgumentSpec = {
    "registry": record_option(),
    "keep": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "tags": {"type": "str", "required": True},
            "repositories": {"type": "str", "default": "*"},
            "newest": {"type": "int"},
            "by": {"type": "str", "choices": ["version", "created"], "default": "version"},
        },
    },
    "keep_images": {"type": "list", "elements": "str", "default": []},
    "lock_file": {"type": "path"},
    "repositories": {"type": "list", "elements": "str", "default": ["*"]},
    "unmatched": {"type": "str", "choices": ["keep", "delete"], "default": "keep"},
    "orphans": {"type": "str", "choices": ["keep", "delete"], "default": "keep"},
    "max_delete": {"type": "int"},
    "allow_empty": {"type": "bool", "default": False},
    **TRANSFER_OPTIONS,
}


def main() -> None:
    """Entry point."""
    run_module(ARGUMENT_SPEC, prune_images)


if __name__ == "__main__":
    main()
