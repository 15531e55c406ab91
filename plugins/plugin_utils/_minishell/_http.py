# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP to a device, for pypsrp. This plugin util is private to the collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.edgeops.registry.plugins.plugin_utils._minishell._target import Target

with contextlib.suppress(ImportError):  # the session says so where it is missing
    import requests
    from pypsrp.negotiate import HTTPNegotiateAuth
    from urllib3 import ProxyManager, Retry


def http_session(target: Target) -> requests.Session:
    """As pypsrp would make it, but with a pin and a server name, and past the proxies of the environment."""
    session = requests.Session()
    session.trust_env = target.environment_proxy
    session.headers.update({"User-Agent": "edgeops.registry", "Accept-Encoding": "identity"})
    session.auth = HTTPNegotiateAuth(
        target.username, target.password, auth_provider="ntlm", wrap_required=not target.https
    )
    session.proxies = {"https": target.proxy} if target.proxy else {}
    session.verify = target.ca_cert or not target.fingerprint
    for scheme in ("http://", "https://"):
        session.mount(scheme, _adapter(target))
    return session


def _adapter(target: Target) -> requests.adapters.HTTPAdapter:
    """One that checks the certificate alike on the direct way and through a proxy."""
    checks: dict[str, t.Any] = {}
    if target.tls_server_name:
        checks["server_hostname"] = target.tls_server_name
    if target.fingerprint:
        checks["assert_fingerprint"] = target.fingerprint

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, connections: int, maxsize: int, *args: t.Any, **options: t.Any) -> None:
            super().init_poolmanager(connections, maxsize, *args, **{**options, **checks})

        def proxy_manager_for(self, proxy: str, **options: t.Any) -> ProxyManager:
            manager: ProxyManager = super().proxy_manager_for(proxy, **options, **checks)
            return manager

    return Adapter(pool_connections=1, pool_maxsize=1, max_retries=_connect_retries(target))


def _connect_retries(target: Target) -> Retry:
    """Only a connection that cannot be made is tried again: of anything later nobody knows what became of it."""
    return Retry(
        total=None,
        connect=target.reconnection_retries,
        read=False,
        redirect=0,
        status=0,
        other=0,
        backoff_factor=target.reconnection_backoff,
    )


__all__ = ("http_session",)
