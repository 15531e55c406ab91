# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import functools
import multiprocessing
import os
import stat

import pytest
from ansible_collections.edgeops.registry.plugins.module_utils._change import FilePlan, show_nothing
from ansible_collections.edgeops.registry.plugins.module_utils._converge import Settings, converge
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError
from ansible_collections.edgeops.registry.plugins.module_utils._hosts.plan import absent, present
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.tests.support.child import kills, listing, with_mounts

CHECK = Settings(check_mode=True, diff=True)
RUNS = 12


@pytest.fixture
def path(tmp_path):
    return tmp_path / "etc" / "file"


def _always(content, before):
    del before
    return content


def plan(path, content, owner="a:1", **options):
    return FilePlan(str(path), functools.partial(_always, content), owner, **options)


def append(path, word, owner="a:1", **options):
    return FilePlan(str(path), lambda before: (before or b"") + word, owner, **options)


def refuse(path, owner="a:1", **options):
    def render(before):
        del before
        raise ProvisioningError("nonsense", reason="unparsable", remedy="Correct it")

    return FilePlan(str(path), render, owner, **options)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_made_with_its_directories(path):
    [change] = converge([plan(path, b"x", mode=0o600, directory_mode=0o700)], Settings())
    assert (change.owners, change.failures, change.diff) == (("a:1",), (), None)
    assert (path.read_bytes(), mode(path), mode(path.parent)) == (b"x", 0o600, 0o700)
    assert not converge([plan(path, b"x")], Settings())[0].changed


def test_check_mode_predicts_and_touches_nothing(path):
    [predicted] = converge([plan(path, b"x")], CHECK)
    assert not path.parent.exists()
    assert predicted == converge([plan(path, b"x")], Settings(diff=True))[0]
    assert predicted.diff == {
        "before_header": f"{path} (absent)",
        "after_header": str(path),
        "before": "",
        "after": "x",
    }


def test_several_owners_cost_one_write_and_are_told_apart(path):
    converge([plan(path, b"a")], Settings())
    inode = path.stat().st_ino
    plans = [append(path, b"b", "b:1"), append(path, b"", "c:1"), append(path, b"d", "d:1"), refuse(path, "e:1")]
    [change] = converge(plans, Settings())
    assert path.read_bytes() == b"abd"
    assert path.stat().st_ino != inode
    assert change.owners == ("b:1", "d:1")
    assert [(failure["registry"], failure["reason"]) for failure in change.failures] == [("e:1", "unparsable")]


def test_a_mode_is_corrected_only_where_it_is_enforced(path):
    converge([plan(path, b"x", mode=0o600)], Settings())
    path.chmod(0o644)
    assert not converge([plan(path, b"x", mode=0o600)], Settings())[0].changed
    [change] = converge([plan(path, b"x", mode=0o600, enforce_mode=True)], Settings(diff=True))
    assert change.changed
    assert (change.diff["before_header"], change.diff["after_header"]) == (f"{path} (mode 0644)", f"{path} (mode 0600)")
    assert mode(path) == 0o600


def test_a_file_that_nobody_wants_goes_with_its_directory(path):
    converge([plan(path, b"x")], Settings())
    [change] = converge([plan(path, None, prune=str(path.parent))], Settings(diff=True))
    assert change.changed
    assert change.diff["after_header"] == f"{path} (absent)"
    assert not path.parent.exists()
    assert not converge([plan(path, None)], Settings())[0].changed


def test_a_diff_is_redacted(path):
    converge([plan(path, b"s3cret")], Settings())
    [change] = converge([plan(path, b"an0ther", redact=show_nothing)], Settings(diff=True))
    assert (change.diff["before"], change.diff["after"]) == ("<6 bytes not shown>\n", "<7 bytes not shown>\n")


def test_a_backup_keeps_content_and_mode(path):
    converge([plan(path, b"old", mode=0o600)], Settings())
    converge([plan(path, b"new")], Settings(backup=True))
    [backup] = [entry for entry in path.parent.iterdir() if entry != path]
    assert backup.name.startswith("file.")
    assert backup.name.endswith("Z~")
    assert (backup.read_bytes(), mode(backup)) == (b"old", 0o600)
    converge([plan(path, b"new")], Settings(backup=True))
    assert len(list(path.parent.iterdir())) == 2


def test_a_bad_file_hides_no_other(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("/etc/hosts")
    occupied = tmp_path / "file"
    occupied.write_bytes(b"")
    plans = [plan(tmp_path / "good", b"x"), plan(link, b"x", "b:1"), plan(occupied / "below", b"x", "c:1")]
    changes = {change.path: change for change in converge(plans, Settings())}
    assert changes[str(tmp_path / "good")].changed
    assert [failure["reason"] for failure in changes[str(link)].failures] == ["unsupported"]
    [failure] = changes[str(occupied / "below")].failures
    assert (failure["registry"], failure["reason"]) == ("c:1", "io")
    assert str(occupied) in failure["msg"]


def test_another_user_writes_his_own_files(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    tmp_path.chmod(0o755)
    os.chown(home, 65534, 65534)
    path = home / ".docker" / "config.json"

    def act():
        write = plan(f"/srv/{path.relative_to(tmp_path)}", b"x", mode=0o600, directory_mode=0o700, account="nobody")
        return converge([write, plan("/srv/of-root", b"x", account="nobody")], Settings(diff=True))

    written, refused = sorted(
        with_mounts([("--bind", str(tmp_path), "/srv")], act), key=lambda change: not change.changed
    )
    assert written.owners == ("a:1",)
    assert written.diff["after"] == "x"
    assert (path.stat().st_uid, mode(path), mode(path.parent)) == (65534, 0o600, 0o700)
    assert [(failure["reason"], "become" in failure["remedy"]) for failure in refused.failures] == [("io", True)]
    assert not (tmp_path / "of-root").exists()


def test_a_disk_that_is_full_is_reported_and_the_file_is_as_it_was(tmp_path):
    file = tmp_path / "file"

    def fill():
        file.write_bytes(b"old")
        [change] = converge([plan(file, b"x" * 100_000)], Settings())
        return change, file.read_bytes(), listing(tmp_path)

    mount = ("-t", "tmpfs", "-o", "size=32k", "none", str(tmp_path))
    change, content, names = with_mounts([mount], fill)
    assert (change.owners, content, names) == ((), b"old", ["file"])
    assert [(failure["reason"], failure["remedy"]) for failure in change.failures] == [("io", "The file is as it was")]
    assert "No space left on device" in change.failures[0]["msg"]


def _records(count):
    return [
        Record.parse({"endpoint": f"r{number}.example.com:5000", "addresses": ["192.0.2.1"]}) for number in range(count)
    ]


def _one_run(start, path, record):
    start.wait()
    converge(present([record], path), Settings())


def _run_at_the_same_moment(path, records):
    context = multiprocessing.get_context("fork")
    start = context.Barrier(len(records))
    runs = [context.Process(target=_one_run, args=(start, str(path), record)) for record in records]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0] * len(records)


def test_runs_at_the_same_moment_lose_nothing(path):
    path.parent.mkdir()
    path.write_bytes(b"127.0.0.1 localhost")
    records = _records(RUNS)
    _run_at_the_same_moment(path, records)
    assert not converge(present(records, str(path)), CHECK)[0].changed
    converge(absent([record.endpoint for record in records], str(path)), Settings())
    assert path.read_bytes() == b"127.0.0.1 localhost"


@pytest.mark.parametrize("file_name", ["/_files.py", "/_converge.py"])
def test_after_a_kill_at_any_line_the_next_run_converges(path, file_name):
    path.parent.mkdir()
    original = b"127.0.0.1 localhost\n"
    records = _records(2)
    path.write_bytes(original)
    converge(present(records, str(path)), Settings())
    wanted = path.read_bytes()
    path.write_bytes(original)
    killed = 0
    for killed_at in kills(lambda: converge(present(records, str(path)), Settings()), file_name):
        killed += 1
        assert path.read_bytes() in (original, wanted), killed_at
        converge(present(records, str(path)), Settings())
        assert path.read_bytes() == wanted
        path.write_bytes(original)
    assert killed > 20


def test_first_runs_at_the_same_moment_lose_nothing(tmp_path):
    records = _records(RUNS)
    for number in range(10):
        path = tmp_path / str(number) / "file"
        _run_at_the_same_moment(path, records)
        assert not converge(present(records, str(path)), CHECK)[0].changed


def test_what_a_kill_leaves_goes_even_if_there_is_nothing_to_write(path):
    path.parent.mkdir()
    for killed_at in kills(lambda: converge([plan(path, b"x")], Settings()), "/_files.py"):
        converge([plan(path, None)], Settings())
        assert listing(path.parent) == [], killed_at
