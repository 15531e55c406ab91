# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the registries of a run are reached. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import os
import threading
import typing as t

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.auth_files import AuthFile
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authenticator import Credentials
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.docker_hub import api_of
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.notices import Notices
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.pool import Pace
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.probe import check_scheme
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.proxy import DIRECT, Proxies
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Transport
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record
from ansible_collections.edgeops.registry.plugins.module_utils._run import RunCommand


class Registries:
    """All registries of a run: one transport per registry and identity.

    :param timeout: seconds, for connecting and for every wait on the network.
    :param auth_file: has the credentials where a record has none.
    :param check_time: raises where there is no time left for a pause that a registry asks for.
    :ivar notices: what they want their users to be told.
    """

    def __init__(
        self,
        *,
        timeout: float,
        allow_http: bool = False,
        auth_file: AuthFile | None = None,
        proxies: Proxies = DIRECT,
        check_time: t.Callable[[], None] = lambda: None,
    ) -> None:
        self._timeout = timeout
        self._allow_http = allow_http
        self._auth_file = auth_file
        self._proxies = proxies
        self._check_time = check_time
        self.notices = Notices()
        self._lock = threading.Lock()
        self._transports: dict[tuple[Server, Credentials], Transport] = {}

    @classmethod
    def of(
        cls,
        params: t.Mapping[str, t.Any],
        run_command: RunCommand,
        check_time: t.Callable[[], None] = lambda: None,
    ) -> Registries:
        """With the options `timeout`, `allow_http` and `auth_file`, and the environment's proxies.

        :param run_command: asks credential helpers.
        :param check_time: as above.
        :raises ProvisioningError: the file cannot be read or understood.
        """
        return cls(
            timeout=params["timeout"],
            allow_http=params["allow_http"],
            auth_file=AuthFile.read(params["auth_file"], run_command) if params["auth_file"] else None,
            proxies=Proxies.from_environment(os.environ),
            check_time=check_time,
        )

    def transport(self, record: Record, repository: str) -> Transport:
        """The way to a repository.

        :raises ProvisioningError: the record has plain HTTP and that is not permitted; the timeout is none; the
            credentials that the host keeps for it cannot be had.
        """
        check_scheme(record, allow_http=self._allow_http)
        server = dataclasses.replace(Server.of(record), endpoint=api_of(record.endpoint))
        credentials = self._credentials(record, repository)
        with self._lock:
            if (server, credentials) not in self._transports:
                pace = Pace(check_time=self._check_time)
                transport = Transport(server, credentials, timeout=self._timeout, proxies=self._proxies, pace=pace)
                transport.notices = self.notices
                self._transports[server, credentials] = transport
            return self._transports[server, credentials]

    @property
    def pause(self) -> float:
        """Seconds until all of them may be asked again."""
        return max((transport.pace.rest for transport in self._transports.values()), default=0.0)

    def close(self) -> None:
        """End all connections."""
        for transport in self._transports.values():
            transport.close()

    def _credentials(self, record: Record, repository: str) -> Credentials:
        if record.username or self._auth_file is None:
            return Credentials.of(record)
        return self._auth_file.credentials(str(record.endpoint), repository) or Credentials()


__all__ = ("Registries",)
