"""HTTP as a Lambda function URL, or an HTTP API, hands it over; and answers with every header that keeps a page safe.

Payload format 2.0: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from reaper.pages.layout import style_source
from reaper.pages.problems import Problem, problem_page

LARGEST_BODY: Final = 512 * 1024
"""Bytes; Slack sends the whole message back with a click, which is far less."""
LARGEST_FORM: Final = 4096
"""Bytes of an answer's form, which has two fields."""

PAGE_POLICY: Final = (
    f"default-src 'none'; style-src {style_source()}; img-src data:; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
"""Content-Security-Policy of our own pages: their one stylesheet by its hash, forms to themselves, and nothing else."""
REPORT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'; sandbox"
)
"""The same of a kept report: one file with its styles and charts in it, which runs nothing and posts nothing."""

_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": PAGE_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow",
}


class BadRequest(Exception):  # noqa: N818 - what is wrong is the request
    """A request that cannot be understood, or is not taken."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.heading)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are in lower case, ``query`` is not decoded, ``body`` is as it was sent."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered; ``headers`` add to those that every answer has, or replace them."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def as_event(self, method: str = "GET") -> dict[str, Any]:
        """What the function returns; the answer to HEAD is that to GET without its body."""
        return {
            "statusCode": self.status,
            "headers": {"content-type": "text/html; charset=utf-8", **_HEADERS, **self.headers},
            "body": "" if method == "HEAD" else self.body,
            "isBase64Encoded": False,
        }


def problem_reply(problem: Problem, **headers: str) -> Reply:
    """The page for ``problem``; ``retry_after="30"`` is the header ``retry-after: 30``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=problem.status, body=problem_page(problem), headers=named)


def text_reply(status: int, text: str = "") -> Reply:
    """A short answer for a program."""
    return Reply(status=status, body=text, headers={"content-type": "text/plain; charset=utf-8"})


def read_request(event: Mapping[str, Any]) -> Request:
    """The request in ``event``.

    Raises:
        BadRequest: it is none, or its body is too large.
    """
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, dict) else None
    path, method = event.get("rawPath"), http.get("method") if isinstance(http, dict) else None
    if not isinstance(path, str) or not isinstance(method, str):
        raise BadRequest(Problem.GARBLED)
    # An HTTP API puts the stage first, unless it is the default one; a function URL has no other.
    stage = context.get("stage") if isinstance(context, dict) else None
    if isinstance(stage, str) and path.startswith(f"/{stage}/"):
        path = path[len(stage) + 1 :]
    headers = event.get("headers") or {}
    return Request(
        method=method.upper(),
        path=path,
        query=str(event.get("rawQueryString") or ""),
        headers={str(name).lower(): str(value) for name, value in dict(headers).items()},
        body=_body(event),
    )


def read_form(request: Request, largest: int = LARGEST_FORM) -> Mapping[str, str]:
    """The fields of a form, each of which may be there once.

    Raises:
        BadRequest: it is no form, or it is too large.
    """
    if len(request.body) > largest:
        raise BadRequest(Problem.TOO_LARGE)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadRequest(Problem.GARBLED)
    try:
        fields = parse_qs(request.body.decode("utf-8"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        raise BadRequest(Problem.GARBLED) from None
    if any(len(values) > 1 for values in fields.values()):
        raise BadRequest(Problem.GARBLED)
    return {name: value for name, [value] in fields.items()}


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not isinstance(body, str):
        raise BadRequest(Problem.GARBLED)
    if len(body) > LARGEST_BODY * 4 // 3 + 4:
        raise BadRequest(Problem.TOO_LARGE)
    try:
        found = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode("utf-8")
    except (binascii.Error, ValueError):
        raise BadRequest(Problem.GARBLED) from None
    if len(found) > LARGEST_BODY:
        raise BadRequest(Problem.TOO_LARGE)
    return found
