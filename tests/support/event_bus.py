"""An event bus in memory: takes what EventBridge takes, refuses what it refuses, and fails when it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

MOST_BYTES = 256 * 1024
"""Of all entries of a request together: what every partition takes."""


@cache
def _input() -> Any:
    return botocore.session.Session().get_service_model("events").operation_model("PutEvents").input_shape


def delivered(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule hands on for an entry that was put."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "account": "123456789012",
        "region": "eu-central-1",
        "time": entry["Time"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "resources": entry["Resources"],
        "detail": json.loads(entry["Detail"]),
    }


def refusal(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutEvents")


class EventBus:
    """``fails`` says of the n-th request (from 0) what it raises, or the error code of each entry (``None``: taken)."""

    def __init__(self, fails: Callable[[int, list[Any]], Any] | None = None) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.taken: list[dict[str, Any]] = []
        self._fails = fails or (lambda _number, entries: [None] * len(entries))
        self._lock = threading.Lock()

    def put_events(self, **request: Any) -> Mapping[str, Any]:
        validate_parameters(request, _input())
        entries = request["Entries"]
        with self._lock:
            number = len(self.requests)
            self.requests.append(entries)
            if len(entries) > 10 or sum(map(_size, entries)) > MOST_BYTES:
                raise refusal("ValidationException")
            answer = self._fails(number, entries)
            if isinstance(answer, Exception):
                raise answer
            codes = [code or _wrong(entry) for code, entry in zip(answer, entries, strict=True)]
            self.taken += [delivered(entry) for code, entry in zip(codes, entries, strict=True) if code is None]
            return {
                "FailedEntryCount": len(codes) - codes.count(None),
                "Entries": [{"EventId": "1"} if code is None else {"ErrorCode": code} for code in codes],
            }


def _size(entry: Mapping[str, Any]) -> int:
    texts = [entry["Source"], entry["DetailType"], entry["Detail"], *entry["Resources"]]
    return 14 + sum(len(text.encode()) for text in texts)


def _wrong(entry: Mapping[str, Any]) -> str | None:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        detail = json.loads(entry["Detail"], parse_constant=refuse)
        json.dumps(detail, ensure_ascii=False).encode()
    except ValueError:
        return "MalformedDetail"
    return None if isinstance(detail, dict) else "MalformedDetail"
