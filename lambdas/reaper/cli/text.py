"""Words for people: what every human format says, with nothing in it that could steer a terminal or break a line.

All text from outside (names, tags, errors, details) passes through :func:`clean` here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reaper.core import durations
from reaper.core.policy.problems import one_line
from reaper.core.vocabulary import VOCABULARY, FactType

NOTHING = "-"
"""What a cell says for a fact known to be absent."""

UNKNOWN = "?"
"""What a cell says for a fact that cannot be decided."""

_TYPES = {one.name: one.type for one in VOCABULARY.values()}

_HOUR, _DAY = 3_600, 86_400


def clean(text: object) -> str:
    """``text`` on one line, with control characters, escape sequences and text-direction marks shown as escapes."""
    return one_line(str(text))


def fact(facts: Mapping[str, Any], name: str) -> str:
    """A fact of a report for a cell: ``1h30m``, ``-`` when absent, ``?`` when undecidable, nothing when not asked."""
    if name not in facts:
        return ""
    value = facts[name]
    if value is None:
        return NOTHING
    if isinstance(value, Mapping):
        return UNKNOWN if is_undecidable(value) else clean(tags(value)) or NOTHING
    if _TYPES.get(name) is FactType.DURATION:
        return duration(value)
    if _TYPES.get(name) is FactType.MONEY:
        return f"{value:.2f}"
    return clean(value)


def duration(seconds: float) -> str:
    """``45s``, ``20m5s``, ``8h15m``, ``3d4h``: as exact as it matters, rounded down."""
    coarseness = 3600 if seconds >= _DAY else 60 if seconds >= _HOUR else 1
    return durations.format(seconds // coarseness * coarseness)


def is_undecidable(value: object) -> bool:
    """True for the JSON of an undecidable fact; a session whose only tag is called so reads as unknown, the safe way."""
    return isinstance(value, Mapping) and set(value) == {"undecidable"}


def tags(value: Mapping[str, str]) -> str:
    """``env=prod team=data``, keys in order."""
    return " ".join(f"{key}={text}" for key, text in sorted(value.items()))


def scope(value: Mapping[str, str]) -> str:
    """``farm=farm-1 queue=queue-2``, outermost first; empty where the service has no scopes."""
    return clean(" ".join(f"{key}={part}" for key, part in value.items()))


def place(where: Mapping[str, Any]) -> str:
    """``athena 123456789012 eu-central-1 workgroup=science`` for a ref, a blind scope or a guard's."""
    parts = (where["service"], where["account"], where["region"])
    return " ".join(part for part in (*map(clean, parts), scope(where.get("scope", {}))) if part)


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 session``, ``2 sessions``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def instant(moment: float) -> str:
    """``2026-03-01 10:00:00 UTC`` for epoch seconds."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
