"""What a deployment is told through CDK context: the keys, their defaults, and every mistake in them at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from infra.cadence import Cadence, ScheduleError, read_schedule
from reaper.settings import ALIBABA_SERVICE, AWS_SERVICES, SERVICES, AlibabaTarget, Mode, Notify

LOG_RETENTION_DAYS: Final = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557)
"""What CloudWatch Logs accepts, up to seven years (PutRetentionPolicy)."""

Choice = TypeVar("Choice", bound=StrEnum)

_REGION = re.compile(
    r"[a-z]{2}(-(gov|iso|isob|isoe|isof))?-(north|south|east|west|central|northeast|northwest|southeast|southwest)-\d{1,2}"
)
_EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
_SECRET = re.compile(r"arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+|[\w/+=.@-]+")


class ContextError(Exception):
    """The context is wrong. ``problems`` holds one sentence for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        """Keep the sentences; ``str(error)`` has one a line."""
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One deployment. Empty ``regions`` means the stack's own; no ``history_days``, no history."""

    stack_name: str
    mode: Mode
    schedule: Cadence
    services: tuple[str, ...]
    regions: tuple[str, ...]
    emails: tuple[str, ...]
    notify: Notify
    policies: Path
    memory_mb: int
    timeout_minutes: int
    log_retention_days: int
    reserve_concurrency: bool
    history_days: int
    keep_data: bool
    alibaba: AlibabaTarget | None


DEFAULTS: Final[Mapping[str, Any]] = {
    "stack_name": "SessionReaper",
    "mode": "report",
    "schedule": "rate(1 hour)",
    "services": list(AWS_SERVICES),
    "regions": [],
    "emails": [],
    "notify": "findings",
    "policies": "policies.yaml",
    "memory_mb": 512,
    "timeout_minutes": 10,
    "log_retention_days": 90,
    "reserve_concurrency": True,
    "history_days": 400,
    "keep_data": True,
    "alibaba_region": "",
    "alibaba_secret": "",
    "alibaba_account": "",
    "alibaba_endpoint": "",
}
"""Every context key and what it is when nobody says otherwise. ``cdk.json`` repeats them for people to change."""


def read_context(context: Mapping[str, Any], *, root: Path) -> Settings:
    """The settings that ``context`` makes; raises :class:`ContextError` naming every mistake.

    Values may be JSON or, as ``cdk -c key=value`` gives them, text; lists are then split at commas. Relative paths are
    relative to ``root``. Keys that are not ours are left alone unless they look like one of ours misspelt.
    """
    reader = _Reader({**DEFAULTS, **{key: value for key, value in context.items() if key in DEFAULTS}})
    reader.misspelt(context)
    services = reader.listed("services", lambda name: name in SERVICES, f"one of {', '.join(SERVICES)}", SERVICES)
    if not services and not reader.problems_of("services"):
        reader.problem("services", "is empty: name at least one of " + ", ".join(SERVICES))
    settings = Settings(
        stack_name=reader.text("stack_name", r"[A-Za-z][A-Za-z0-9-]{0,127}", "letters, digits and hyphens"),
        mode=reader.choice("mode", Mode),
        schedule=reader.schedule("schedule"),
        services=services,
        regions=reader.listed("regions", _REGION.fullmatch, "an AWS region such as eu-central-1"),
        emails=reader.listed("emails", _EMAIL.fullmatch, "an email address"),
        notify=reader.choice("notify", Notify),
        policies=reader.file("policies", root),
        memory_mb=reader.number("memory_mb", 256, 10_240),
        timeout_minutes=reader.number("timeout_minutes", 1, 15),
        log_retention_days=reader.number("log_retention_days", 1, 2557, LOG_RETENTION_DAYS),
        reserve_concurrency=reader.flag("reserve_concurrency"),
        history_days=reader.number("history_days", 0, 3650),
        keep_data=reader.flag("keep_data"),
        alibaba=_alibaba(reader) if ALIBABA_SERVICE in services else None,
    )
    if reader.problems:
        raise ContextError(reader.problems)
    return settings


def _alibaba(reader: _Reader) -> AlibabaTarget:
    return AlibabaTarget(
        region=reader.text("alibaba_region", r"[a-z]{2}-[a-z]+(-[a-z]+)*(-\d+)?", "an Alibaba region: cn-hangzhou"),
        secret=reader.text("alibaba_secret", _SECRET.pattern, "the name or ARN of a Secrets Manager secret"),
        account=reader.text("alibaba_account", r"\d*", "the digits of an Alibaba Cloud account") or "unknown",
        endpoint=reader.text("alibaba_endpoint", r"(https?://[^\s/]+/?)?", "an http:// or https:// URL"),
    )


class _Reader:
    """Reads context values and remembers what was wrong with them, so that all of it is said at once."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.problems: list[str] = []

    def problem(self, key: str, sentence: str) -> None:
        self.problems.append(f"context key {key} {sentence}")

    def problems_of(self, key: str) -> bool:
        return any(problem.startswith(f"context key {key} ") for problem in self.problems)

    def misspelt(self, context: Mapping[str, Any]) -> None:
        for key in context:
            if key not in DEFAULTS and (near := difflib.get_close_matches(key, DEFAULTS, n=1, cutoff=0.8)):
                self.problem(key, f"is not known; did you mean {near[0]}?")

    def text(self, key: str, pattern: str, wanted: str) -> str:
        value = self.values[key]
        text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else None
        if text is None or not re.fullmatch(pattern, text):
            self.problem(key, f"is {value!r}: it should be {wanted}")
        return text or ""

    def choice(self, key: str, kind: type[Choice]) -> Choice:
        value = self.values[key]
        if value in [choice.value for choice in kind]:
            return kind(value)
        self.problem(key, f"is {value!r}: it should be {' or '.join(kind)}{_did_you_mean(value, list(kind))}")
        return next(iter(kind))

    def number(self, key: str, low: int, high: int, allowed: tuple[int, ...] = ()) -> int:
        value = self.values[key]
        text = "" if isinstance(value, bool) else str(value)
        number = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1
        if not low <= number <= high or (allowed and number not in allowed):
            wanted = f"one of {', '.join(map(str, allowed))}" if allowed else f"a whole number from {low} to {high}"
            self.problem(key, f"is {value!r}: it should be {wanted}")
        return number

    def flag(self, key: str) -> bool:
        value = self.values[key]
        if value not in (True, False, "true", "false"):
            self.problem(key, f"is {value!r}: it should be true or false")
        return value in (True, "true")

    def listed(
        self, key: str, valid: Callable[[str], object], wanted: str, choices: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        value = self.values[key]
        parts: object = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            self.problem(key, f"is {value!r}: it should be a list, or text with commas")
            return ()
        found = [part.strip() for part in parts if part.strip()]
        for part in found:
            if not valid(part):
                self.problem(key, f"names {part!r}: it should be {wanted}{_did_you_mean(part, list(choices))}")
        return tuple(dict.fromkeys(found))

    def schedule(self, key: str) -> Cadence:
        value = self.values[key]
        try:
            return read_schedule(value if isinstance(value, str) else repr(value))
        except ScheduleError as error:
            self.problem(key, f"is wrong: {error}")
            return Cadence("", 0)

    def file(self, key: str, root: Path) -> Path:
        path = root / str(self.values[key])
        if not path.is_file():
            self.problem(key, f"names {str(self.values[key])!r}, which is no file in {root}")
        return path


def _did_you_mean(value: object, choices: list[str]) -> str:
    near = difflib.get_close_matches(str(value), choices, n=1)
    return f"; did you mean {near[0]}?" if near else ""
