# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the playbooks in good and bad situations and looks where secrets went.

This machine is the controller, the registry and the client, and is thrown away afterwards: see molecule/leak. Every run is
made with -vvvv --diff, a log, a fact cache, and strace on all its processes. Then every file of the machine is read.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import subprocess
import sys
import time
import typing as t

from ansible_collections.edgeops.registry.tests.leak.scanner import KERNEL, Canary, Finding, leaks, scan
from ansible_collections.edgeops.registry.tests.leak.situations import ETC, Situation, device_situations, situations
from ansible_collections.edgeops.registry.tests.support.authority import Authority
from ansible_collections.edgeops.registry.tests.support.edge_device import USER, EdgeDevice

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent.parent
WORK = pathlib.Path("/leak")
VAULT_PASSWORD = WORK / "vault_password"
RECORDS = WORK / "records.yml"
KUBECONFIG = WORK / "kube" / "ann.kubeconfig"
GIVEN = (
    "plant",
    "password",
    "wrong",
    "misspelt",
    "type",
    "vault password",
    "device password",
    "device registry password",
    "device wrong password",
    "told",
)

STRACE = ("strace", "--seccomp-bpf", "-f", "-qq", "-e", "trace=execve", "-s", "65536", "-o")
ANSIBLE = (sys.executable, "-m", "ansible", "playbook", "-vvvv", "--diff", "-i", "tests/leak/inventory.yml", "-e")

ENVIRONMENT = {
    **os.environ,
    "ANSIBLE_CACHE_PLUGIN": "jsonfile",
    "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(WORK / "facts"),
    "ANSIBLE_HOME": str(WORK / "home"),
    "ANSIBLE_LOG_PATH": str(WORK / "log"),
    "ANSIBLE_VAULT_PASSWORD_FILE": str(VAULT_PASSWORD),
}


def write_vaulted(path: pathlib.Path, text: str) -> None:
    """Write YAML to a vaulted file, without a clear copy of it."""
    command = [sys.executable, "-m", "ansible", "vault", "encrypt", "--output", str(path)]
    subprocess.run(command, input=text, text=True, check=True, env=ENVIRONMENT, capture_output=True)


def broken_module(name: str) -> str:
    """Return a Python path where the module `name` is empty."""
    folder = WORK / f"broken_{name}"
    folder.mkdir()
    (folder / f"{name}.py").touch()
    return str(folder)


def broken_interpreter(name: str) -> str:
    """Return a Python interpreter in which the module `name` is broken."""
    program = WORK / f"python_without_{name}"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={broken_module(name)} exec /usr/bin/python3 "$@"\n', encoding="ascii")
    program.chmod(0o755)
    return str(program)


def play(situation: Situation) -> None:
    """Run one situation; leave output, command lines and processes in files.

    :raises RuntimeError: it went otherwise than the situation says.
    """
    name = situation.name.replace(" ", "_")
    environment = dict(ENVIRONMENT)
    interpreter = "/usr/bin/python3"
    if situation.broken_on_controller:
        environment["PYTHONPATH"] = f"{broken_module(situation.broken_on_controller)}:{environment['PYTHONPATH']}"
    if situation.broken_on_host:
        interpreter = broken_interpreter(situation.broken_on_host)
    variables = WORK / f"{name}.vars"
    write_vaulted(variables, json.dumps({"ansible_python_interpreter": interpreter, **situation.extra_vars}))
    command = [
        *STRACE,
        str(WORK / f"{name}.trace"),
        *ANSIBLE,
        f"@{variables}",
        *situation.arguments,
        situation.playbook,
    ]
    output = WORK / f"{name}.output"
    with output.open("wb") as file:
        done = subprocess.run(command, stdout=file, stderr=file, env=environment, cwd=CHECKOUT, check=False)
    (WORK / f"{name}.processes").write_bytes(subprocess.check_output(["ps", "axww", "-o", "args"]))
    text = output.read_text(encoding="utf-8", errors="replace")
    if bool(done.returncode) != situation.fails or situation.says not in text:
        print(text[-4000:])
        raise RuntimeError(f"{situation.name}: exit status {done.returncode}, and expected was {situation.says!r}")


def made_secrets() -> t.Iterator[Canary]:
    """Yield the secrets that the roles have made on this machine, as far as they are there now."""
    for name, file in (("CA key", "ca.key"), ("server key", "server.key")):
        if (ETC / file).exists():
            first_line = (ETC / file).read_text(encoding="ascii").splitlines()[1]
            yield Canary(name, first_line[48:].encode())  # before that stands only what kind of key it is
    if (ETC / "password").exists():
        yield Canary("generated password", (ETC / "password").read_bytes().strip())
    if (ETC / "environment").exists():
        settings = dict(line.split("=", 1) for line in (ETC / "environment").read_text(encoding="ascii").splitlines())
        yield Canary("HTTP secret", settings["REGISTRY_HTTP_SECRET"].encode())


def play_on_a_device(given: t.Mapping[str, Canary]) -> None:
    """Run the situations of a device; it is an emulated one, which leaves nothing behind."""
    node = Authority(WORK / "node")
    device = EdgeDevice(node.issue("127.0.0.1"), user_password=given["device password"].text)
    variables = {
        "ansible_psrp_host": "127.0.0.1",
        "ansible_psrp_port": device.port,
        "ansible_psrp_ca_cert": str(node.path),
        "ansible_psrp_user": USER,
    }
    try:
        for situation in device_situations(given, variables):
            device.forget()
            device.turn(**situation.knobs)
            play(situation)
    finally:
        device.stop()


def user_key() -> Canary:
    """Return the key in the kubeconfig that the device gave."""
    encoded = KUBECONFIG.read_text(encoding="ascii").partition("client-key-data: ")[2].split()[0]
    return Canary("user key", base64.b64decode(encoded).splitlines()[2])


ALLOWED_ALWAYS = {str(VAULT_PASSWORD): {"vault password"}, str(KUBECONFIG): {"user key"}}
ALLOWED_WHILE_IN_USE = {
    **ALLOWED_ALWAYS,
    str(ETC / "ca.key"): {"CA key"},
    str(ETC / "server.key"): {"server key"},
    str(ETC / "password"): {"generated password"},
    str(ETC / "environment"): {"HTTP secret"},
    str(pathlib.Path.home() / ".docker/config.json"): {"password"},
}
PLANTED = {"plant.output", "plant.trace", "log", "facts", "journal", "planted"}


def read_machine(canaries: t.Iterable[Canary], since: float) -> list[Finding]:
    """Find the canaries in all files of this machine, and in its journal."""
    (WORK / "journal").write_bytes(subprocess.check_output(["journalctl", "--output=export"]))
    return list(scan("/", list(canaries), since, KERNEL | {str(CHECKOUT)}))


def missed_plants(findings: t.Iterable[Finding]) -> set[str]:
    """Return where the planted secret was not found."""
    places = (pathlib.Path(finding.path) for finding in findings if finding.canary == "plant")
    return PLANTED - {place.relative_to(WORK).parts[0] for place in places if place.is_relative_to(WORK)}


def verdict(findings: t.Sequence[Finding], allowed: t.Mapping[str, t.AbstractSet[str]]) -> list[str]:
    """Return what is wrong."""
    wrong = [f"not found where it was planted: {place}" for place in sorted(missed_plants(findings))]
    return wrong + [str(leak) for leak in leaks(findings, allowed) if leak.canary != "plant"]


def main() -> int:
    """Entry point; return the exit status."""
    since = time.time()
    WORK.mkdir()
    given = {name: Canary.random(name) for name in GIVEN}
    VAULT_PASSWORD.touch(mode=0o600)
    VAULT_PASSWORD.write_bytes(given["vault password"].secret)
    write_vaulted(RECORDS, "edge_registry_records: []\n")  # what is vaulted stays so
    canaries = set(given.values())
    for situation in situations(given, RECORDS):
        play(situation)
        canaries.update(made_secrets())
    play_on_a_device(given)
    canaries.add(user_key())
    wrong = verdict(read_machine(canaries, since), ALLOWED_WHILE_IN_USE)
    play(Situation("taken back", "edgeops.registry.decommission", "failed=0", {"registry_data": "remove"}))
    wrong += verdict(read_machine(canaries, since), ALLOWED_ALWAYS)
    print(*(wrong or [f"no leak of {len(canaries)} secrets"]), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
