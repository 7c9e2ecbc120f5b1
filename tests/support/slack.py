"""A Slack of our own: a local HTTP server that takes what Slack takes, and refuses what it refuses, in its words.

It speaks plain HTTP. The function posts there when ``REAPER_SLACK_API`` is :attr:`FakeSlack.api`, and follows the webhook's
URL in the secret (:attr:`FakeSlack.webhook_url`) because that is of the same host and port; any other ``http://`` is refused.
"""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

TOKEN: Final = "xoxb-1-fake"
WEBHOOK: Final = "/services/T0/B0/fake"

# Slack's Block Kit reference, by hand.
MOST: Final[Mapping[str, int]] = {
    "blocks": 50,
    "header": 150,
    "section": 3000,
    "field": 2000,
    "fields": 10,
    "context": 10,
    "actions": 25,
    "button": 75,
    "value": 2000,
    "url": 3000,
    "id": 255,
    "text": 40_000,
    "confirm title": 100,
    "confirm text": 300,
    "confirm button": 30,
    "element": 3000,
}
MOST_CHARACTERS: Final = 13_200
"""Of all blocks as JSON; beyond it users report msg_blocks_too_long (slackapi/bolt-js issue 2509)."""


@dataclass(frozen=True)
class Post:
    """One message that was taken. ``channel`` is empty for a webhook's."""

    channel: str
    message: Mapping[str, Any]

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return self.message["blocks"]

    def buttons(self) -> list[dict[str, Any]]:
        """Every button in it, in order."""
        inside = [one for block in self.blocks if block["type"] == "actions" for one in block["elements"]]
        return inside + [block["accessory"] for block in self.blocks if "accessory" in block]


@dataclass(frozen=True)
class Trouble:
    """What the next request is answered with instead."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeSlack:
    """The server. ``troubles`` are used up one a request; ``channels``, ``tokens`` and ``webhook`` may be changed."""

    def __init__(self, port: int = 0) -> None:
        self.channels = {"#ops", "#data", "C012AB3CD", "U012AB3CD"}
        self.tokens = {TOKEN}
        self.webhook = WEBHOOK
        self.troubles: deque[Trouble] = deque()
        self.requests = 0
        self._posts: list[Post] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def start(self) -> Self:
        """Serve until :meth:`stop`."""
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def api(self) -> str:
        """For ``REAPER_SLACK_API``."""
        return f"{self.url}/api/"

    @property
    def webhook_url(self) -> str:
        """For the secret."""
        return f"{self.url}{WEBHOOK}"

    def posts(self) -> list[Post]:
        """What was taken, in order."""
        return list(self._posts)

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Trouble:
        """What Slack would say to one request."""
        self.requests += 1
        if self.troubles:
            return self.troubles.popleft()
        if path.startswith("/services/"):
            return self._webhook(path, headers, body)
        if path == "/api/chat.postMessage":
            wrong = self._method(headers, body)
            document = {"ok": True, "ts": "1.1"} if not wrong else {"ok": False, "error": wrong}
            return Trouble(200, json.dumps(document).encode(), {"Content-Type": "application/json"})
        return Trouble(404, b"not found")

    def _webhook(self, path: str, headers: Mapping[str, str], body: bytes) -> Trouble:
        if path != self.webhook:
            return Trouble(404, b"no_service")
        message = _parsed(body) if headers.get("Content-Type", "").startswith("application/json") else None
        if message is None:
            return Trouble(400, b"invalid_payload")
        if wrong := wrong_with(message):
            return Trouble(400, wrong.encode())
        self._posts.append(Post("", message))
        return Trouble(200, b"ok")

    def _method(self, headers: Mapping[str, str], body: bytes) -> str:
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return "not_authed"
        if token not in self.tokens:
            return "invalid_auth"
        message = _parsed(body)
        if message is None or not headers.get("Content-Type", "").startswith("application/json"):
            return "invalid_json"
        if message.get("channel") not in self.channels:
            return "channel_not_found"
        wrong = wrong_with(message)
        if not wrong:
            self._posts.append(Post(message["channel"], message))
        return wrong

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        slack = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                told = slack.answer(self.path, self.headers, body)  # type: ignore[arg-type] - a mapping in all that is used
                self.send_response(told.status)
                for name, value in told.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(told.body)))
                self.end_headers()
                self.wfile.write(told.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
                pass

        return Handler


def wrong_with(message: Mapping[str, Any]) -> str:
    """Slack's word for what is wrong with a message; empty for one it takes."""
    blocks, fallback = message.get("blocks"), message.get("text")
    if not isinstance(blocks, list) or not blocks:
        return "" if fallback else "no_text"
    if len(blocks) > MOST["blocks"]:
        return "invalid_blocks"
    if not isinstance(fallback, str) or len(fallback) > MOST["text"]:
        return "msg_too_long"
    if len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > MOST_CHARACTERS:
        return "msg_blocks_too_long"
    return "" if all(_fits(block) for block in blocks) else "invalid_blocks"


def _fits(block: Mapping[str, Any]) -> bool:
    match block.get("type"):
        case "header":
            return block["text"]["type"] == "plain_text" and _text(block["text"], "header")
        case "section":
            fields = block.get("fields", [])
            return (
                (_text(block["text"], "section") if "text" in block else bool(fields))
                and len(fields) <= MOST["fields"]
                and all(_text(one, "field") for one in fields)
                and ("accessory" not in block or _button(block["accessory"]))
            )
        case "context":
            inside = block["elements"]
            return 1 <= len(inside) <= MOST["context"] and all(_text(one, "element") for one in inside)
        case "actions":
            buttons = block["elements"]
            ids = [one.get("action_id") for one in buttons]
            return 1 <= len(buttons) <= MOST["actions"] and all(map(_button, buttons)) and len(set(ids)) == len(ids)
        case "divider":
            return True
        case _:
            return False


def _button(one: Mapping[str, Any]) -> bool:
    confirm = one.get("confirm")
    return (
        one["type"] == "button"
        and one["text"]["type"] == "plain_text"
        and _text(one["text"], "button")
        and len(one.get("action_id", "")) <= MOST["id"]
        and len(one.get("value", "")) <= MOST["value"]
        and len(one.get("url", "")) <= MOST["url"]
        and re.fullmatch(r"(https?://\S+)?", one.get("url", "")) is not None
        and one.get("style") in {None, "primary", "danger"}
        and (
            confirm is None
            or (
                _text(confirm["title"], "confirm title")
                and _text(confirm["text"], "confirm text")
                and _text(confirm["confirm"], "confirm button")
                and _text(confirm["deny"], "confirm button")
            )
        )
    )


def _text(one: Mapping[str, Any], limit: str) -> bool:
    # `emoji` is for plain text alone, `verbatim` for mrkdwn.
    known = {"plain_text": {"type", "text", "emoji"}, "mrkdwn": {"type", "text", "verbatim"}}
    return one.keys() <= known.get(one["type"], set()) and 1 <= len(one["text"]) <= MOST[limit]


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
