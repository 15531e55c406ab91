# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json
import pwd
import socket

import pytest
from ansible_collections.edgeops.registry.tests.support.host import USER, Host
from ansible_collections.edgeops.registry.tests.support.real_registry import free_port

OTHER = {"auth": base64.b64encode(b"other:0ther").decode()}


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path / "host")


@pytest.fixture
def record(registry):
    """The registry under a name that every Docker engine talks to without knowing its CA."""
    return registry.record_dict_for("localhost")


@pytest.fixture
def login(host, record):
    def run(**options):
        return host.module(
            "login", **{"registries": [record], "runtimes": ["docker", "podman"], "timeout": 60, **options}
        )

    return run


def docker_config(home):
    return home / ".docker" / "config.json"


def auth(record):
    return base64.b64encode(f"{record['username']}:{record['password']}".encode()).decode()


def mode(path):
    return oct(path.stat().st_mode & 0o7777)


def docker_pull(host, record):
    """What the engine says with the credentials that the client reads."""
    config = docker_config(host.root_home).parent
    return host.run(["docker", "--config", str(config), "pull", f"{record['endpoint']}/no/such:image"]).stderr


def test_check_do_again_and_back(host, login, record, registry):
    virgin = host.listing()
    predicted = login(check=True, diff=True)
    assert host.listing() == virgin
    done = login(diff=True)
    assert done["changed"]
    assert done["diff"] == predicted["diff"]
    assert done["registries"][0]["changed"] == predicted["registries"][0]["changed"] == {"credentials": True}
    assert done["registries"][0]["verify"] == {"ok": True, "reason": "", "http_status": 200, "requests": 1}
    assert not login()["changed"]
    assert not login(check=True)["changed"]
    assert record["password"] not in json.dumps(done.values)
    assert auth(record) not in json.dumps(done.values)

    gone = {"registries": [{"endpoint": record["endpoint"]}], "state": "absent"}
    registry.clear_access_log()
    assert login(check=True, **gone)["changed"]
    assert docker_config(host.root_home).exists()
    assert login(**gone)["changed"]
    assert not login(**gone)["changed"]
    assert registry.access_log() == []
    assert host.listing() == virgin


def test_docker_and_podmans_library_read_what_is_written(host, login, record, registry):
    assert "manifest unknown" not in docker_pull(host, record)
    login()
    assert "manifest unknown" in docker_pull(host, record)
    for file in (host.root_home / ".config" / "containers" / "auth.json", docker_config(host.root_home)):
        get_login = ["skopeo", "login", "--get-login", "--authfile", str(file), record["endpoint"]]
        assert host.run(get_login).stdout.strip() == record["username"]
    (registry.directory / "ca").mkdir()
    (registry.directory / "ca" / "ca.crt").write_text(registry.ca_pem)
    inspect = [
        "skopeo",
        "inspect",
        "--cert-dir",
        str(registry.directory / "ca"),
        f"docker://{record['endpoint']}/no/such:image",
    ]
    assert "manifest unknown" in host.run(inspect).stderr


def test_docker_logs_out_of_what_was_written(host, login, record):
    login()
    config = docker_config(host.root_home)
    assert host.run(["docker", "--config", str(config.parent), "logout", record["endpoint"]]).returncode == 0
    assert json.loads(config.read_text())["auths"] == {}


@pytest.mark.parametrize("check", [False, True])
def test_p1_a_password_that_was_right_yesterday_is_found_out(login, registry, check):
    login()
    registry.clear_access_log()
    registry.change_password()
    result = login(check=check)
    assert result["failed"]
    assert result.reasons == ["unauthorized"]
    assert result["failures"][0]["remedy"]
    assert [request.status for request in registry.access_log()] == [401]


def test_p1_a_wrong_password_never_replaces_one_that_works(host, login, record):
    login()
    before = host.listing()
    result = login(registries=[{**record, "password": "wr0ng"}])
    assert result.reasons == ["unauthorized"]
    assert "wr0ng" not in json.dumps({**result.values, "invocation": None})
    assert host.listing() == before


@pytest.mark.parametrize("store", [{}, {"credsStore": "nowhere"}])
def test_p2_a_credential_store_changes_nothing_in_how_often_the_registry_is_asked(host, login, registry, record, store):
    docker_config(host.root_home).parent.mkdir()
    docker_config(host.root_home).write_text(json.dumps({"auths": {}, **store}))
    registry.clear_access_log()
    for changed in (True, False):
        assert login(credential_store="bypass", runtimes=["docker"])["changed"] is changed
    assert [request.status for request in registry.access_log()] == [200, 200]
    assert "manifest unknown" in docker_pull(host, record)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"auths": {"other": {"auth": "b3RoZXI6MHRoZXI="}},\n}', id="trailing comma"),
        pytest.param(b"\xef\xbb\xbf{}", id="BOM"),
        pytest.param(b"\x00\xff", id="garbage"),
    ],
)
def test_p3_a_file_that_does_not_parse_is_left_alone(host, login, content):
    config = docker_config(host.root_home)
    config.parent.mkdir()
    config.write_bytes(content)
    before = host.listing()
    result = login(runtimes=["docker"], diff=True, backup=True)
    assert result["failed"]
    assert result.reasons == ["unparsable"]
    assert "/root/.docker/config.json" in result["msg"]
    assert "b3RoZXI6MHRoZXI" not in json.dumps(result.values)
    assert host.listing() == before


def test_p3_other_logins_and_settings_stay(host, login, record):
    config = docker_config(host.root_home)
    config.parent.mkdir()
    content = json.dumps(
        {"psFormat": "x", "auths": {"other": OTHER}, "proxies": {"default": {"noProxy": "y"}}}, indent=2
    )
    config.write_text(content)
    login()
    assert json.loads(config.read_text()) == {
        **json.loads(content),
        "auths": {"other": OTHER, record["endpoint"]: {"auth": auth(record)}},
    }
    login(state="absent")
    assert config.read_text() == content


@pytest.mark.parametrize("entry", [{"identitytoken": "t0ken"}, {"email": "a@example.com"}, {}])
def test_p4_a_login_by_token_is_replaced(host, login, record, entry):
    config = docker_config(host.root_home)
    config.parent.mkdir()
    config.write_text(json.dumps({"auths": {record["endpoint"]: entry}}))
    result = login(diff=True)
    assert "t0ken" not in json.dumps(result.values)
    assert json.loads(config.read_text()) == {"auths": {record["endpoint"]: {"auth": auth(record)}}}
    assert "manifest unknown" in docker_pull(host, record)


def test_p5_modes_and_owners(host, login):
    login(users=["root", USER])
    for home, name in ((host.root_home, "root"), (host.user_home, USER)):
        for path in (docker_config(home), home / ".config" / "containers" / "auth.json"):
            assert (mode(path), mode(path.parent)) == ("0o600", "0o700")
            assert path.stat().st_uid == path.parent.stat().st_uid == pwd.getpwnam(name).pw_uid


def test_p5_a_mode_of_0644_is_corrected_and_nothing_else(host, login):
    login()
    config = docker_config(host.root_home)
    content = config.read_bytes()
    config.chmod(0o644)
    result = login(check=True, diff=True)
    assert "mode 0644" in result["diff"][0]["before_header"]
    assert login()["changed"]
    assert (mode(config), config.read_bytes()) == ("0o600", content)


def test_p6_other_spellings_of_the_registry_go(host, login, record):
    config = docker_config(host.root_home)
    config.parent.mkdir()
    aliases = [f"http://{record['endpoint']}", f"https://{record['endpoint']}/v1/", record["endpoint"].upper()]
    config.write_text(json.dumps({"auths": dict.fromkeys(aliases, OTHER)}))
    login()
    assert json.loads(config.read_text()) == {"auths": {record["endpoint"]: {"auth": auth(record)}}}


def test_p7_no_engine_has_to_run(login):
    """In its mount namespace the module finds no socket of any engine."""
    assert login()["changed"]


def test_p8_a_credential_store_is_reported_with_the_way_out(host, login):
    config = docker_config(host.root_home)
    config.parent.mkdir()
    config.write_text(json.dumps({"credsStore": "nowhere"}))
    before = host.listing()
    result = login(runtimes=["docker"])
    assert result.reasons == ["conflict"]
    assert "'nowhere'" in result["msg"]
    assert "credential_store to bypass" in result["msg"]
    assert host.listing() == before


def test_p9_podmans_file_survives_a_restart_of_the_machine(host, login, record):
    login(runtimes=["podman"], users=[USER])
    login(runtimes=["podman"], users=[USER])
    file = host.user_home / ".config" / "containers" / "auth.json"
    assert json.loads(file.read_text()) == {"auths": {record["endpoint"]: {"auth": auth(record)}}}
    docker_config(host.user_home).parent.mkdir()
    docker_config(host.user_home).write_text(json.dumps({"auths": {"other": OTHER}}))
    assert not login(runtimes=["podman"], users=[USER])["changed"]


def test_a_symbolic_link_is_refused(host, login):
    target = host.directory / "target"
    target.write_text("{}")
    config = docker_config(host.root_home)
    config.parent.mkdir()
    config.symlink_to(target)
    before = host.listing()
    result = login(runtimes=["docker"])
    assert result.reasons == ["unsupported"]
    assert "symbolic link" in result["msg"]
    assert host.listing() == before


def test_root_writes_nothing_where_a_user_points_to(host, login):
    secret = host.directory / "of-root"
    secret.mkdir(mode=0o755)
    (host.user_home / ".docker").symlink_to(secret)
    result = login(runtimes=["docker"], users=[USER])
    assert result.reasons == ["io"]
    assert list(secret.iterdir()) == []


def test_an_unreachable_registry_hides_no_other(host, login, record):
    nowhere = {**record, "endpoint": f"localhost:{free_port()}"}
    result = login(registries=[nowhere, record])
    assert result["failed"]
    assert result.reasons == ["unreachable"]
    assert [entry["verify"]["ok"] for entry in result["registries"]] == [False, True]
    assert list(json.loads(docker_config(host.root_home).read_text())["auths"]) == [record["endpoint"]]


def test_a_registry_that_does_not_answer_costs_the_timeout(login, record):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nowhere = {**record, "endpoint": f"localhost:{silent.getsockname()[1]}"}
        assert login(registries=[nowhere], timeout=0.3).reasons == ["unreachable"]


def test_plain_http_needs_an_opt_in(host, login, record):
    before = host.listing()
    result = login(registries=[{**record, "scheme": "http"}])
    assert "allow_http" in result["msg"]
    assert host.listing() == before


def test_an_unknown_user_changes_nothing(host, login):
    before = host.listing()
    assert "no user 'nobody-knows'" in login(users=["root", "nobody-knows"])["msg"]
    assert host.listing() == before


def test_a_backup_is_as_private_as_the_file(host, login, record, registry):
    login(runtimes=["docker"])
    before = docker_config(host.root_home).read_bytes()
    record["password"] = registry.change_password()
    login(runtimes=["docker"], backup=True)
    [backup] = [path for path in docker_config(host.root_home).parent.iterdir() if path.name.endswith("~")]
    assert (mode(backup), backup.read_bytes()) == ("0o600", before)
    assert docker_config(host.root_home).read_bytes() != before
