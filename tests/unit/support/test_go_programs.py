# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that are built with Go."""

from __future__ import annotations

import multiprocessing
import re
import secrets
import shutil
import subprocess

import pytest
from ansible_collections.edgeops.registry.tests.support import go_programs
from ansible_collections.edgeops.registry.tests.support.http_server import Reply


@pytest.fixture
def module(tmp_path):
    """A module whose program is in the cache under a name of its own for as long as the test runs."""
    source = tmp_path / f"made-{secrets.token_hex(4)}"
    source.mkdir()
    (source / "go.mod").write_text(f"module example.test/{source.name}\n\ngo 1.26\n")
    (source / "main.go").write_text('package main\n\nvar text = "nothing"\n\nfunc main() { print(text) }\n')
    yield source
    for path in (go_programs.CACHE / "kubernetes").glob(f"{source.name}-*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def output(source, folder):
    return subprocess.run([folder / source.name], check=True, capture_output=True, text=True).stderr


def test_program_is_built_once_for_each_state_of_its_source(module, capsys):
    first = go_programs.build(module, ".", flags="-X main.text=something")
    assert output(module, first) == "something"
    assert "building" in capsys.readouterr().err
    assert go_programs.build(module, ".", flags="-X main.text=something") == first
    assert capsys.readouterr().err == ""
    assert output(module, go_programs.build(module, ".")) == "nothing"
    (module / "main.go").write_text('package main\n\nfunc main() { print("new") }\n')
    assert output(module, go_programs.build(module, ".")) == "new"


def test_what_is_built_says_how_far_it_is(module, capsys):
    go_programs.build(module, ".", report_seconds=0)
    said = capsys.readouterr().err
    counts = re.findall(
        rf"^{module.name}: (\d+) of about (\d+) packages compiled, \d+\.\d minutes$", said, re.MULTILINE
    )
    numbers = [(int(compiled), int(all_of_them)) for compiled, all_of_them in counts]
    assert [compiled for compiled, dummy in numbers] == list(range(1, len(numbers) + 1))
    assert 0 < numbers[-1][0] <= numbers[-1][1]


def test_only_one_of_many_processes_builds(module, capfd):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        folders = pool.starmap(go_programs.build, [(module, ".")] * 4)
    assert len(set(folders)) == 1
    assert capfd.readouterr().err.count("building it") == 1


def test_error_of_the_compiler_is_told_and_no_program_kept(module):
    (module / "main.go").write_text("package main\n\nfunc main() { missing() }\n")
    for dummy in range(2):
        with pytest.raises(RuntimeError, match="undefined: missing"):
            go_programs.build(module, ".")


def test_go_of_an_unknown_digest_is_refused(serve, tmp_path, monkeypatch):
    server = serve(Reply(body=b"something else"))
    monkeypatch.setenv("GOPROXY", f"http://127.0.0.1:{server.port},direct")
    with pytest.raises(ValueError, match=r"another golang\.org/toolchain"):
        go_programs._fetch_go("1.26.8", tmp_path)
