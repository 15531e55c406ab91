# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filters make of files as Windows has them: bytes in, bytes out."""

from __future__ import annotations

import base64

import pytest
from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.text.converters import to_bytes
from ansible_collections.edgeops.registry.plugins.filter.docker_config import docker_config
from ansible_collections.edgeops.registry.plugins.filter.hosts_file import hosts_file

RECORD = {
    "endpoint": "ecr.device.edge.test:31001",
    "addresses": ["192.0.2.44"],
    "username": "ase-ecr-user",
    "password": "s3cret",
}
AUTH = base64.b64encode(b"ase-ecr-user:s3cret")
LINE = b"192.0.2.44\tecr.device.edge.test\t# edgeops.registry ecr.device.edge.test:31001"


def written(make, content, state="present", **options):
    """What module win_copy writes of the text that a filter makes of a file."""
    given = base64.b64encode(content).decode() if content else ""
    return to_bytes(make(given, [RECORD], state, **options))


HOSTS = [
    (b"", LINE + b"\n"),
    (b"# comment\r\n127.0.0.1 localhost\r\n", b"# comment\r\n127.0.0.1 localhost\r\n" + LINE + b"\r\n"),
    (b"127.0.0.1 localhost\r\n10.0.0.1 no-line-end", b"127.0.0.1 localhost\r\n" + LINE + b"\r\n10.0.0.1 no-line-end"),
    (b"\xef\xbb\xbf# UTF-8 with a mark\r\n", b"\xef\xbb\xbf# UTF-8 with a mark\r\n" + LINE + b"\r\n"),
    (b"# Rechner von J\xfcrgen (Windows-1252)\r\n", b"# Rechner von J\xfcrgen (Windows-1252)\r\n" + LINE + b"\r\n"),
    (b"192.0.2.44 ECR.device.edge.test # by hand\r\n", b"192.0.2.44 ECR.device.edge.test # by hand\r\n"),
]


@pytest.mark.parametrize(("before", "after"), HOSTS)
def test_a_hosts_file_and_back(before, after):
    assert written(hosts_file, before) == after
    assert written(hosts_file, after) == after
    assert written(hosts_file, after, "absent") == before


@pytest.mark.parametrize(
    "content",
    [
        "# made by PowerShell\r\n".encode("utf-16"),
        "# made by PowerShell\r\n".encode("utf-16-be"),
        b"\xfe\xff\0#\0\r\0\n",
        HOSTS[1][0] + "10.0.0.1 added.test\r\n".encode("utf-16-le"),
    ],
    ids=["little endian", "no mark", "big endian", "a line in another file"],
)
def test_a_hosts_file_in_utf_16_is_refused(content):
    with pytest.raises(
        AnsibleFilterError, match=r"etc/hosts is in UTF-16, in which Windows finds no entry\. Save it as UTF-8"
    ):
        written(hosts_file, content, path="etc/hosts")
    assert written(hosts_file, content, "absent") == content


def test_a_former_address_of_ours_is_corrected():
    former = LINE.replace(b"192.0.2.44", b"192.0.2.1") + b"\r\n"
    assert written(hosts_file, former) == LINE + b"\r\n"


def test_a_foreign_address_is_in_the_way():
    with pytest.raises(AnsibleFilterError, match=r"etc/hosts line 1 gives ecr.device.edge.test the address 10.0.0.9"):
        written(hosts_file, b"10.0.0.9 ecr.device.edge.test\r\n", path="etc/hosts")


LOGIN = b'{"auths": {"ecr.device.edge.test:31001": {"auth": "%s"}}}' % AUTH


def test_a_configuration_that_is_not_there_yet():
    made = written(docker_config, b"")
    assert AUTH in made
    assert written(docker_config, made) == made
    assert written(docker_config, made, "absent") == b"{}"


@pytest.mark.parametrize(
    "before", [b'{\r\n  "experimental": "disabled"\r\n}\r\n', b'{\n\t"auths": {},\n\t"x": "\xc3\xbc"\n}']
)
def test_what_is_not_ours_in_a_configuration_stays(before):
    made = written(docker_config, before)
    assert AUTH in made
    assert written(docker_config, made) == made
    left = written(docker_config, made, "absent")
    assert left.replace(b'"auths": {},', b"").split() == before.replace(b'"auths": {},', b"").split()


def test_a_login_that_is_there_is_left_alone():
    assert written(docker_config, LOGIN) == LOGIN


def test_docker_desktop_s_credential_store():
    desktop = b'{"credsStore": "desktop"}'
    with pytest.raises(AnsibleFilterError, match="credential store 'desktop'"):
        written(docker_config, desktop, path="C:\\Users\\u\\.docker\\config.json")
    assert b'"credHelpers"' in written(docker_config, desktop, store="bypass")


@pytest.mark.parametrize("content", [b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}", b"{", b"[]"])
def test_what_docker_cannot_read_either_is_refused_without_its_content(content):
    with pytest.raises(AnsibleFilterError) as caught:
        written(docker_config, content)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("make", [hosts_file, docker_config])
def test_wrong_arguments(make):
    with pytest.raises(AnsibleFilterError, match="base64"):
        make("no base64", [RECORD])
    with pytest.raises(AnsibleFilterError, match="endpoint"):
        make("", [{"endpoint": "no-port"}], "absent")
