"""Send one signed call over urllib3, and try again where that is safe.

The promise of ``Transport.call``: it returns the decoded JSON object of a successful response, without the secrets it
held, or raises ``EmrServerlessSparkError``. Nothing else comes out.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast
from urllib.parse import urlsplit
from uuid import uuid4

import urllib3

from reaper.providers.emr_serverless_spark.errors import EmrServerlessSparkError, error_of
from reaper.providers.emr_serverless_spark.signing import Credentials, Request, canonical_query, signed_headers
from reaper.sweep.ports import Trouble

API_VERSION = "2023-08-08"

_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.2, 5.0  # seconds
_CONNECTIONS = 16
_REDIRECT_OR_ERROR, _ERROR = 300, 400

_FINE = ("200", "ok", "success")

# ``connectionToken`` opens a session to whoever holds it; nothing here needs it, so it goes before anyone sees it.
_SECRET_KEYS = frozenset({"connectionToken"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API. ``changes`` marks the one that is sent once."""

    name: str
    method: str
    changes: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How long reads go on: attempts, seconds to connect and to read in each, and the longest wait a service may ask for."""

    attempts: int
    connect: float
    read: float
    wait: float


PATIENT = Patience(attempts=4, connect=5.0, read=30.0, wait=20.0)
BRISK = Patience(attempts=2, connect=2.0, read=3.0, wait=1.0)
"""Right before a stop, an answer that comes late is none."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the API is: a base URL without path, such as ``https://emr-serverless-spark.cn-hangzhou.aliyuncs.com``."""

    scheme: str
    host: str

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return f"{self.scheme}://{self.host}"


def endpoint_for(region: str, override: str | None = None) -> Endpoint:
    """The region's public endpoint, or ``override``, an http or https URL of a host and optional port.

    Raises ValueError with a sentence for a region that cannot be part of a host name and for any other URL.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", region):
        message = f"{region!r} is not an Alibaba Cloud region id; expected something like 'cn-hangzhou'"
        raise ValueError(message)
    if override is None:
        return Endpoint("https", f"emr-serverless-spark.{region}.aliyuncs.com")
    parts = urlsplit(override)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.username
        or override.rstrip("/") != (f"{parts.scheme}://{parts.netloc}")
    ):
        message = f"{override!r} is not an endpoint; expected http(s)://host or http(s)://host:port"
        raise ValueError(message)
    return Endpoint(parts.scheme, parts.netloc)


class Transport:
    """A signed connection to one endpoint; safe to share between threads.

    ``sleep`` (seconds) and ``jitter`` (a number in [0, 1)) are given by tests, which
    do not wait.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Credentials,
        *,
        patience: Patience = PATIENT,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Connect lazily: nothing is sent before the first call."""
        self._endpoint = endpoint
        self._credentials = credentials
        self._sleep = sleep
        self._jitter = jitter
        self._patience = patience
        timeout = urllib3.Timeout(connect=patience.connect, read=patience.read)
        self._http = urllib3.PoolManager(maxsize=_CONNECTIONS, timeout=timeout, retries=False)

    def with_patience(self, patience: Patience) -> Transport:
        """Another connection to the same endpoint, as patient as that."""
        return Transport(self._endpoint, self._credentials, patience=patience, sleep=self._sleep, jitter=self._jitter)

    def call(
        self, operation: Operation, path: str, query: Mapping[str, str], body: Mapping[str, str] | None = None
    ) -> dict[str, object]:
        """Carry out one call and return the response's JSON object.

        A read is repeated after throttling, a server error, a lost connection and an unreadable response. A call that
        changes something is sent once: whoever looked at a session just now must not act on that much later.
        """
        attempt = 1
        while True:
            failure = self._attempt(operation, path, query, body)
            if not isinstance(failure, _Failure):
                return failure
            wait = self._wait_before_next(operation, failure, attempt)
            if wait is None:
                raise failure.error
            self._sleep(wait)
            attempt += 1

    def _wait_before_next(self, operation: Operation, failure: _Failure, attempt: int) -> float | None:
        """Seconds to wait before the next attempt, None when there must be none."""
        if operation.changes or not failure.may_pass or attempt >= self._patience.attempts:
            return None
        if failure.retry_after is not None:
            return failure.retry_after if failure.retry_after <= self._patience.wait else None
        backoff = min(_FIRST_BACKOFF * 2 ** (attempt - 1), _LONGEST_BACKOFF)
        return backoff * (0.5 + 0.5 * self._jitter())

    def _attempt(
        self, operation: Operation, path: str, query: Mapping[str, str], body: Mapping[str, str] | None
    ) -> dict[str, object] | _Failure:
        payload = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        request = Request(
            method=operation.method,
            host=self._endpoint.host,
            path=path,
            action=operation.name,
            version=API_VERSION,
            query=query,
            body=payload,
            content_type=None if body is None else "application/json; charset=utf-8",
        )
        # Signed anew for each attempt: the service refuses a nonce it has seen and a date that is too old.
        headers = signed_headers(request, self._credentials, date=datetime.now(UTC), nonce=uuid4().hex)
        headers |= {"accept": "application/json", "user-agent": "session-reaper"}
        question = "?" if query else ""
        try:
            response = self._http.request(
                operation.method,
                f"{self._endpoint.url}{path}{question}{canonical_query(query)}",
                body=payload or None,
                headers=headers,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            return _lost(operation, self._endpoint, error)
        return _read(operation, response)


@dataclass(frozen=True, slots=True)
class _Failure:
    """One attempt that failed. ``retry_after`` is the wait in seconds that the service asked for."""

    error: EmrServerlessSparkError
    may_pass: bool
    retry_after: float | None = None


def _lost(operation: Operation, endpoint: Endpoint, error: urllib3.exceptions.HTTPError) -> _Failure:
    never_sent = isinstance(error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)
    what = "could not connect" if never_sent else "connection lost or timed out"
    message = f"{what} to {endpoint.url} ({type(error).__name__})"
    unreachable = EmrServerlessSparkError(operation.name, Trouble.UNREACHABLE, "Unreachable", message)
    return _Failure(unreachable, may_pass=True)


def _read(operation: Operation, response: urllib3.BaseHTTPResponse) -> dict[str, object] | _Failure:
    body = _json_object(response.data)
    status = response.status
    if status >= _ERROR or (body is not None and _tells_of_error(body)):
        error = error_of(operation.name, status, body or {})
        return _Failure(
            error,
            may_pass=error.trouble in (Trouble.THROTTLED, Trouble.SERVER),
            retry_after=_retry_after(response.headers),
        )
    if body is None or status >= _REDIRECT_OR_ERROR:
        message = "the response is not the JSON object it should be; is something between us and the service?"
        garbled = EmrServerlessSparkError(operation.name, Trouble.GARBLED, "MalformedResponse", message, status=status)
        return _Failure(garbled, may_pass=True)
    return body


def _tells_of_error(body: Mapping[str, object]) -> bool:
    """Whether the body of a successful response reports an error, as some of the vendor's services do with HTTP 200.

    Read as a list, such an answer would be an empty one.
    """
    code = body.get("Code") or body.get("code")
    return body.get("success") is False or (isinstance(code, str) and code.lower() not in _FINE)


def _json_object(data: bytes) -> dict[str, object] | None:
    def without_secrets(pairs: list[tuple[str, object]]) -> dict[str, object]:
        return {key: value for key, value in pairs if key not in _SECRET_KEYS}

    try:
        decoded: object = json.loads(data, object_pairs_hook=without_secrets)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, object]", decoded) if isinstance(decoded, dict) else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the service asks us to wait; None for none, for a date, and for nonsense.

    ``x-acs-retry-after`` is in milliseconds, as the vendor's SDK takes it; the standard ``Retry-After`` in seconds.
    """
    for name, per_second in (("x-acs-retry-after", 1000), ("retry-after", 1)):
        value = headers.get(name, "")
        if value.isascii() and value.isdigit() and int(value) > 0:
            return int(value) / per_second
    return None
