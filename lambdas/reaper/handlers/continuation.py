"""Carrying on with a sweep that ran out of time: what the next invocation is told, and how it reads it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from reaper.core.guards import Stops
from reaper.core.report import Unfinished
from reaper.core.session import Scope, ScopeKey, SessionRef
from reaper.sweep.lookups import Counts
from reaper.sweep.parts import Earlier
from reaper.wire.codec import builtins_of
from reaper.wire.common import Ref

KEY: Final = "continuation"
MOST_PARTS: Final = 20
"""So many parts of one sweep are a sweep that cannot be finished; the schedule begins another one anyway."""
_ROOM: Final = 200_000
"""Bytes; an asynchronous invocation takes 256 kB (AWS Lambda quotas)."""
_PLACE: Final = ("service", "account", "region")

Json = dict[str, Any]


class ContinuationError(Exception):
    """The event is no continuation of ours. ``str(error)`` is one sentence."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a sweep this is, from 1, and what came before it (``None`` for the first)."""

    number: int = 1
    earlier: Earlier | None = None


def read_event(event: Mapping[str, Any]) -> Part:
    """The part of a sweep that ``event`` asks for: the first, unless it is a continuation.

    Raises:
        ContinuationError: it says that it is one and makes no sense.
    """
    told = event.get(KEY)
    if told is None:
        return Part()
    try:
        return Part(
            _count(told["part"]),
            Earlier(
                began_at=_moment(told["began_at"]),
                unfinished=Unfinished(
                    listings=tuple((_key(one), _scope(one)) for one in told["scopes"]),
                    sessions=tuple(map(_ref, told["sessions"])),
                    stops=tuple(map(_ref, told["stops_waiting"])),
                    idle_costs={
                        _ref(one): _amount(one["idle_cost"]) for one in told["stops_waiting"] if "idle_cost" in one
                    },
                ),
                seen=_count(told["seen"]),
                live={_key(one): _count(one["count"]) for one in told["live"]},
                # A release that kept no cost, or no look-ups, is carried on with none.
                stops={
                    _key(one): Stops(_count(one["count"]), _amount(one.get("idle_cost", 0.0))) for one in told["stops"]
                },
                tag_lookups=_counts(told.get("tag_lookups", ())),
                evidence_lookups=_counts(told.get("evidence_lookups", ())),
                blind=frozenset(_key(one) for one in told["blind"]),
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ContinuationError(
            f"the event's {KEY!r} cannot be read ({error!r}): leave it out to begin a sweep"
        ) from error


def write_event(part: Part) -> tuple[bytes, tuple[SessionRef, ...]]:
    """The event for ``part``, and those of its sessions that had to be left out because it would be too big."""
    earlier = part.earlier
    if earlier is None:
        raise ValueError("the first part of a sweep continues nothing")
    sessions, stops = earlier.unfinished.sessions, earlier.unfinished.stops
    while True:
        left = replace(earlier.unfinished, sessions=sessions, stops=stops)
        event = _event(part.number, replace(earlier, unfinished=left))
        if len(event) <= _ROOM or not (sessions or stops):
            return event, earlier.unfinished.sessions[len(sessions) :] + earlier.unfinished.stops[len(stops) :]
        # What was looked at already is worth more than what was not.
        if sessions:
            sessions = sessions[: len(sessions) * _ROOM // len(event)]
        else:
            stops = stops[: len(stops) * _ROOM // len(event)]


def _event(number: int, earlier: Earlier) -> bytes:
    costs = earlier.unfinished.idle_costs
    told: Json = {
        "part": number,
        "began_at": earlier.began_at,
        "scopes": [{**_place(key), "scope": dict(scope)} for key, scope in earlier.unfinished.listings],
        "sessions": [builtins_of(Ref.of(ref)) for ref in earlier.unfinished.sessions],
        "stops_waiting": [
            {**builtins_of(Ref.of(ref)), **({"idle_cost": costs[ref]} if ref in costs else {})}
            for ref in earlier.unfinished.stops
        ],
        "seen": earlier.seen,
        "live": [{**_place(key), "count": count} for key, count in earlier.live.items()],
        "stops": [
            {**_place(key), "count": stops.count, "idle_cost": stops.idle_cost} for key, stops in earlier.stops.items()
        ],
        "tag_lookups": _lookups(earlier.tag_lookups),
        "evidence_lookups": _lookups(earlier.evidence_lookups),
        "blind": [_place(key) for key in sorted(earlier.blind, key=str)],
    }
    return json.dumps({KEY: told}).encode()


def _lookups(counts: Counts) -> list[Json]:
    return [{**_place(key), "asked": asked, "failed": failed} for key, (asked, failed) in counts.items()]


def _counts(told: Iterable[Json]) -> Counts:
    return {_key(one): (_count(one["asked"]), _count(one["failed"])) for one in told}


def _place(key: ScopeKey) -> Json:
    return {name: getattr(key, name) for name in _PLACE}


def _key(told: Json) -> ScopeKey:
    return ScopeKey(*(_text(told[name]) for name in _PLACE))


def _ref(told: Json) -> SessionRef:
    key = _key(told)
    return SessionRef(key.service, key.account, key.region, _scope(told), _text(told["id"]))


def _scope(told: Json) -> Scope:
    return tuple((name, _text(value)) for name, value in told["scope"].items())


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _amount(value: object) -> float:
    amount = _moment(value)
    if amount < 0:
        raise ValueError(f"{value!r} is no amount")
    return amount


def _moment(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no moment")
    return float(value)
