"""Reads context values, and remembers everything that is wrong with them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

from infra.cadence import Cadence, ScheduleError, read_schedule

Choice = TypeVar("Choice", bound=StrEnum)

_OF_THE_CDK: Final = {"//", "acknowledged-issue-numbers", "cli-telemetry"}
"""Our own comment in ``cdk.json``, and what the CDK's command line keeps in the context without a colon."""
_SHORTEST_PART: Final = 4
"""Characters of a key that may stand for a longer one: ``timeout`` for ``timeout_minutes``."""


class ContextError(Exception):
    """The context is wrong. ``problems`` holds one sentence for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        """Keep the sentences; ``str(error)`` has one a line."""
        super().__init__("\n".join(problems))
        self.problems = problems


class Reader:
    """Reads context values and remembers what was wrong with them, so that all of it is said at once."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """``values`` has every key there is."""
        self.values = values
        self.problems: list[str] = []

    def problem(self, key: str, sentence: str) -> None:
        """Remember that ``key`` is wrong; ``sentence`` goes on after its name."""
        self.problems.append(f"context key {key} {sentence}")

    def problems_of(self, key: str) -> bool:
        """Whether anything is wrong with ``key`` so far."""
        return any(problem.startswith(f"context key {key} ") for problem in self.problems)

    def unknown(self, context: Mapping[str, Any]) -> None:
        """Remember every key of ``context`` that is neither ours nor the CDK's; the ones it resembles are named."""
        for key in context:
            if key in self.values or key in _OF_THE_CDK or ":" in key or "@" in key:
                continue
            near = _near(key, self.values)
            hint = f"did you mean {' or '.join(near)}?" if near else "cdk.json lists those that are"
            self.problem(key, f"is not known; {hint}")

    def text(self, key: str, pattern: str, wanted: str) -> str:
        """A text or number that ``pattern`` matches whole; ``wanted`` says what it should be."""
        value = self.values[key]
        text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else None
        if text is None or not re.fullmatch(pattern, text):
            self.problem(key, f"is {value!r}: it should be {wanted}")
        return text or ""

    def choice(self, key: str, kind: type[Choice]) -> Choice:
        """One of ``kind``."""
        value = self.values[key]
        if value in [choice.value for choice in kind]:
            return kind(value)
        self.problem(key, f"is {value!r}: it should be {' or '.join(kind)}{_did_you_mean(value, list(kind))}")
        return next(iter(kind))

    def number(self, key: str, low: int, high: int, allowed: tuple[int, ...] = ()) -> int:
        """A whole number from ``low`` to ``high``, and one of ``allowed`` where there are any."""
        value = self.values[key]
        text = "" if isinstance(value, bool) else str(value)
        number = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1
        if not low <= number <= high or (allowed and number not in allowed):
            wanted = f"one of {', '.join(map(str, allowed))}" if allowed else f"a whole number from {low} to {high}"
            self.problem(key, f"is {value!r}: it should be {wanted}")
        return number

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self.values[key]
        if value not in (True, False, "true", "false"):
            self.problem(key, f"is {value!r}: it should be true or false")
        return value in (True, "true")

    def listed(
        self, key: str, valid: Callable[[str], object], wanted: str, choices: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        """A list, or text with commas, each part ``valid``; without repetitions."""
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

    def given(self, key: str) -> bool:
        """Whether anything was said: neither empty text nor ``null``."""
        value = self.values[key]
        return value is not None and value != "" and not (isinstance(value, str) and value.isspace())

    def timezone(self, key: str) -> str:
        """The IANA name of a timezone."""
        value = self.values[key]
        if isinstance(value, str) and value in _timezones():
            return value
        self.problem(key, f"is {value!r}: it should be a timezone such as UTC or Europe/Berlin")
        return "UTC"

    def schedule(self, key: str, *, watched: bool = True) -> Cadence:
        """A schedule, often enough to be ``watched`` by an alarm if it is."""
        value = self.values[key]
        try:
            return read_schedule(value if isinstance(value, str) else repr(value), watched=watched)
        except ScheduleError as error:
            self.problem(key, f"is wrong: {error}")
            return Cadence("", 0)

    def file(self, key: str, root: Path) -> Path:
        """A file, relative to ``root`` unless it says otherwise."""
        path = root / str(self.values[key])
        if not path.is_file():
            self.problem(key, f"names {str(self.values[key])!r}, which is no file in {root}")
        return path


def _near(key: str, known: Iterable[str]) -> list[str]:
    """At most three keys of ``known`` that ``key`` may have been meant for, the likeliest first."""
    names = {name.replace("_", ""): name for name in known}
    bare = re.sub(r"[^a-z0-9]", "", key.lower())
    alike = difflib.get_close_matches(bare, names, n=3, cutoff=0.7)
    parts = [one for one in names if len(bare) >= _SHORTEST_PART and (bare in one or one in bare)]
    return [names[one] for one in dict.fromkeys([*parts, *alike])][:3]


@cache
def _timezones() -> frozenset[str]:
    """Those of the database that is deployed: a machine's own has names that mean something else there, or nothing."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()) - {"Factory"}


def _did_you_mean(value: object, choices: list[str]) -> str:
    near = difflib.get_close_matches(str(value), choices, n=1)
    return f"; did you mean {near[0]}?" if near else ""
