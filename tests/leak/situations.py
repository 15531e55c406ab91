# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The situations in which secrets must not leak."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.edgeops.registry.tests.leak.scanner import Canary

HERE = pathlib.Path(__file__).resolve().parent
ETC = pathlib.Path("/etc/edgeops-registry")
ENDPOINT = "registry.example.com:5000"


@dataclasses.dataclass(frozen=True)
class Situation:
    """One run.

    :param playbook: its name or path.
    :param says: what its output must have, lest the situation did not come about.
    :param extra_vars: variables, given in a vaulted file.
    :param knobs: what the emulated device is like, as `tests.emulator.knobs.Knobs` has it.
    :param broken_on_controller: a module of Python that is empty there, so that what uses it crashes.
    :param broken_on_host: the same for the host.
    """

    name: str
    playbook: str
    says: str
    extra_vars: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    fails: bool = False
    knobs: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    broken_on_controller: str = ""
    broken_on_host: str = ""


def record(**keys: t.Any) -> dict[str, t.Any]:
    """Return variables with one record of our registry."""
    certificate = (ETC / "ca.pem").read_text(encoding="ascii")
    return {
        "client_registries": [
            {
                "endpoint": ENDPOINT,
                "ca_certificates": [certificate],
                "addresses": ["127.0.0.1"],
                "username": "edge",
                **keys,
            }
        ]
    }


def situations(canaries: t.Mapping[str, Canary], record_file: pathlib.Path) -> t.Iterator[Situation]:
    """Yield the runs, in their order; a later one may need what an earlier one has made.

    :param canaries: the secrets that the runs are given, by name.
    :param record_file: where one run keeps its record.
    """
    secret = {name: canary.text for name, canary in canaries.items()}
    site, clients, registry = (f"edgeops.registry.{name}" for name in ("site", "clients", "registry"))
    chosen = {"registry_password": secret["password"]}
    kept = {"registry_record_file": str(record_file)}
    yield Situation("plant", str(HERE / "plant.yml"), "plant", {"plant": secret["plant"]})
    yield Situation("audit", site, "failed=0", arguments=("--check",))
    yield Situation("generated password", site, "failed=0")
    yield Situation("chosen password", site, "failed=0", {**chosen, **kept})
    yield Situation("wrong password", clients, "unauthorized", record(password=secret["wrong"]), fails=True)
    yield Situation("misspelt key", clients, "passwrod", record(passwrod=secret["misspelt"]), fails=True)
    yield Situation("wrong type", clients, "password", record(password={"value": secret["type"]}), fails=True)
    yield Situation("no record", clients, "it is not a mapping", {"client_registries": [secret["type"]]}, fails=True)
    yield Situation(
        "crash on the host",
        clients,
        "has no attribute",
        record(password=secret["wrong"]),
        fails=True,
        broken_on_host="ssl",
    )
    yield Situation(
        "crash on the controller", registry, "has no attribute", chosen, fails=True, broken_on_controller="bcrypt"
    )


def device_situations(canaries: t.Mapping[str, Canary], variables: t.Mapping[str, t.Any]) -> t.Iterator[Situation]:
    """Yield the runs against a device, which follow the others.

    :param variables: where it is.
    """
    secret = {name: canary.text for name, canary in canaries.items()}
    playbook = str(HERE / "device.yml")
    given = {**variables, "ansible_password": secret["device password"]}
    on = {"enabled": True, "endpoint": ENDPOINT, "address": "127.0.0.1", "password": secret["device registry password"]}
    words = f"{secret['device password']} and {secret['device registry password']} are no logins, and password: {secret['told']}"
    complains = {**on, "non_terminating": "Get-HcsKubernetesContainerRegistryInfo", "words": words}
    fails = {**on, "fail": "Remove-HcsKubernetesContainerRegistry", "words": words}
    yield Situation("device", playbook, "failed=0", given, knobs={**on, "enabled": False})
    yield Situation("device complains", playbook, "(not shown) are no logins", given, knobs=complains)
    yield Situation(
        "device fails", playbook, "EmulatedFailure", {**given, "device_state": "absent"}, fails=True, knobs=fails
    )
    yield Situation("device stale", playbook, "unauthorized", {**given, "device_verify": True}, fails=True, knobs=on)
    yield Situation(
        "device login",
        playbook,
        "refuses the password",
        {**given, "ansible_password": secret["device wrong password"]},
        fails=True,
    )
    yield Situation(
        "device crash", playbook, "pypsrp is missing", given, fails=True, knobs=on, broken_on_controller="requests"
    )
