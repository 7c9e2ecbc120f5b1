"""Faults: how a test or the demo makes the embedded cloud misbehave, and makes sessions wake up at the worst moment."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Kind = Literal[
    "denied",
    "throttled",
    "server_error",
    "slow",
    "garbage",
    "repeat_token",
    "empty_page_with_token",
    "absent_list",
    "timeout",
    "expired_credentials",
    "invalid_credentials",
    "error",
]
KINDS: frozenset[str] = frozenset(get_args(Kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule: which calls it hits, what happens to them, and how often.

    - `service`, `operation`: names, or `*`; `account`, `region`: None for any;
    - `match`: request parameters that must be equal, a subset of the request (`{"SessionId": "x"}`);
    - `skip`: the first so many matching calls go unharmed; `times`: then so many are hit, None for all of them;
    - `kind`: `denied`, `throttled`, `server_error` and the two of credentials answer as the service at hand would;
      `slow` delays by `seconds` and then answers; `garbage` answers 200 with something that is not the protocol;
      `repeat_token` returns the page with the token that asked for it; `empty_page_with_token` an empty page before
      the real one; `absent_list` leaves the list out of the answer; `timeout` closes the connection unanswered, after
      `seconds`; `error` answers with the given `code`, `status` and `message`.
    - `retry_after`: seconds, for `throttled`, sent where the service has such a header.
    """

    kind: Kind
    service: str = "*"
    operation: str = "*"
    account: str | None = None
    region: str | None = None
    match: Mapping[str, Any] = field(default_factory=dict[str, Any])
    skip: int = 0
    times: int | None = None
    seconds: float = 0.0
    retry_after: int | None = None
    code: str = ""
    status: int = 400
    message: str = ""

    def __post_init__(self) -> None:
        """Reject a kind that does not exist, and an `error` without a code."""
        if self.kind not in KINDS:
            msg = f"unknown kind of fault {self.kind!r}; one of {', '.join(sorted(KINDS))}"
            raise ValueError(msg)
        if self.kind == "error" and not self.code:
            msg = "a fault of kind 'error' needs a code"
            raise ValueError(msg)

    def hits(self, service: str, operation: str, account: str, region: str, parameters: Mapping[str, Any]) -> bool:
        """Whether the rule speaks of this call."""
        return (
            self.service in ("*", service)
            and self.operation in ("*", operation)
            and self.account in (None, account)
            and self.region in (None, region)
            and all(parameters.get(name) == value for name, value in self.match.items())
        )


class Faults:
    """The rules in force. Thread-safe. The first that hits a call decides it; delays of `slow` rules add up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[list[Any]] = []  # [Fault, calls it has seen]

    def add(self, kind: Kind, service: str = "*", operation: str = "*", **options: Any) -> Fault:
        """Put a rule in force, after those there are; see `Fault` for the options."""
        fault = Fault(kind=kind, service=service, operation=operation, **options)
        with self._lock:
            self._rules.append([fault, 0])
        return fault

    def clear(self) -> None:
        """Lift every rule."""
        with self._lock:
            self._rules.clear()

    def list(self) -> list[Fault]:
        """Return the rules, exhausted ones included."""
        with self._lock:
            return [fault for fault, _ in self._rules]

    def on_call(
        self, service: str, operation: str, account: str, region: str, parameters: Mapping[str, Any]
    ) -> tuple[float, Fault | None]:
        """Return the delay in seconds and the fault that this call meets, and count it."""
        delay = 0.0
        if not self._rules:
            return delay, None
        with self._lock:
            for rule in self._rules:
                fault: Fault = rule[0]
                if not fault.hits(service, operation, account, region, parameters):
                    continue
                seen: int = rule[1]
                rule[1] = seen + 1
                if seen < fault.skip or (fault.times is not None and seen >= fault.skip + fault.times):
                    continue
                if fault.kind != "slow":
                    return delay, fault
                delay += fault.seconds
        return delay, None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """One rule by which a session gets work to do, once.

    Either `at`, a moment of the world's clock in seconds since the epoch, or right after the `calls`-th call of
    `operation` (with parameters equal to `match`) has been answered, counted from when the rule was made.
    """

    service: str
    session: str
    at: float | None = None
    operation: str | None = None
    calls: int = 1
    match: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        """Reject a rule that names no moment, or two."""
        if (self.at is None) == (self.operation is None):
            msg = "a wake-up happens either at a moment or after a call of an operation: give `at` or `operation`"
            raise ValueError(msg)


class Wakes:
    """The wake-ups still to come. `wake(service, session)` is called once for each, outside any lock of this class."""

    def __init__(self, wake: Callable[[str, str], None]) -> None:
        self._lock = threading.Lock()
        self._wake = wake
        self._rules: list[list[Any]] = []  # [Wake, calls still to come]

    def add(self, rule: Wake) -> None:
        """Put a wake-up in force."""
        with self._lock:
            self._rules.append([rule, rule.calls])

    def clear(self) -> None:
        """Forget the wake-ups still to come."""
        with self._lock:
            self._rules.clear()

    def list(self) -> list[Wake]:
        """Return the wake-ups still to come."""
        with self._lock:
            return [rule for rule, _ in self._rules]

    def on_time(self, now: float) -> None:
        """Wake the sessions whose moment has come. To be called before a call is answered."""
        if self._rules:
            self._fire(lambda rule: rule[0].at is not None and rule[0].at <= now)

    def on_call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Count a call and wake the sessions that waited for it. To be called after it was answered."""

        def due(rule: list[Any]) -> bool:
            wake: Wake = rule[0]
            if wake.operation != operation or wake.service != service:
                return False
            if any(parameters.get(name) != value for name, value in wake.match.items()):
                return False
            rule[1] -= 1
            return rule[1] <= 0

        if self._rules:
            self._fire(due)

    def _fire(self, due: Callable[[list[Any]], bool]) -> None:
        with self._lock:
            fired: list[list[Any]] = []
            waiting: list[list[Any]] = []
            for rule in self._rules:
                (fired if due(rule) else waiting).append(rule)
            self._rules = waiting
        for rule in fired:
            # A session that was deleted meanwhile has nothing left to wake.
            with contextlib.suppress(LookupError):
                self._wake(rule[0].service, rule[0].session)
