"""What reports say of sessions, read with care: a report may be of another release, or have been altered."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from reaper.core.outcome import Outcome

Json = Mapping[str, Any]

_PLACE: Final = ("service", "account", "region")
_LONGEST: Final = 10 * 366 * 86_400.0
"""Seconds; nothing is idle for longer than that, and no clock is so wrong."""


class GarbledError(ValueError):
    """A finding that makes no sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One finding: a session as a sweep saw it, and what became of it. Facts that are not known are ``None``."""

    session: str
    """Its ref, as one text; the same for the same session."""
    service: str
    id: str
    outcome: str
    policy: str
    team: str
    owner: str
    name: str
    age: float | None
    idle_for: float | None
    idle_timeout: float | None
    hourly_cost: float | None
    avoided: float | None
    """What the sweep itself estimated, for a stop."""
    snooze: Json | None


def read_findings(report: Json) -> Iterator[Sighting | None]:
    """Each finding of ``report``; ``None`` for one that makes no sense."""
    for finding in _listed(report, "findings"):
        try:
            yield _sighting(finding)
        except GarbledError:
            yield None


def read_blind(report: Json) -> dict[str, str]:
    """What could not be seen, as a text, and why."""
    found: dict[str, str] = {}
    for blind in _listed(report, "blind"):
        scope = blind.get("scope")
        parts = [_text(blind.get(name)) for name in _PLACE]
        if isinstance(scope, Mapping):
            parts += [f"{key} {value}" for key, value in cast("Json", scope).items()]
        if place := " ".join(part for part in parts if part):
            found[place] = _text(blind.get("error")) or "no reason was recorded"
    return found


def read_regrets(report: Json) -> dict[str, tuple[int, int]]:
    """Policy -> (regrets, stops) of the days that count."""
    told = report.get("regrets")
    found: dict[str, tuple[int, int]] = {}
    by_policy: Json = cast("Json", told) if isinstance(told, Mapping) else {}
    for policy, counts in by_policy.items():
        if isinstance(counts, Mapping):
            of = cast("Json", counts)
            found[str(policy)] = (whole(of.get("regrets")) or 0, whole(of.get("stops")) or 0)
    return found


def read_owners(report: Json) -> tuple[int, int] | None:
    """How many findings had an owner that is known, and how many had not."""
    told = report.get("owners")
    if not isinstance(told, Mapping):
        return None
    resolved, unresolved = (whole(cast("Json", told).get(name)) for name in ("resolved", "unresolved"))
    return None if resolved is None or unresolved is None else (resolved, unresolved)


def read_moment(value: object) -> float | None:
    """Epoch seconds of an RFC 3339 date-time with its offset."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
        return read.timestamp() if read is not None and read.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def number(value: object) -> float | None:
    """A number that is finite and not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        read = float(value)
    except OverflowError:
        return None
    return read if math.isfinite(read) and read >= 0 else None


def whole(value: object) -> int | None:
    """A count."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _sighting(finding: Json) -> Sighting:
    ref, facts = finding.get("ref"), finding.get("facts")
    if not isinstance(ref, Mapping):
        raise GarbledError
    where = cast("Json", ref)
    known: Json = cast("Json", facts) if isinstance(facts, Mapping) else {}
    service, id_ = _text(where.get("service")), _text(where.get("id"))
    outcome = finding.get("outcome")
    idle_for = number(known.get("idle_for"))
    if not service or not id_ or not isinstance(outcome, str) or (idle_for or 0) > _LONGEST:
        raise GarbledError
    snooze = finding.get("snooze")
    return Sighting(
        session=json.dumps(
            [*(where.get(name) for name in _PLACE), where.get("scope"), id_], sort_keys=True, default=str
        ),
        service=service,
        id=id_,
        outcome=outcome,
        policy=_text(finding.get("policy")),
        team=_text(finding.get("team")),
        owner=_text(known.get("owner")),
        name=_text(known.get("name")) or id_,
        age=number(known.get("age")),
        idle_for=idle_for,
        idle_timeout=number(known.get("idle_timeout")),
        hourly_cost=number(known.get("hourly_cost")),
        avoided=number(finding.get("avoided_cost")) if Outcome.read(outcome) is Outcome.STOPPED else None,
        snooze=cast("Json", snooze) if isinstance(snooze, Mapping) else None,
    )


def _listed(report: Json, name: str) -> Iterator[Json]:
    listed = report.get(name)
    for one in cast("list[object]", listed) if isinstance(listed, list) else ():
        yield cast("Json", one) if isinstance(one, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
