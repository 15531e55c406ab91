# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the registries of a run are reached. This module util is private to the collection."""

from __future__ import annotations

import dataclasses
import threading

from ansible_collections.edgeops.registry.plugins.module_utils._distribution.auth_files import AuthFile
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.authenticator import Credentials
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.connection import Server
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.docker_hub import api_of
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.probe import check_scheme
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.proxy import DIRECT, Proxies
from ansible_collections.edgeops.registry.plugins.module_utils._distribution.transport import Transport
from ansible_collections.edgeops.registry.plugins.module_utils._record import Record


class Registries:
    """All registries of a run: one transport per registry and identity.

    :param timeout: seconds, for connecting and for every wait on the network.
    :param auth_file: has the credentials where a record has none.
    """

    def __init__(
        self, *, timeout: float, allow_http: bool = False, auth_file: AuthFile | None = None, proxies: Proxies = DIRECT
    ) -> None:
        self._timeout = timeout
        self._allow_http = allow_http
        self._auth_file = auth_file
        self._proxies = proxies
        self._lock = threading.Lock()
        self._transports: dict[tuple[Server, Credentials], Transport] = {}

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
                self._transports[server, credentials] = Transport(
                    server, credentials, timeout=self._timeout, proxies=self._proxies
                )
            return self._transports[server, credentials]

    def close(self) -> None:
        """End all connections."""
        for transport in self._transports.values():
            transport.close()

    def _credentials(self, record: Record, repository: str) -> Credentials:
        if record.username or self._auth_file is None:
            return Credentials.of(record)
        return self._auth_file.credentials(str(record.endpoint), repository) or Credentials()


__all__ = ("Registries",)
