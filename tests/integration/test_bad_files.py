# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What files of a client that are odd, broken or in the way get from module `client`."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import itertools
import json
import pwd
import sys

import pytest
from ansible_collections.edgeops.registry.tests.support.client_host import CONFIG, OTHER, SECRET, ClientHost, auth
from ansible_collections.edgeops.registry.tests.support.host import COLLECTION, USER, Result
from ansible_collections.edgeops.registry.tests.support.http_server import Reply

HOUR = dt.timedelta(hours=1)
SERVING = Reply(headers={"Docker-Distribution-API-Version": "registry/2.0"})
NOTHING_IN_PLACE = {"hosts": False, "trust": False, "mirrors": True, "credentials": False}
"""Of a record without mirrors."""


def login_of(record):
    return {record["endpoint"]: {"auth": auth(record)}}


def content(host):
    """The listing by path in the host's directory, without times of modification."""
    return {path.removeprefix(str(host.directory)): (*state[:3], *state[4:]) for path, state in host.listing().items()}


@pytest.mark.parametrize("name", ["docker", "containers"])
def test_p14_one_engine_that_cannot_be_served_keeps_everything_as_it_was(host, refused, name):
    host.put(f"etc/{name}/certs.d", b"a file")
    result = refused("io", "trust", f"/etc/{name}/certs.d")
    assert result["registries"][0]["in_place"] == NOTHING_IN_PLACE


def test_a_registry_with_an_obstacle_hides_no_other(host, client, start_registry, record):
    other = start_registry().record_dict_for("localhost")
    host.put("etc/hosts", b"127.0.0.1\tlocalhost\n192.0.2.99\tregistry.edge.test\n")
    result = client(registries=[record, other])
    assert [(failure["registry"], failure["part"]) for failure in result["failures"]] == [(record["endpoint"], "hosts")]
    assert result["registries"][0]["in_place"] == NOTHING_IN_PLACE
    assert set(result["registries"][1]["in_place"].values()) == {True}
    assert json.loads((host.directory / CONFIG).read_text()) == {"auths": login_of(other)}


def test_p14_the_directory_is_host_and_port_exactly_and_an_old_port_goes(host, client, record):
    address = {"endpoint": "[2001:DB8::0:10]:5000", "ca_certificates": record["ca_certificates"]}
    client(registries=[record, address], parts=["trust"])
    certs_d = host.etc / "docker" / "certs.d"
    assert {path.name for path in certs_d.iterdir()} == {record["endpoint"], "[2001:db8::10]:5000"}
    assert not client(registries=[], absent_endpoints=["[2001:db8::10]:5000"]).values.get("failed")
    assert [path.name for path in certs_d.iterdir()] == [record["endpoint"]]


def test_p15_the_snap_of_docker_has_places_of_its_own(host, client, record):
    (host.directory / "var" / "snap" / "docker" / "current").mkdir(parents=True)
    (host.root_home / "snap" / "docker" / "current").mkdir(parents=True)
    host.more_mounts.append((host.directory / "var", "/var"))
    assert "docker_snap" in client(runtimes=["auto"])["runtimes"]
    assert list((host.directory / "var/snap/docker/current/etc/docker/certs.d" / record["endpoint"]).iterdir())
    config = host.root_home / "snap" / "docker" / "current" / ".docker" / "config.json"
    assert json.loads(config.read_text()) == {"auths": login_of(record)}


def test_p16_rootless_docker_is_served_as_its_user(host, client, record):
    unit = host.put(f"{USER}/.config/systemd/user/docker.service", b"", 0o644)
    host.run(["/bin/chown", "-R", USER, f"/srv/{USER}/.config"])
    assert unit.owner() == USER
    assert "docker_rootless" in client(runtimes=["auto"], users=[USER])["runtimes"]
    [certificate] = (host.user_home / ".config/docker/certs.d" / record["endpoint"]).iterdir()
    for path in (certificate, host.user_home / ".docker" / "config.json"):
        assert path.stat().st_uid == pwd.getpwnam(USER).pw_uid


@pytest.mark.parametrize(
    ("before", "words"),
    [
        pytest.param(b'{"auths": {"o": {"auth": "b3RoZXI6MHRoZXI="}},\n}', "line 2 column 1", id="trailing comma"),
        pytest.param(b"\x00\xff", "is not UTF-8", id="binary"),
        pytest.param(b'{"auths": {}, "auths": {}}', "names a member twice", id="double"),
    ],
)
def test_p3_a_config_that_does_not_parse_is_left_alone(host, refused, before, words):
    host.put(CONFIG, before, 0o644)
    result = refused("unparsable", "credentials", f"/srv/{CONFIG}", words, "Correct the file")
    assert not result["registries"][0]["in_place"]["credentials"]


@pytest.mark.parametrize("entry", [{"identitytoken": SECRET}, {"email": "a@example.com"}, {}])
def test_p4_a_login_by_token_is_replaced(host, client, record, entry):
    file = host.put(CONFIG, json.dumps({"auths": {record["endpoint"]: entry, "other": OTHER}}).encode())
    assert not client().values.get("failed")
    assert json.loads(file.read_text()) == {"auths": {**login_of(record), "other": OTHER}}


def test_p5_a_mode_of_0644_is_corrected(host, client):
    client()
    file = host.directory / CONFIG
    before = file.read_bytes()
    file.chmod(0o644)
    assert client(check=True)["changed"]
    assert client()["registries"][0]["changed"]["credentials"]
    assert (file.read_bytes(), file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (
        before,
        0o600,
        0o700,
    )


def test_p6_other_spellings_of_the_registry_go(host, client, record):
    aliases = [f"http://{record['endpoint']}", f"https://{record['endpoint']}/v1/", record["endpoint"].upper()]
    file = host.put(CONFIG, json.dumps({"auths": dict.fromkeys(aliases, OTHER)}).encode())
    client()
    assert json.loads(file.read_text()) == {"auths": login_of(record)}


def test_p7_no_engine_has_to_run(host, client):
    (host.directory / "run").mkdir()
    host.more_mounts.append((host.directory / "run", "/run"))
    assert not client().values.get("failed")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"credsStore": "nowhere"}, ("credential store 'nowhere'", "credential_store to bypass")),
        ({"credHelpers": None}, ("credential helper 'nowhere'", "from credHelpers in")),
    ],
)
def test_p8_a_credential_helper_in_the_way_is_told_with_the_way_out(host, refused, record, config, words):
    config = {key: value or {record["endpoint"]: "nowhere"} for key, value in config.items()}
    host.put(CONFIG, json.dumps(config).encode())
    refused("conflict", *words)


def test_p9_podmans_file_is_that_of_the_user_and_survives_a_restart(host, client, record):
    host.put(f"{USER}/.docker/config.json", json.dumps({"auths": {"other": OTHER}}).encode())
    options = {"runtimes": ["podman"], "users": ["root", USER]}
    assert client(**options)["changed"]
    for home in (host.root_home, host.user_home):
        assert json.loads((home / ".config/containers/auth.json").read_text()) == {"auths": login_of(record)}
    assert not client(**options)["changed"]


def test_a_config_that_is_a_link_is_refused(host, refused):
    host.put("target", b"{}")
    file = host.directory / CONFIG
    file.parent.mkdir()
    file.symlink_to("/srv/target")
    refused("unsupported", "is a symbolic link to /srv/target")
    assert file.is_symlink()


@pytest.mark.parametrize(("place", "reason"), [(CONFIG, "unsupported"), ("root/.docker", "io")])
def test_something_else_in_the_place_of_a_file_is_told(host, refused, place, reason):
    if place == CONFIG:
        (host.directory / CONFIG).mkdir(parents=True)
    else:
        host.put(place, b"a file")
    refused(reason, "credentials", f"/srv/{place}")


def test_one_user_who_cannot_be_served_is_foreseen(host, refused):
    host.passwd.write_text(host.passwd.read_text().replace(f"/srv/{USER}", "/nonexistent"))
    refused("io", "/nonexistent", "Permission denied", users=["root", USER], runtimes=["docker"])


def test_a_home_directory_below_a_hidden_one_stays(host, client):
    home = host.directory / ".homes" / "root"
    home.mkdir(parents=True)
    host.passwd.write_text(host.passwd.read_text().replace("/srv/root", "/srv/.homes/root"))
    client()
    assert client(state="absent")["changed"]
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("before", "is_mount"),
    [
        pytest.param(b"127.0.0.1 localhost\r\n# last\r\n", True, id="CRLF, bind mount"),
        pytest.param(b"127.0.0.1\t\tprinter \t\n\n\n# K\xf6ln\n10.0.0.1\tp", True, id="tabs, Latin-1, no newline"),
        pytest.param(b"127.0.0.1 localhost\0\n\0", False, id="NUL"),
        pytest.param(b"2001:db8::9 registry.edge.test\n", False, id="the other family"),
    ],
)
def test_p22_p23_no_other_byte_of_the_hosts_file_changes(host, client, record, before, is_mount):
    file = host.hosts_file
    if is_mount:
        file = host.put("mounted-hosts", b"", 0o644)
        host.more_mounts.append((file, "/etc/hosts"))
    file.write_bytes(before)
    options = {"parts": ["hosts", "verify"]}
    assert not client(**options).values.get("failed")
    [ours] = set(file.read_bytes().splitlines(keepends=True)) - set(before.splitlines(keepends=True))
    assert ours.startswith(b"127.0.0.1\tregistry.edge.test\t# edgeops.registry ")
    assert file.read_bytes().replace(ours, b"") == before
    assert not client(**options)["changed"]
    assert client(registries=[{"endpoint": record["endpoint"]}], state="absent", parts=["hosts"])["changed"]
    assert file.read_bytes() == before


def test_p23_a_line_of_the_other_family_shadows_ours_where_only_the_first_line_counts(host, client):
    (host.etc / "host.conf").unlink()
    host.hosts_file.write_bytes(b"2001:db8::9 registry.edge.test\n")
    result = client(parts=["hosts", "verify"])
    assert result.reasons == ["unresolved"]
    assert "registry.edge.test is 2001:db8::9 on this host and 127.0.0.1 in the record" in result["msg"]


def test_a_hosts_file_that_is_missing_is_made(host, client):
    host.hosts_file.unlink()
    assert not client(parts=["hosts", "verify"]).values.get("failed")


def test_p22_cloud_init_is_warned_of(host, client):
    host.hosts_file.write_bytes(b"# Your system has configured 'manage_etc_hosts' as True.\n")
    assert any("manage_etc_hosts: false" in str(warning) for warning in client()["warnings"])


def test_p23_an_older_line_that_shadows_ours_is_named(host, refused):
    host.hosts_file.write_bytes(b"127.0.0.1 localhost\n192.0.2.99\tRegistry.Edge.Test\n")
    words = "/etc/hosts line 2 gives registry.edge.test the address 192.0.2.99"
    result = refused("conflict", "hosts", words, "Remove registry.edge.test from that line")
    assert not result["registries"][0]["in_place"]["hosts"]


def test_verify_finds_what_is_left_of_a_registry_that_shall_be_gone(host, client, record):
    client()
    before = host.listing()
    gone = {"registries": [{"endpoint": record["endpoint"]}], "state": "absent"}
    result = client(parts=["verify"], **gone)
    assert {failure["part"] for failure in result["failures"]} == {"hosts", "trust", "credentials"}
    assert host.listing() == before
    client(**gone)
    assert not client(parts=["verify"], **gone).values.get("failed")


def test_runs_for_two_registries_at_the_same_moment_lose_nothing(host, client, start_registry, record):
    other = start_registry().record_dict
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = [pool.submit(client, registries=[item]) for item in (record, other)]
        assert [run.result().values.get("failed", False) for run in runs] == [False, False]
    assert not client(registries=[record, other])["changed"]
    assert json.loads((host.directory / CONFIG).read_text()) == {"auths": {**login_of(record), **login_of(other)}}


FULL = r"""
mount -t tmpfs -o size=4m tmpfs /mnt && cp -a /etc/. /mnt && mount --move /mnt /etc
mount -t tmpfs -o size=64k tmpfs /usr/local/share
mkdir /usr/local/share/ca-certificates && cp /srv/share/ca-certificates/site.crt /usr/local/share/ca-certificates
mount -t tmpfs -o size=64k,mode=700 tmpfs /srv/root && mkdir -m 700 /srv/root/.docker
echo '{"auths": {}}' >/srv/root/.docker/config.json
for place in /etc /usr/local/share /srv/root; do cat /dev/zero >$place/fill 2>&-; done
state() { find /etc /usr/local/share /srv/root ! -type d ! -name fill -printf '%p %m %u %T@ ' -exec md5sum {} \; | sort; }
state >/srv/before
"$@"
state >/srv/after
"""


def test_a_full_disk_is_told_and_every_file_is_as_it_was(host, record):
    arguments = {"registries": [record], "runtimes": ["docker", "podman"]}
    done = host.run(
        ["/bin/sh", "-c", FULL, "sh", sys.executable, "-B", "-m", f"{COLLECTION}.plugins.modules.client"],
        stdin=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
    )
    result = Result(done.returncode, json.loads(done.stdout.splitlines()[-1]))
    assert set(result.reasons) == {"io"}
    assert {failure["part"] for failure in result["failures"]} == {"hosts", "trust", "credentials"}
    assert "/etc/hosts: No space left on device. The file is as it was" in result["msg"]
    assert result["registries"][0]["in_place"] == NOTHING_IN_PLACE
    assert (host.directory / "after").read_text() == (host.directory / "before").read_text()


KILLED = """
import os, runpy, signal, sys
left = int(sys.argv.pop())
def count(event, arguments):
    global left
    if event in ("os.rename", "os.remove", "subprocess.Popen"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
runpy.run_module(sys.argv.pop(), run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("state", ["present", "absent"])
def test_after_a_kill_at_any_write_the_next_run_converges(tmp_path, record, state):
    """Each round is killed one write later than the one before; a round that ends by itself is the last."""
    options = {"registries": [record], "runtimes": ["docker", "podman"], "state": state}
    ends = []
    for number in itertools.count(1):
        host = ClientHost(tmp_path / f"host-{number}")
        if state == "absent":
            host.module("client", **{**options, "state": "present"})
        killed = host.run(
            [sys.executable, "-B", "-c", KILLED, f"{COLLECTION}.plugins.modules.client", str(number)],
            stdin=json.dumps({"ANSIBLE_MODULE_ARGS": options}),
        )
        assert host.hosts_file.read_bytes().startswith(b"127.0.0.1\tlocalhost\n")
        config = host.directory / CONFIG
        assert not config.exists() or set(json.loads(config.read_text())["auths"]) <= {record["endpoint"]}
        assert not host.module("client", **options).values.get("failed")
        ends.append({path: end for path, end in content(host).items() if "/site" not in path and "/ssl/" not in path})
        assert (record["ca_certificates"][0].strip() in host.bundle.read_text()) == (state == "present")
        assert ends[-1] == ends[0]
        if killed.returncode >= 0:
            break
    assert number > 5
    assert not host.module("client", **options)["changed"]
