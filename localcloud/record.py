"""The record of every call the embedded cloud received."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

# What users wrote or saw is never kept, not even here.
_USER_CONTENT = frozenset({"Code", "CodeBlock", "CalculationConfiguration", "Output", "connectionToken"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it arrived, and what became of it.

    `status` is the HTTP status, 0 when the connection was closed without an answer; `error` the error code, None on
    success; `at` the world's time in seconds since the epoch; `principal` an access key id or a role ARN.
    """

    service: str
    operation: str
    account: str
    region: str
    principal: str
    parameters: Mapping[str, Any]
    status: int
    error: str | None
    at: float

    @property
    def key(self) -> str:
        """`service:Operation`, as IAM and the report write it."""
        return f"{self.service}:{self.operation}"

    def to_json(self) -> dict[str, Any]:
        """Return the call as plain JSON data."""
        return asdict(self)


class Record:
    """Remembers every call in order of completion. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Remember a call, without the content of users."""
        if not _USER_CONTENT.isdisjoint(call.parameters):
            kept = {name: value for name, value in call.parameters.items() if name not in _USER_CONTENT}
            call = Call(**{**call.to_json(), "parameters": kept})
        with self._lock:
            self._calls.append(call)

    def list(self, service: str | None = None, operation: str | None = None, **parameters: object) -> list[Call]:
        """Return the calls so far, oldest first, of one service, operation or parameter values if given."""
        with self._lock:
            calls = self._calls[:]
        return [
            call
            for call in calls
            if (service is None or call.service == service)
            and (operation is None or call.operation == operation)
            and all(call.parameters.get(name) == value for name, value in parameters.items())
        ]

    def counts(self) -> dict[str, int]:
        """Return how often each `service:Operation` was called, failures and retries included."""
        with self._lock:
            return dict(Counter(call.key for call in self._calls))

    def clear(self) -> None:
        """Forget every call."""
        with self._lock:
            self._calls.clear()

    def __len__(self) -> int:
        """Return the number of calls."""
        return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        """Iterate over the calls so far."""
        return iter(self.list())
