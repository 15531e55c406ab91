# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a Kubernetes API server: the only code that knows the `kubernetes` package. This module util is private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import json
import os
import socket
import ssl
import typing as t
import urllib.parse

from ansible_collections.edgeops.registry.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.edgeops.registry.plugins.module_utils._errors import ProvisioningError, missing_library
from ansible_collections.edgeops.registry.plugins.module_utils._kubernetes.resources import Object

with contextlib.suppress(ImportError):  # `open_connection` says that it is missing
    import urllib3.exceptions as http
    import yaml
    from kubernetes import client, config

CONNECTION_OPTIONS: ArgumentSpec = {
    "kubeconfig": {"type": "path"},
    "kubeconfig_content": {"type": "str", "no_log": True},
    "context": {"type": "str"},
    "concurrency": {"type": "int", "default": 8},
    "timeout": {"type": "float", "default": 30},
}
"""How a module reaches a cluster; documented by the fragment `edgeops.registry.kubernetes`."""


@dataclasses.dataclass(frozen=True)
class Connection:
    """Where a cluster is and who asks.

    :param kubeconfig: path of a kubeconfig; empty: `KUBECONFIG`, `~/.kube/config`, or the pod that this runs in.
    :param content: a kubeconfig itself, instead of a path.
    :param context: of the kubeconfig; empty for its current one.
    :param concurrency: how many requests go side by side.
    :param timeout: seconds for which an API server is waited for.
    """

    kubeconfig: str
    content: str = dataclasses.field(repr=False)
    context: str
    concurrency: int
    timeout: float

    @classmethod
    def from_options(cls, params: t.Mapping[str, t.Any]) -> Connection:
        """From the options `CONNECTION_OPTIONS` of a module.

        :raises ProvisioningError: one is wrong.
        """
        if params["concurrency"] < 1:
            raise ProvisioningError("must be 1 or more", part="concurrency", remedy="Leave it out for 8")
        if params["timeout"] <= 0:
            raise ProvisioningError("must be more than 0 seconds", part="timeout", remedy="Leave it out for 30")
        if params["kubeconfig"] and params["kubeconfig_content"]:
            raise ProvisioningError(
                "it goes without kubeconfig", part="kubeconfig_content", remedy="Give the path, or the content"
            )
        return cls(
            kubeconfig=params["kubeconfig"] or os.environ.get("K8S_AUTH_KUBECONFIG", ""),
            content=params["kubeconfig_content"] or "",
            context=params["context"] or "",
            concurrency=params["concurrency"],
            timeout=params["timeout"],
        )


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked of the API server.

    :param path: of its URL, without the query.
    """

    method: str
    path: str
    query: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: Object | None = None
    content_type: str = "application/json"

    @property
    def subject(self) -> str:
        """What it is about, for errors: `secrets shop/edge-registry`."""
        words = self.path.split("/")[3 if self.path.startswith("/api/") else 4 :]
        scope = [words[1]] if words[0] == "namespaces" and len(words) > 2 else []
        resource, *names = words[2 * len(scope) :]
        return f"{resource} {'/'.join(scope + names)}".strip()


class Response(t.Protocol):
    """An answer, as urllib3 has it."""

    status: int
    headers: t.Mapping[str, str]
    data: bytes

    def stream(self) -> t.Iterator[bytes]:
        """The content as it comes in."""

    def close(self) -> None:
        """Be done with it."""


class NoAnswerError(ProvisioningError):
    """The API server could not be asked."""


@dataclasses.dataclass(frozen=True)
class Opened:
    """A connection that requests can be sent over.

    :param pool: a `PoolManager` of urllib3, with the cluster's CA and the client's certificate.
    """

    configuration: t.Any
    pool: t.Any

    @property
    def server(self) -> str:
        """URL of the API server, without a slash at its end."""
        return str(self.configuration.host).rstrip("/")

    @property
    def certificate_authority(self) -> str:
        """CA certificates in PEM; empty where the system's vouch for the server."""
        if not self.configuration.ssl_ca_cert:
            return ""
        with open(self.configuration.ssl_ca_cert, encoding="utf-8") as file:
            return file.read()

    def send(self, request: Request, *, timeout: float, stream: bool = False) -> Response:
        """Send a request once.

        :param timeout: seconds to wait for a connection, and for anything to arrive over it.
        :param stream: leave the content to be read with `lines`.
        :raises NoAnswerError: no answer came.
        """
        query = f"?{urllib.parse.urlencode(request.query)}" if request.query else ""
        try:
            response: Response = self.pool.request(
                request.method,
                f"{self.server}{request.path}{query}",
                headers={"Accept": "*/*", "Content-Type": request.content_type, **self._identity()},
                body=None if request.body is None else json.dumps(request.body).encode(),
                timeout=timeout,
                retries=False,
                preload_content=not stream,
            )
        except http.HTTPError as error:
            raise self._explain(error) from error
        return response

    @staticmethod
    def lines(response: Response) -> t.Iterator[bytes]:
        """The lines of an answer as they come in, until it ends or the connection is lost."""
        buffer = b""
        with contextlib.closing(response), contextlib.suppress(http.HTTPError):
            for chunk in response.stream():
                *lines, buffer = (buffer + chunk).split(b"\n")
                yield from lines

    def _identity(self) -> dict[str, str]:
        """Who asks: nothing with a client certificate. A token that comes from a program is had anew when it ends."""
        settings = self.configuration.auth_settings().values()
        return {item["key"]: item["value"] for item in settings if item.get("in") == "header" and item.get("value")}

    def _explain(self, error: Exception) -> NoAnswerError:
        if isinstance(error, http.SSLError) and not _is_cut_off(error):
            what, reason = f"the certificate of the API server is not trusted ({_ssl_words(error)})", "untrusted"
            remedy = "Look at certificate-authority-data in the kubeconfig, and at this machine's clock"
        elif isinstance(error.__context__, socket.gaierror):
            what, reason, remedy = "its name is not known here", "unresolved", "Add it to DNS or to the hosts file"
        else:
            what, reason = f"the API server {_what_happened(error)}", "unreachable"
            remedy = "Run again when it is up; give it more time with timeout"
        return NoAnswerError(what, reason=reason, part=self.server, remedy=remedy)


def open_connection(connection: Connection) -> Opened:
    """Read the kubeconfig; nothing is sent yet.

    :raises ProvisioningError: the package is missing, or the kubeconfig is not there or wrong.
    """
    if not importlib.util.find_spec("kubernetes"):
        raise missing_library(
            "kubernetes", "Install it there, or set ansible_python_interpreter to a Python that has it"
        )
    settings = client.Configuration()
    settings.connection_pool_maxsize = connection.concurrency
    try:
        _load(connection, settings)
    except (config.ConfigException, OSError, ValueError, TypeError, KeyError, yaml.YAMLError) as error:
        raise ProvisioningError(
            _unusable(connection, error),
            part="kubeconfig",
            remedy="Give the path or the content of one that kubectl can use, and a context that is in it",
        ) from error
    return Opened(settings, client.ApiClient(settings).rest_client.pool_manager)


def _load(connection: Connection, settings: object) -> None:
    chosen: dict[str, t.Any] = {"context": connection.context or None, "client_configuration": settings}
    if connection.content:
        config.load_kube_config_from_dict(_parse(connection.content), **chosen)
    elif connection.kubeconfig or _has_default():
        config.load_kube_config(config_file=connection.kubeconfig or None, persist_config=False, **chosen)
    else:
        config.load_incluster_config(client_configuration=settings)


def _parse(content: str) -> dict[str, t.Any]:
    parsed = yaml.safe_load(content)
    if not isinstance(parsed, dict):
        raise TypeError(type(parsed))
    return parsed


def _has_default() -> bool:
    """Whether there is a kubeconfig where kubectl looks for one."""
    places = os.environ.get("KUBECONFIG") or "~/.kube/config"
    return any(os.path.exists(os.path.expanduser(place)) for place in places.split(os.pathsep) if place)


def _unusable(connection: Connection, error: Exception) -> str:
    """Words that hold no value of the kubeconfig."""
    if connection.kubeconfig and not os.path.exists(os.path.expanduser(connection.kubeconfig)):
        return f"{connection.kubeconfig} is not there"
    if isinstance(error, config.ConfigException):
        return f"it cannot be used: {error}"
    return f"it is not a kubeconfig ({type(error).__name__})"


def _what_happened(error: Exception) -> str:
    if isinstance(error, http.NewConnectionError):
        return "refused the connection"
    if isinstance(error, http.TimeoutError):
        return "did not answer in time"
    return f"broke the connection ({type(error).__name__})"


def _is_cut_off(error: Exception) -> bool:
    """Whether a handshake ended before it told anything, as with a server that is being stopped."""
    cause = error.args[0] if error.args else error
    is_verdict = isinstance(cause, ssl.SSLCertVerificationError)
    return not is_verdict and "eof" in str(cause).lower()  # of three classes, depending on Python and OpenSSL


def _ssl_words(error: Exception) -> str:
    cause = error.args[0] if error.args else error
    return cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else str(cause)


__all__ = ("CONNECTION_OPTIONS", "Connection", "NoAnswerError", "Opened", "Request", "Response", "open_connection")
