# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record's keys stand in code, argument specs and documentation; they agree."""

from __future__ import annotations

import importlib

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.edgeops.registry.plugins.doc_fragments.record import ModuleDocFragment
from ansible_collections.edgeops.registry.plugins.module_utils._argspec import (
    RECORD_OPTIONS,
    record_option,
    records_option,
)
from ansible_collections.edgeops.registry.plugins.module_utils._record import KEYS, Record

PLUGINS = "ansible_collections.edgeops.registry.plugins"
ACTIONS = ["certificate", "htpasswd", "registry_record"]
SPEC_KEYS = ("type", "elements", "required", "default", "choices")


def documented(options):
    """A documentation's options as an argument spec."""
    spec = {}
    for name, option in options.items():
        spec[name] = {key: option[key] for key in SPEC_KEYS if option.get(key) not in (None, False)}
        if "suboptions" in option:
            spec[name]["options"] = documented(option["suboptions"])
    return spec


def declared(options):
    """An argument spec without what no documentation holds."""
    spec = {}
    for name, option in options.items():
        spec[name] = {key: option[key] for key in SPEC_KEYS if option.get(key) not in (None, False)}
        if "options" in option:
            spec[name]["options"] = declared(option["options"])
    return spec


def test_the_record_s_keys_agree():
    assert set(RECORD_OPTIONS) == set(KEYS)


@pytest.mark.parametrize(
    ("fragment", "spec"),
    [
        (ModuleDocFragment.DOCUMENTATION, {"registries": records_option()}),
        (ModuleDocFragment.REGISTRY, {"registry": record_option()}),
    ],
)
def test_the_fragment_documents_the_spec(fragment, spec):
    assert documented(yaml.safe_load(fragment)["options"]) == declared(spec)


@pytest.mark.parametrize("name", ACTIONS)
def test_the_documentation_of_an_action_is_its_spec(name):
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    action = importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule
    options = yaml.safe_load(module.DOCUMENTATION)["options"]
    spec = dict(action.ARGUMENTS)
    if spec.get("registries") == records_option():
        del spec["registries"]
    assert documented(options) == declared(spec)


def test_defaults_of_the_spec_make_no_other_record():
    given = {"endpoint": "registry.test:5000"}
    validated = ArgumentSpecValidator(RECORD_OPTIONS).validate(given)
    assert not validated.error_messages
    assert Record.parse(validated.validated_parameters) == Record.parse(given)


def test_only_the_password_is_secret():
    assert [name for name, option in RECORD_OPTIONS.items() if option.get("no_log")] == ["password"]
