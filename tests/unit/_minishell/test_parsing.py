# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import importlib

import pytest
import yaml
from ansible_collections.edgeops.registry.plugins.doc_fragments.minishell import ModuleDocFragment
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._output import (
    CmdletError,
    Output,
    read_output,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._target import (
    CONNECTION_OPTIONS,
    VARIABLES,
    Target,
)
from ansible_collections.edgeops.registry.tests.unit.test_argspec import declared, documented

PLUGINS = "ansible_collections.edgeops.registry.plugins"
BASE = {"inventory_hostname": "edge-1", "ansible_password": "s3cret"}
PIN = "ab" * 32


def target(options=None, **variables):
    return Target.parse({"timeout": 900, **(options or {})}, {**BASE, **variables}.get)


PARSED = [
    ({}, {}, {"host": "edge-1", "port": 5986, "https": True, "username": "EdgeUser", "configuration": "Minishell"}),
    ({}, {"ansible_host": "192.0.2.1", "ansible_psrp_host": "192.0.2.2"}, {"host": "192.0.2.2"}),
    ({"remote_addr": "192.0.2.3"}, {"ansible_host": "192.0.2.1"}, {"host": "192.0.2.3"}),
    ({}, {"ansible_port": 5985}, {"port": 5985, "https": False}),
    ({}, {"ansible_psrp_protocol": "http"}, {"port": 5985, "https": False}),
    ({"protocol": "http"}, {"ansible_psrp_port": "15985"}, {"port": 15985, "https": False}),
    ({}, {"ansible_user": "u", "ansible_psrp_user": "~\\EdgeUser"}, {"username": "~\\EdgeUser"}),
    ({}, {"ansible_winrm_password": "other"}, {"password": "other"}),
    ({}, {"ansible_psrp_cert_trust_path": "/a.pem"}, {"ca_cert": "/a.pem"}),
    ({}, {"ansible_psrp_operation_timeout": "7", "ansible_psrp_connection_timeout": 3}, {"operation_timeout": 7}),
    ({}, {"ansible_psrp_configuration_name": "Other"}, {"configuration": "Other"}),
    ({"fingerprint": "SHA256:" + ":".join(["AB"] * 32)}, {}, {"fingerprint": PIN}),
]


@pytest.mark.parametrize(("options", "variables", "fields"), PARSED)
def test_options_win_over_the_variables_of_psrp(options, variables, fields):
    parsed = target(options, **variables)
    assert {name: getattr(parsed, name) for name in fields} == fields
    assert parsed.password not in repr(parsed)


WRONG = [
    ({}, {"ansible_password": ""}, "remote_password"),
    ({}, {"ansible_psrp_protocol": "ftp"}, "protocol"),
    ({}, {"ansible_psrp_port": "many"}, "port"),
    ({"timeout": 0}, {}, "timeout"),
    ({"fingerprint": "ab"}, {}, "fingerprint"),
    ({}, {"ansible_psrp_cert_validation": "ignore"}, "ansible_psrp_cert_validation"),
    ({"protocol": "http"}, {"ansible_psrp_message_encryption": "never"}, "ansible_psrp_message_encryption"),
]


@pytest.mark.parametrize(("options", "variables", "part"), WRONG)
def test_what_is_wrong_or_insecure_is_refused(options, variables, part):
    with pytest.raises(ProvisioningError) as caught:
        target(options, **variables)
    assert caught.value.part == part
    assert "s3cret" not in str(caught.value)


class Thing:
    """An object as pypsrp makes it."""

    def __init__(self, adapted, extended):
        self.adapted_properties = adapted
        self.extended_properties = extended


def test_output_is_sorted_and_made_plain():
    inner = Thing({"A": 1}, {})
    output = read_output(
        "Get-X",
        ["one\r\ntwo", None, 3, Thing({"B": inner, "C": [inner, None]}, {"D": True}), {"E": "f"}],
        ["said", Thing({}, {"Message": "more\nlines"})],
        failed=True,
        errors=(CmdletError("Id,Get-X", "Wrong."), CmdletError("Other", "Too")),
    )
    assert output.text == ("one", "two", "3", "said", "more", "lines")
    assert output.objects == ({"B": {"A": 1}, "C": [{"A": 1}, None], "D": True}, {"E": "f"})
    with pytest.raises(ProvisioningError, match=r"Get-X failed: Wrong \[Id,Get-X\]; Too \[Other\]"):
        output.check()
    assert Output("Get-X", errors=output.errors).check().errors


@pytest.mark.parametrize("name", ["azure_stack_edge", "azure_stack_edge_info", "azure_stack_edge_namespace"])
def test_the_documentation_is_the_spec(name):
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    action = importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule
    connection = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    own = yaml.safe_load(module.DOCUMENTATION)["options"]
    assert documented({**connection, **own}) == declared(action.ARGUMENTS)
    assert set(connection) == set(CONNECTION_OPTIONS)


def test_every_variable_is_documented():
    text = ModuleDocFragment.DOCUMENTATION
    documented_ones = {name for option in CONNECTION_OPTIONS for name in VARIABLES.get(option, ())}
    assert [name for name in documented_ones if name not in text] == []
