# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WSMan over HTTP(S) with NTLM and message encryption, and the shells behind it."""

from __future__ import annotations

import base64
import contextlib
import http.server
import ssl
import threading
import typing as t

import spnego
from ansible_collections.edgeops.registry.tests.emulator import wsman
from ansible_collections.edgeops.registry.tests.emulator.device import Device
from ansible_collections.edgeops.registry.tests.emulator.shells import Shell
from pypsrp.encryption import WinRMEncryption

BOUNDARY = "Encrypted Boundary"
PLAIN = "application/soap+xml;charset=UTF-8"
ENCRYPTED = f'multipart/encrypted;protocol="{WinRMEncryption.SPNEGO}";boundary="{BOUNDARY}"'


class CutError(Exception):
    """The connection ends here, without an answer."""


class Server(http.server.ThreadingHTTPServer):
    """The device's WSMan listener. Its accounts are those in the file that NTLM_USER_FILE names."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, device: Device, port: int, certificate: tuple[str, str] | None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.device = device
        self.shells: dict[str, Shell] = {}
        self.opened = self.closed = self.logins = 0
        self.encrypts = certificate is None
        self._lock = threading.Lock()
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def perform(self, request: wsman.Request) -> bytes:
        """Do what a request asks for.

        Raises:
            wsman.FaultError: it cannot be done.
            CutError: a test wants the connection to end.
        """
        actions: dict[str, t.Callable[[wsman.Request], bytes]] = {
            "Create": self._create,
            "Delete": self._delete,
            "Command": self._command,
            "Send": self._send,
            "Receive": self._receive,
            "Signal": self._signal,
            "Get": self._get,
        }
        if request.action not in actions:
            raise wsman.FaultError(0, f"The action {request.action} is not supported.")
        return actions[request.action](request)

    def _shell(self, request: wsman.Request) -> Shell:
        shell = self.shells.get(request.shell_id)
        if shell is None:
            raise wsman.FaultError(wsman.NO_SUCH_SHELL, "The shell was not found on the server.")
        return shell

    def _create(self, request: wsman.Request) -> bytes:
        knobs = self.device.knobs
        if request.resource.rsplit("/", 1)[-1] != knobs.configuration:
            raise wsman.FaultError(wsman.NO_SUCH_CONFIGURATION, f"The resource URI {request.resource} was not found.")
        shell = request.find("rsp:Shell")
        creation = next(child for child in shell if child.tag.endswith("creationXml"))
        shell_id = shell.attrib["ShellId"].upper()
        with self._lock:
            if len(self.shells) >= knobs.shells_per_user:
                raise wsman.FaultError(
                    wsman.TOO_MANY_SHELLS,
                    f"This user is allowed a maximum number of {knobs.shells_per_user} concurrent shells.",
                )
            self.shells[shell_id] = Shell(self.device, shell_id, base64.b64decode(creation.text or ""))
            self.opened += 1
        return wsman.answer(request, *wsman.created(request.resource, shell_id))

    def _delete(self, request: wsman.Request) -> bytes:
        self._shell(request).close()
        with self._lock:
            del self.shells[request.shell_id]
            self.closed += 1
        return wsman.answer(request)

    def _command(self, request: wsman.Request) -> bytes:
        command_id = request.find("rsp:CommandLine").attrib["CommandId"].upper()
        self._shell(request).command(command_id, request.data("rsp:CommandLine/rsp:Arguments"))
        return wsman.answer(request, wsman.command_response(command_id))

    def _send(self, request: wsman.Request) -> bytes:
        self._shell(request).send(request.data("rsp:Send/rsp:Stream"))
        return wsman.answer(request, wsman.empty_response("Send"))

    def _receive(self, request: wsman.Request) -> bytes:
        shell = self._shell(request)
        command_id = request.find("rsp:Receive/rsp:DesiredStream").attrib.get("CommandId", "").upper()
        if self.device.knobs.cut and self.device.knobs.cut in (shell.running if command_id else ["open"]):
            self.device.knobs.cut = ""
            raise CutError
        chunks, done = shell.receive(command_id, request.timeout)
        return wsman.answer(request, wsman.receive_response(command_id, chunks, done=done))

    def _signal(self, request: wsman.Request) -> bytes:
        self._shell(request).signal(request.find("rsp:Signal").attrib["CommandId"].upper())
        return wsman.answer(request, wsman.empty_response("Signal"))

    def _get(self, request: wsman.Request) -> bytes:
        return wsman.answer(request, wsman.configuration())


class Handler(http.server.BaseHTTPRequestHandler):
    """One TCP connection: who is at its other end holds for as long as it lasts."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes
    server: Server

    def setup(self) -> None:
        super().setup()
        options = spnego.NegotiateOptions.wrapping_winrm if self.server.encrypts else spnego.NegotiateOptions.none
        self._context = spnego.server(protocol="negotiate", options=options)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (OSError, CutError):
            self.close_connection = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != f"/{self.server.device.knobs.path}":
            self._reply(404, b"", {})
            return
        token: bytes | None = None
        if not self._context.complete:
            token = self._authenticate()
            if not self._context.complete:
                self._reply(401, b"", {"WWW-Authenticate": _challenge(token)})
                return
            self.server.logins += 1
        headers = {"WWW-Authenticate": _challenge(token)} if token else {}
        if not body:
            self._reply(200, b"", headers)
        else:
            self._answer(body, headers)

    def _authenticate(self) -> bytes | None:
        word = self.headers.get("Authorization", "").partition(" ")[2]
        if not word:
            return None
        with contextlib.suppress(spnego.exceptions.SpnegoError):
            return self._context.step(base64.b64decode(word))
        self.setup_again()
        return None

    def setup_again(self) -> None:
        """A refused login leaves nothing behind."""
        self._context = spnego.server(protocol="negotiate")

    def _answer(self, body: bytes, headers: dict[str, str]) -> None:
        encryption = WinRMEncryption(self._context, WinRMEncryption.SPNEGO) if self.server.encrypts else None
        if encryption is not None:
            if not self.headers.get("Content-Type", "").startswith("multipart/encrypted"):
                self._reply(500, b"", headers)  # as a listener that allows nothing unencrypted
                return
            body = encryption.unwrap_message(body, BOUNDARY)
        request = wsman.Request.parse(body)
        try:
            status, content = 200, self.server.perform(request)
        except wsman.FaultError as error:
            status, content = 500, wsman.fault(request.message_id, error)
        if encryption is not None:
            content = encryption.wrap_message(content)[1]
        self._reply(status, content, {**headers, "Content-Type": ENCRYPTED if encryption else PLAIN})

    def _reply(self, status: int, content: bytes, headers: t.Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


def _challenge(token: bytes | None) -> str:
    return f"Negotiate {base64.b64encode(token).decode()}" if token else "Negotiate"
