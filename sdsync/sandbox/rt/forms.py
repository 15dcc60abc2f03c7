"""Bodies of the desk's writes: JSON, multipart with a JSON part, plain text."""

from __future__ import annotations

import base64
import json
from email import message_from_bytes
from email.message import Message

from sdsync.sandbox.call import Call, Json, Refused, message


def form(call: Call) -> dict[str, Json]:
    """The fields of a write. A text body is the content of a message."""
    kind = call.headers.get("content-type", "application/json")
    if kind.startswith("multipart/form-data"):
        raw = next((part for part in _parts(call) if _name(part) == "JSON"), None)
        if raw is None:
            raise Refused(message(400, "JSON is a required field for multipart/form-data"))
        value = json.loads(_content(raw))
        return value if isinstance(value, dict) else {}
    if kind.startswith(("text/plain", "text/html")):
        return {"Content": call.body.decode("utf-8", "replace"), "ContentType": kind.split(";")[0]}
    return {**call.json(), **{key: value for key, value in call.query if "[" not in key}}


def uploads(call: Call, data: dict[str, Json]) -> dict[str, Json]:
    """The fields with files of a multipart body added, and files checked as the product does."""
    if call.headers.get("content-type", "").startswith("multipart/form-data"):
        files = [_upload(part) for part in _parts(call) if _name(part) == "Attachments"]
        if files:
            data = {**data, "Attachments": files}
    given = data.get("Attachments") or []
    if not isinstance(given, list):
        raise Refused(message(400, "Attachments must be an array"))
    for one in given:
        for field in ("FileName", "FileType", "FileContent"):
            if not isinstance(one, dict) or not one.get(field):
                text = f"{field} is a required field for each attachment in Attachments"
                raise Refused(message(400, text))
    return data


def _parts(call: Call) -> list[Message]:
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    parsed = message_from_bytes(head + call.body)
    found = parsed.get_payload()
    return [one for one in found if isinstance(one, Message)] if isinstance(found, list) else []


def _name(part: Message) -> str:
    return str(part.get_param("name", "", "content-disposition"))


def _content(part: Message) -> bytes:
    value = part.get_payload(decode=True)
    return value if isinstance(value, bytes) else b""


def _upload(part: Message) -> dict[str, Json]:
    return {
        "FileName": part.get_filename() or "",
        "FileType": part.get_content_type(),
        "FileContent": base64.b64encode(_content(part)).decode("ascii"),
    }
