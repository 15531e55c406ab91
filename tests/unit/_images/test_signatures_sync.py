# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Option signatures of image_sync, from one real registry to another, with signatures of the real cosign."""

from __future__ import annotations

import contextlib
import json

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._images.sync import sync_images
from ansible_collections.edgeops.registry.plugins.modules.image_sync import ARGUMENT_SPEC
from ansible_collections.edgeops.registry.tests.support.real_registry import RealRegistry
from ansible_collections.edgeops.registry.tests.support.workshop import Workshop

FORMS = {"tag": ["cosign_tag"], "bundle": ["sigstore_bundle"], "nothing": []}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """A registry that is to have images, and a workshop that has signed some."""
    folder = tmp_path_factory.mktemp("seeded")
    edge = RealRegistry(folder / "edge")
    with contextlib.closing(Workshop(folder, edge)) as workshop, contextlib.ExitStack() as cleanup:
        cleanup.callback(edge.stop)
        edge.start()
        images = {name: workshop.index(name) for name in FORMS}
        workshop.cosign.sign(images["tag"], key="ours", bundle=False)
        workshop.cosign.sign(images["bundle"], key="ours", bundle=True)
        yield edge, workshop


def sync(edge, source, names, keys, *, place="", **options):
    """Copy images of the tag 1.0 from one registry to another.

    :param place: what their names begin with at the other.
    """
    images = [{"source": f"{source.endpoint}/{name}:1.0", "name": f"{place}{name}:1.0"} for name in names]
    return sync_from(edge, images, keys, sources=[source.record_dict], **options)


def sync_from(edge, images, keys, *, on_failure="fail", check_mode=False, sources=()):
    options = {
        "registry": edge.record_dict,
        "sources": list(sources),
        "images": images,
        "signatures": {"keys": keys, "on_failure": on_failure},
    }
    checked = ArgumentSpecValidator(ARGUMENT_SPEC).validate(options)
    assert not checked.error_messages
    return sync_images(checked.validated_parameters, Settings(check_mode=check_mode, diff=False))


def summary(outcome):
    return [
        (image["action"], image["failed"], image["signatures"]["accepted"], image["signatures"]["forms"])
        for image in outcome.facts["images"]
    ]


def writes(registry, name):
    return [asked for asked in registry.access_log() if asked.method != "HEAD" and f"/v2/{name}/" in asked.path]


@pytest.mark.parametrize("check_mode", [True, False])
def test_only_what_is_signed_is_taken(seeded, check_mode):
    edge, workshop = seeded
    place = f"checked-{check_mode}/".lower()
    outcome = sync(edge, workshop.registry, FORMS, [workshop.keys["ours"]], check_mode=check_mode, place=place)
    copied = [("copy", False, True, FORMS[name]) for name in ("tag", "bundle")]
    assert summary(outcome) == [*copied, ("none", True, False, [])]
    assert [failure["reason"] for failure in outcome.facts["failures"]] == ["unsigned"]
    assert "is not signed by keys[0] (there is no signature)" in outcome.failed
    assert not outcome.warnings
    assert writes(edge, f"{place}nothing") == []
    assert bool(writes(edge, f"{place}tag")) is not check_mode
    verified = [image["signatures"]["verified"] for image in outcome.facts["images"]]
    key = workshop.fingerprint("ours")
    assert verified == [[{"form": form, "key": key} for form in forms] for forms in FORMS.values()]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_warning_where_that_is_wanted(seeded, check_mode):
    edge, workshop = seeded
    outcome = sync(
        edge,
        workshop.registry,
        ["tag", "nothing"],
        [workshop.keys["ours"]],
        on_failure="warn",
        check_mode=check_mode,
        place=f"warned-{check_mode}/".lower(),
    )
    assert summary(outcome) == [("copy", False, True, ["cosign_tag"]), ("copy", False, False, [])]
    assert len(outcome.warnings) == 1
    assert "/nothing:1.0: sha256:" in outcome.warnings[0]
    assert not outcome.failed


def test_what_is_there_already_is_verified_too(seeded):
    edge, workshop = seeded
    sync(edge, workshop.registry, ["tag"], [workshop.keys["ours"]])
    edge.clear_access_log()
    workshop.registry.clear_access_log()
    again = sync(edge, workshop.registry, ["tag"], [workshop.keys["ours"]])
    assert (again.changed, summary(again)) == (False, [("none", False, True, ["cosign_tag"])])
    assert [asked.method for asked in edge.access_log()] == ["HEAD"]
    asked = len(workshop.registry.access_log())
    assert again.facts["images"][0]["requests"] == 1 + asked
    assert asked <= 6
    refused = sync(edge, workshop.registry, ["tag"], [workshop.keys["theirs"]])
    assert [failure["reason"] for failure in refused.facts["failures"]] == ["unsigned"]


@pytest.mark.parametrize("name", ["tag", "bundle"])
def test_cosign_and_we_verify_the_copy(seeded, name):
    edge, workshop = seeded
    outcome = sync(edge, workshop.registry, [name], [workshop.keys["ours"]], place="copied/")
    copy = f"localhost:{edge.port}/copied/{name}@{outcome.facts['images'][0]['digest']}"
    assert workshop.cosign.accepts(copy, "ours")
    assert not workshop.cosign.accepts(copy, "theirs")
    further = sync(edge, edge, [f"copied/{name}"], [workshop.keys["ours"]], place="further/", check_mode=True)
    assert summary(further) == [("copy", False, True, FORMS[name])]


@pytest.mark.parametrize("name", FORMS)
def test_signatures_in_a_layout(seeded, name):
    """As they are copied there: cosign's tag under its name, a bundle without one."""
    edge, workshop = seeded
    repository, layout = workshop.repository(name), workshop.layout
    digest = repository.manifest_digest("1.0")
    for tag in (f"{digest.replace(':', '-')}.sig", digest.replace(":", "-")):
        for manifest in manifests_of(repository, tag):
            for layer in [manifest["config"], *manifest["layers"]]:
                layout.blob(workshop.read(repository, layer))
            layout.name_it(layout.document(manifest, manifest["mediaType"]), tag if tag.endswith(".sig") else "")
    images = [{"source": f"oci:{layout.folder}:{name}", "name": f"unpacked/{name}:1.0"}]
    outcome = sync_from(edge, images, [workshop.keys["ours"]], check_mode=True)
    accepted = ("copy", False, True, FORMS[name])
    assert summary(outcome) == [accepted if FORMS[name] else ("none", True, False, [])]


def manifests_of(repository, tag):
    """The manifest of a tag, those of the list that it is, or nothing."""
    if not repository.manifest_digest(tag):
        return []
    data = json.loads(repository.manifest(tag))
    return [json.loads(repository.manifest(one["digest"])) for one in data.get("manifests", [])] or [data]


def test_a_bad_key_fails_before_anything_is_asked(seeded):
    edge, workshop = seeded
    workshop.registry.clear_access_log()
    with pytest.raises(ProvisioningError, match=r"signatures.keys\[1\]: bad key: it is no public key"):
        sync(edge, workshop.registry, ["tag"], [workshop.keys["ours"], "-----BEGIN PUBLIC KEY-----"])
    assert workshop.registry.access_log() == []
