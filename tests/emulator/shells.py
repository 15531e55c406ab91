# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shells and their pipelines: the server's side of PSRP ([MS-PSRP]), over psrpcore."""

from __future__ import annotations

import threading
import typing as t
import uuid

from ansible_collections.edgeops.registry.tests.emulator import wsman
from ansible_collections.edgeops.registry.tests.emulator.device import Call, Device, Error, Item, Text, Write
from psrpcore import CreatePipelineEvent, PSRPPayload, ServerPipeline, ServerRunspacePool, StreamType
from psrpcore.types import (
    ErrorCategory,
    ErrorCategoryInfo,
    ErrorRecord,
    NETException,
    PSCustomObject,
    PSInvocationState,
    PSRPMessageType,
    WarningRecord,
)

ENDED = (PSInvocationState.Completed, PSInvocationState.Failed, PSInvocationState.Stopped)


class Shell:
    """One shell of one user: a runspace pool and its pipelines; `lock` guards psrpcore, which threads share."""

    def __init__(self, device: Device, shell_id: str, creation: bytes) -> None:
        self._device = device
        self._pool = ServerRunspacePool()
        self._pipelines: dict[str, Pipeline] = {}
        self._outgoing: dict[uuid.UUID | None, list[bytes]] = {}
        self.id = shell_id
        self.lock = threading.Condition()
        self.send(creation)
        if device.knobs.banner:
            banner = WarningRecord(Message=device.knobs.banner)
            banner.PSObject.to_string = device.knobs.banner  # psrpcore leaves it out
            self._pool.prepare_message(banner, PSRPMessageType.WarningRecord)
            self._collect()

    def send(self, data: bytes) -> None:
        """Take what the client sent, for the pool or for a pipeline that is known."""
        with self.lock:
            self._pool.receive_data(PSRPPayload(data, StreamType.default, None))
            while (event := self._pool.next_event()) is not None:
                if isinstance(event, CreatePipelineEvent):
                    self._pipelines[str(event.pipeline_id).upper()].start(event.pipeline.commands)
            self._collect()

    def command(self, command_id: str, data: bytes) -> None:
        """Make a pipeline; it starts when all of its description is there."""
        with self.lock:
            pipeline = ServerPipeline(self._pool, uuid.UUID(command_id))
            self._pipelines[command_id] = Pipeline(self, self._device, pipeline)
        self.send(data)

    def receive(self, command_id: str, seconds: float) -> tuple[list[bytes], bool]:
        """What is there for the client, and whether the pipeline has ended.

        Raises:
            wsman.FaultError: there was nothing in so many seconds.
        """
        pipeline = self._pipelines.get(command_id)
        key = uuid.UUID(command_id) if command_id else None
        with self.lock:
            if not self.lock.wait_for(lambda: self._outgoing.get(key), seconds):
                raise wsman.FaultError(wsman.OPERATION_TIMEOUT, "The operation timed out.")
            return self._outgoing.pop(key), pipeline is not None and pipeline.ended

    def signal(self, command_id: str) -> None:
        """Stop a pipeline, if it runs still, and forget it."""
        pipeline = self._pipelines.pop(command_id, None)
        if pipeline is not None:
            pipeline.stop()

    def close(self) -> None:
        """Stop everything."""
        for command_id in list(self._pipelines):
            self.signal(command_id)

    @property
    def running(self) -> list[str]:
        """The cmdlets that run."""
        return [pipeline.cmdlet for pipeline in self._pipelines.values() if not pipeline.ended]

    def changed(self) -> None:
        """A pipeline wrote something, with the lock held."""
        self._collect()
        self.lock.notify_all()

    def _collect(self) -> None:
        """Sort what psrpcore wants to send by pipelines: it has one buffer for all."""
        while (payload := self._pool.data_to_send()) is not None:
            self._outgoing.setdefault(payload.pipeline_id, []).append(payload.data)


class Pipeline:
    """One pipeline of one cmdlet, which runs in a thread of its own."""

    def __init__(self, shell: Shell, device: Device, pipeline: ServerPipeline) -> None:
        self._shell = shell
        self._device = device
        self._pipeline = pipeline
        self._stopped = threading.Event()
        self.cmdlet = ""

    @property
    def ended(self) -> bool:
        return self._pipeline.state in ENDED

    def start(self, commands: t.Sequence[t.Any]) -> None:
        self._pipeline.start()
        first = commands[0]
        if first.is_script and not self._device.knobs.scripts:
            self._write(
                Error(
                    "ScriptsNotAllowed",
                    "The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode.",
                    terminating=True,
                )
            )
            return
        name, parameters = (
            _parse_script(first.command_text) if first.is_script else (first.command_text, first.parameters)
        )
        self.cmdlet = name
        call = Call(dict(parameters), self._stopped)
        threading.Thread(target=self._run, args=(call,), daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        with self._shell.lock:
            if not self.ended:
                self._pipeline.begin_stop()
                self._pipeline.stop()
                self._shell.changed()

    def _run(self, call: Call) -> None:
        for write in self._device.run(self.cmdlet, call):
            with self._shell.lock:
                if not self.ended:
                    self._write(write)
                    self._shell.changed()
        with self._shell.lock:
            if not self.ended:
                self._pipeline.complete()
                self._shell.changed()

    def _write(self, write: Write) -> None:
        if isinstance(write, Item):
            self._pipeline.write_output(_object(write, typed=self._device.knobs.objects == "typed"))
        elif isinstance(write, Text):
            self._write_text(write.content)
        elif write.terminating:
            # psrpcore has no call for a pipeline that fails
            self._pipeline._change_state(PSInvocationState.Failed, error=_record(write))
        else:
            record = _record(write)
            self._pipeline.write_error(record.Exception, record.CategoryInfo, fully_qualified_error_id=write.identifier)

    def _write_text(self, content: str) -> None:
        if self._device.knobs.text == "information":
            for line in content.splitlines():
                message = PSCustomObject(Message=line, NoNewLine=False)
                message.PSObject.type_names.insert(0, "System.Management.Automation.HostInformationMessage")
                self._pipeline.write_information(message, self.cmdlet, tags=["PSHOST"])
        elif self._device.knobs.text == "lines":
            for line in content.splitlines():
                self._pipeline.write_output(line)
        else:
            self._pipeline.write_output(content)


def _parse_script(script: str) -> tuple[str, dict[str, str]]:
    """The first line of a script as one cmdlet with named parameters: no PowerShell, only enough to be asked something."""
    name, *words = script.splitlines()[0].split()
    return name, {key.lstrip("-"): value for key, value in zip(words[::2], words[1::2], strict=True)}


def _object(item: Item, *, typed: bool) -> PSCustomObject:
    made = PSCustomObject(**item.properties)
    if typed:
        made.PSObject.type_names = ["Microsoft.Hcs.Emulated", "System.Object"]
        made.PSObject.adapted_properties = made.PSObject.extended_properties
        made.PSObject.extended_properties = []
    return made


def _record(error: Error) -> ErrorRecord:
    return ErrorRecord(
        Exception=NETException(Message=error.message),
        CategoryInfo=ErrorCategoryInfo(Category=ErrorCategory[error.category]),
        FullyQualifiedErrorId=error.identifier,
    )
