# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One shell on a device, over pypsrp. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import logging
import math
import time
import traceback
import types
import typing as t
import warnings
from xml.etree.ElementTree import ParseError

from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError, missing_library
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._faults import ConnectionLostError, translate
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._http import http_session
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._output import (
    CmdletError,
    Output,
    read_output,
)
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._redaction import redacted
from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._target import Target

try:
    import requests
    from pypsrp.complex_objects import PSInvocationState
    from pypsrp.exceptions import WinRMError
    from pypsrp.powershell import PowerShell, RunspacePool, RunspacePoolWarning
    from pypsrp.wsman import WSMan
    from spnego.exceptions import SpnegoError
except ImportError:
    PYPSRP_ERROR: str | None = traceback.format_exc()
else:
    PYPSRP_ERROR = None
    # The last four are what an answer ends in that is none of WSMan: no XML, no login, or no way to encrypt
    _FAILURES = (requests.RequestException, WinRMError, SpnegoError, ParseError, LookupError, ValueError)


class Shell(t.Protocol):
    """Runs cmdlets on a device."""

    def run(self, cmdlet: str, **parameters: str) -> Output:
        """Run a cmdlet to its end; an error of the cmdlet is part of the output.

        :raises ProvisioningError: the device did not end it in time.
        :raises ConnectionLostError: nobody knows what became of it.
        """


class Session(contextlib.AbstractContextManager[t.Any]):
    """A shell, opened on entry and closed on exit whatever happens: a device allows few for each user.

    :param debug: takes what the device says when a session opens, which is no error.
    """

    def __init__(self, target: Target, debug: t.Callable[[str], object]) -> None:
        self._target = target
        self._debug = debug
        self._secrets = {target.password}
        self._lost = False

    def __enter__(self) -> t.Self:
        """:raises ProvisioningError: the device cannot be reached or refuses."""
        if PYPSRP_ERROR is not None:
            raise missing_library("pypsrp")
        for library in ("pypsrp", "spnego", "urllib3"):  # they would log every message, passwords too
            logging.getLogger(library).setLevel(logging.WARNING)
        self._connection = _connect(self._target)
        self._pool = RunspacePool(self._connection, configuration_name=self._target.configuration)
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always", RunspacePoolWarning)
                self._pool.open()
        except _FAILURES as error:
            self._lost = isinstance(error, requests.RequestException)
            self._close()
            raise translate(error, self._target) from error
        for warning in said:
            self._debug(f"{self._target.host} says: {redacted(str(warning.message), self._secrets)}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        """Close the shell; what fails then is no failure of the work that was done."""
        self._close()

    def run(self, cmdlet: str, **parameters: str) -> Output:
        """As `Shell` has it."""
        self._debug(
            f"{self._target.host}: {' '.join([cmdlet, *(f'-{name} {parameters[name]}' for name in parameters)])}"
        )
        pipeline = PowerShell(self._pool).add_cmdlet(cmdlet).add_parameters(parameters)
        try:
            pipeline.begin_invoke()
            self._wait(cmdlet, pipeline)
        except _FAILURES as error:
            self._lost = True
            raise ConnectionLostError(f"the connection was lost during {cmdlet}", self._target) from error
        output = read_output(
            cmdlet,
            pipeline.output,
            [record.message_data for record in pipeline.streams.information],
            failed=pipeline.state != PSInvocationState.COMPLETED,
            errors=tuple(
                CmdletError(str(record.fq_error), str(record), record.category or 0)
                for record in pipeline.streams.error
            ),
        )
        self._secrets.update(output.secrets)
        return output.redacted(self._secrets)

    def _wait(self, cmdlet: str, pipeline: PowerShell) -> None:
        """Poll with a timeout that the device answers to, since a cmdlet may take minutes."""
        deadline = time.monotonic() + self._target.timeout
        while pipeline.state == PSInvocationState.RUNNING:
            left = deadline - time.monotonic()
            if left <= 0:
                pipeline.stop()
                raise ProvisioningError(
                    f"{cmdlet} did not end within {self._target.timeout} seconds, and was stopped",
                    reason="unreachable",
                    remedy="Look at the device's alerts; give it more time with timeout, or restart it",
                )
            # With none it is operation_timeout, and read_timeout counts; with one pypsrp waits for no longer than that
            pipeline.poll_invoke(timeout=math.ceil(left) if left < self._target.operation_timeout else None)

    def _close(self) -> None:
        if self._lost:
            self._connection.transport.encryption = None  # what was agreed on ended with the connection
        with contextlib.suppress(*_FAILURES):
            self._pool.close()
        self._connection.close()


def _connect(target: Target) -> WSMan:
    connection = WSMan(
        target.host,
        port=target.port,
        username=target.username,
        password=target.password,
        ssl=target.https,
        path=target.path,
        auth="ntlm",
        connection_timeout=target.connection_timeout,
        operation_timeout=target.operation_timeout,
        read_timeout=target.read_timeout,
        reconnection_backoff=0.1,
    )
    connection.transport.session = http_session(target)
    return connection


__all__ = ("Session", "Shell")
