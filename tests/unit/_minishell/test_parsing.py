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
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._redaction import redacted
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._settings import VARIABLES
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._target import CONNECTION_OPTIONS, Target
from ansible_collections.edgeops.registry.tests.unit.test_argspec import declared, documented

PLUGINS = "ansible_collections.edgeops.registry.plugins"
BASE = {"inventory_hostname": "edge-1", "ansible_password": "s3cret"}
PIN = "ab" * 32
PROXY = "http://user:s3cret@proxy.test:3128"
HTTP = {"ansible_psrp_protocol": "http"}


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
    ({}, {"ansible_psrp_path": "/other"}, {"path": "other"}),
    ({"path": "mine"}, {"ansible_psrp_path": "/other"}, {"path": "mine"}),
    ({}, {}, {"operation_timeout": 20, "read_timeout": 30, "reconnection_retries": 0}),
    ({}, {"ansible_psrp_operation_timeout": 60}, {"read_timeout": 70}),
    ({}, {"ansible_psrp_read_timeout": "90"}, {"read_timeout": 90}),
    ({}, {"ansible_psrp_reconnection_retries": 3, "ansible_psrp_connection_backoff": 0}, {"reconnection_backoff": 0}),
    ({}, {"ansible_psrp_proxy": PROXY}, {"proxy": PROXY, "environment_proxy": False}),
    ({}, {"ansible_psrp_ignore_proxy": "no"}, {"environment_proxy": True}),
    ({}, {"ansible_psrp_ignore_proxy": True}, {"environment_proxy": False}),
    ({}, {"ansible_psrp_auth": "ntlm", "ansible_psrp_cert_validation": "validate"}, {"https": True}),
    ({}, {"ansible_psrp_auth": "negotiate", "ansible_psrp_negotiate_send_cbt": True}, {"https": True}),
    ({}, {"ansible_psrp_message_encryption": "never", "ansible_psrp_max_envelope_size": 153600}, {"https": True}),
    ({}, {"ansible_psrp_message_encryption": "always", "ansible_psrp_protocol": "http"}, {"https": False}),
    ({"fingerprint": "SHA256:" + ":".join(["AB"] * 32)}, {}, {"fingerprint": PIN}),
]


@pytest.mark.parametrize(("options", "variables", "fields"), PARSED)
def test_options_win_over_the_variables_of_psrp(options, variables, fields):
    parsed = target(options, **variables)
    assert {name: getattr(parsed, name) for name in fields} == fields
    assert "s3cret" not in repr(parsed)


WRONG = [
    ({}, {"ansible_password": ""}, "remote_password"),
    ({}, {"ansible_psrp_protocol": "ftp"}, "ansible_psrp_protocol"),
    ({}, {"ansible_port": "many"}, "ansible_port"),
    ({"timeout": 0}, {}, "timeout"),
    ({"fingerprint": "ab"}, {}, "fingerprint"),
    ({}, {"edge_device_fingerprint": "ab"}, "edge_device_fingerprint"),
    ({}, {"ansible_psrp_read_timeout": 20}, "ansible_psrp_read_timeout"),
    ({"operation_timeout": 40}, {"ansible_psrp_read_timeout": 30}, "ansible_psrp_read_timeout"),
    ({}, {"ansible_psrp_reconnection_retries": -1}, "ansible_psrp_reconnection_retries"),
    ({}, {"ansible_psrp_proxy": "s3cret:3128"}, "ansible_psrp_proxy"),
    ({}, {**HTTP, "ansible_psrp_proxy": PROXY}, "ansible_psrp_proxy"),
    ({}, {**HTTP, "ansible_psrp_ignore_proxy": False}, "ansible_psrp_ignore_proxy"),
    ({}, {"ansible_psrp_ignore_proxy": "perhaps"}, "ansible_psrp_ignore_proxy"),
    ({}, {**HTTP, "edge_device_fingerprint": PIN}, "edge_device_fingerprint"),
    ({"fingerprint": PIN, "port": 5985}, {}, "fingerprint"),
    ({}, {**HTTP, "ansible_psrp_ca_cert": "/a.pem"}, "ansible_psrp_ca_cert"),
    ({}, {**HTTP, "edge_device_tls_server_name": "a.test"}, "edge_device_tls_server_name"),
    *[
        ({}, {"ansible_psrp_auth": name}, "ansible_psrp_auth")
        for name in ("basic", "kerberos", "credssp", "certificate")
    ],
    ({}, {"ansible_psrp_cert_validation": "ignore"}, "ansible_psrp_cert_validation"),
    ({}, {"ansible_psrp_negotiate_send_cbt": "no"}, "ansible_psrp_negotiate_send_cbt"),
    ({}, {"ansible_psrp_max_envelope_size": 512000}, "ansible_psrp_max_envelope_size"),
    ({}, {"ansible_psrp_message_encryption": "always"}, "ansible_psrp_message_encryption"),
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
    assert [name for names in VARIABLES.values() for name in names if f"C({name})" not in text] == []


@pytest.mark.parametrize(
    ("identifier", "message", "category", "denied"),
    [
        ("Any", "There is no user ann.", 0, True),
        ("Any", "User 'ann' does not exist", 0, True),
        ("Any", 'Error from server (NotFound): csr "ann" not found', 0, True),
        ("UserNotFound,Get-X", "Looked for in vain.", 13, True),
        ("Any", "The connection to the server was refused", 0, False),
        ("Any", "There is no route to the server", 0, False),
        ("CommandNotFoundException", "The term for a user is not found", 13, False),
    ],
)
def test_what_says_that_there_is_no_such_user(identifier, message, category, denied):
    assert CmdletError(identifier, message, category).denies_user("ann") is denied


def test_what_a_script_throws_is_its_identifier_too():
    thrown = "Refused is s3cret, not password: hunter2"
    errors = (CmdletError(thrown, thrown), CmdletError("CommandNotFoundException", "No s3cret"))
    output = Output("Get-X", errors=errors).redacted(["s3cret"])
    assert output.complaint() == (
        "Refused is (not shown), not password: (not shown) [Refused is (not shown), not password: (not shown)]"
        "; No (not shown) [CommandNotFoundException]"
    )
    assert output.is_unsupported


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Refused s3cret, and s3cret-two.", "Refused (not shown), and (not shown)."),
        ("Password: hunter2 was refused", "Password: (not shown) was refused"),
        ("the password 'hunter 2' is wrong", "the password (not shown) is wrong"),
        ('{"token": "hunter2"}', '{"token": (not shown)}'),
        ("docker login -u u -p hunter2 failed", "docker login -u u -p (not shown) failed"),
        ("client-key-data: TFMw", "client-key-data: (not shown)"),
        (f"of {'QUJD' * 30}= ends", "of (not shown) ends"),
        ("-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----\nmore", "(not shown)\nmore"),
        ("-----BEGIN PRIVATE KEY-----\nhunter2", "(not shown)"),
        ("The password differs. Look at the portal.", "The password differs. Look at the portal."),
        ("2 of 7 system pods are not ready", "2 of 7 system pods are not ready"),
    ],
)
def test_a_device_s_words_are_shown_without_secrets(said, shown):
    assert redacted(said, ["s3cret", "s3cret-two", ""]) == shown
