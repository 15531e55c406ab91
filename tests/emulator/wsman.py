# Copyright (c) 2026, edgeops.registry contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of WS-Management ([MS-WSMV]): what a request says, and what answers look like."""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t
import uuid
import xml.etree.ElementTree as ET

S = "http://www.w3.org/2003/05/soap-envelope"
A = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
W = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
F = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
X = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
RSP = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CFG = "http://schemas.microsoft.com/wbem/wsman/1/config"
NAMES = {"s": S, "a": A, "w": W, "rsp": RSP}
DONE = f"{RSP}/CommandState/Done"
RUNNING = f"{RSP}/CommandState/Running"

OPERATION_TIMEOUT = 2150858793
NO_SUCH_CONFIGURATION = 2150858811
NO_SUCH_SHELL = 2150858843
TOO_MANY_SHELLS = 2150859173


class FaultError(Exception):
    """A request is answered by a fault."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclasses.dataclass(frozen=True)
class Request:
    """A request: `action` is the last part of its URI, `timeout` is in seconds."""

    action: str
    message_id: str
    resource: str
    shell_id: str
    timeout: float
    body: ET.Element

    @classmethod
    def parse(cls, data: bytes) -> Request:
        root = ET.XML(data)
        header = root.find("s:Header", NAMES)
        body = root.find("s:Body", NAMES)
        if header is None or body is None:
            raise FaultError(0, "no header or no body")
        seconds = re.search(r"[0-9.]+", header.findtext("w:OperationTimeout", "PT20S", NAMES))
        return cls(
            action=header.findtext("a:Action", "", NAMES).rsplit("/", 1)[-1],
            message_id=header.findtext("a:MessageID", "", NAMES),
            resource=header.findtext("w:ResourceURI", "", NAMES),
            shell_id=header.findtext("w:SelectorSet/w:Selector", "", NAMES).upper(),
            timeout=float(seconds.group()) if seconds else 20.0,
            body=body,
        )

    def find(self, path: str) -> ET.Element:
        found = self.body.find(path, NAMES)
        if found is None:
            raise FaultError(0, f"no {path}")
        return found

    def data(self, path: str) -> bytes:
        return base64.b64decode(self.find(path).text or "")


def answer(request: Request, *content: ET.Element) -> bytes:
    """The envelope around an answer."""
    return _envelope(request.message_id, f"{request.action}Response", *content)


def fault(message_id: str, error: FaultError) -> bytes:
    """The envelope of a fault."""
    content = ET.Element(f"{{{S}}}Fault")
    ET.SubElement(ET.SubElement(content, f"{{{S}}}Code"), f"{{{S}}}Value").text = "s:Receiver"
    ET.SubElement(ET.SubElement(content, f"{{{S}}}Reason"), f"{{{S}}}Text").text = str(error)
    detail = ET.SubElement(ET.SubElement(content, f"{{{S}}}Detail"), f"{{{F}}}WSManFault", Code=str(error.code))
    ET.SubElement(detail, f"{{{F}}}Message").text = str(error)
    return _envelope(message_id, "fault", content)


def _envelope(message_id: str, action: str, *content: ET.Element) -> bytes:
    root = ET.Element(f"{{{S}}}Envelope")
    header = ET.SubElement(root, f"{{{S}}}Header")
    ET.SubElement(header, f"{{{A}}}Action").text = action
    ET.SubElement(header, f"{{{A}}}MessageID").text = f"uuid:{uuid.uuid4()}"
    ET.SubElement(header, f"{{{A}}}RelatesTo").text = message_id
    body = ET.SubElement(root, f"{{{S}}}Body")
    body.extend(content)
    return t.cast("bytes", ET.tostring(root, encoding="utf-8"))


def created(resource: str, shell_id: str) -> tuple[ET.Element, ET.Element]:
    """What Create answers: where the shell is, and the shell."""
    place = ET.Element(f"{{{X}}}ResourceCreated")
    parameters = ET.SubElement(place, f"{{{A}}}ReferenceParameters")
    ET.SubElement(parameters, f"{{{W}}}ResourceURI").text = resource
    ET.SubElement(ET.SubElement(parameters, f"{{{W}}}SelectorSet"), f"{{{W}}}Selector", Name="ShellId").text = shell_id
    shell = ET.Element(f"{{{RSP}}}Shell")
    ET.SubElement(shell, f"{{{RSP}}}ShellId").text = shell_id
    ET.SubElement(shell, f"{{{RSP}}}ResourceUri").text = resource
    return place, shell


def command_response(command_id: str) -> ET.Element:
    content = ET.Element(f"{{{RSP}}}CommandResponse")
    ET.SubElement(content, f"{{{RSP}}}CommandId").text = command_id
    return content


def receive_response(command_id: str, chunks: t.Sequence[bytes], *, done: bool) -> ET.Element:
    content = ET.Element(f"{{{RSP}}}ReceiveResponse")
    names = {"CommandId": command_id} if command_id else {}
    for chunk in chunks:
        stream = ET.SubElement(content, f"{{{RSP}}}Stream", {"Name": "stdout", **names})
        stream.text = base64.b64encode(chunk).decode()
    if command_id:
        ET.SubElement(content, f"{{{RSP}}}CommandState", {"State": DONE if done else RUNNING, **names})
    return content


def empty_response(name: str) -> ET.Element:
    return ET.Element(f"{{{RSP}}}{name}Response")


def configuration() -> ET.Element:
    content = ET.Element(f"{{{CFG}}}Config")
    ET.SubElement(content, f"{{{CFG}}}MaxEnvelopeSizekb").text = "500"
    return content
