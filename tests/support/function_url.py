"""A function URL on a local port: turns requests into the events that Lambda makes of them, and answers back.

Event and answer are those of payload format 2.0 (Lambda's developer guide, "Invoking Lambda function URLs").
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl

Handler = Callable[[dict[str, Any], Any], Any]
_READABLE = ("text/", "application/json", "application/javascript", "application/xml")
_ANSWER = {"statusCode", "headers", "body", "isBase64Encoded", "cookies"}


@dataclass
class Requests:
    """What was asked and answered, in order."""

    events: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)

    def of(self, method: str) -> list[str]:
        """The paths asked for with ``method``."""
        return [
            event["rawPath"] for event in self.events if event["requestContext"]["http"]["method"] == method.upper()
        ]


class FunctionUrl:
    """Serves a handler; a context manager. One invocation at a time, as one instance of a function does."""

    def __init__(self, handler: Handler, context: Any = None) -> None:
        self.handler, self.context, self.requests = handler, context, Requests()
        self._one_at_a_time = threading.Lock()
        serving = type("Serving", (_Serving,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), serving)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Where it is, ending with a slash."""
        return f"http://127.0.0.1:{self._http.server_port}/"

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """What the function answers; raises :class:`TypeError` on an answer that Lambda would turn into a 502."""
        with self._one_at_a_time:
            self.requests.events.append(event)
            answer = self.handler(event, self.context)
            if (
                not isinstance(answer, dict)
                or not answer.keys() <= _ANSWER
                or not isinstance(answer["statusCode"], int)
            ):
                raise TypeError(f"no answer of a function URL: {answer!r}")
            strings = [*answer.get("headers", {}).values(), answer.get("body", "")]
            if not all(isinstance(one, str) for one in strings):
                raise TypeError(f"headers and body have to be texts: {answer!r}")
            self.requests.answers.append(answer)
            return answer

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def event_of(method: str, target: str, headers: Mapping[str, str], body: bytes, host: str = "local") -> dict[str, Any]:
    """The event of one request. Lambda encodes every body that is not text by its type, forms among them."""
    path, _, query = target.partition("?")
    low = {name.lower(): value for name, value in headers.items()}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": low,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": low.get("user-agent", ""),
            },
            "requestId": "r-1",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Mar/2026:12:00:00 +0000",
            "timeEpoch": 1772366400000,
        },
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(parse_qsl(query, keep_blank_values=True))
    if body:
        plain = low.get("content-type", "").startswith(_READABLE)
        event["body"] = body.decode() if plain else base64.b64encode(body).decode()
        event["isBase64Encoded"] = not plain
    return event


class _Serving(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: ClassVar[FunctionUrl]

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        event = event_of(self.command, self.path, dict(self.headers.items()), body, self.headers.get("host", "local"))
        try:
            answer = self.owner.invoke(event)
        except Exception as error:  # noqa: BLE001 - Lambda answers for a function that failed
            answer = {"statusCode": 502, "body": f"Internal Server Error: {error}"}
        content = answer.get("body", "")
        sent = base64.b64decode(content) if answer.get("isBase64Encoded") else content.encode()
        self.send_response_only(answer["statusCode"])
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        for cookie in answer.get("cookies", ()):
            self.send_header("Set-Cookie", cookie)
        if answer["statusCode"] != 304:
            self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(sent)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = _serve  # noqa: N815 - what http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
        """Log nothing."""
