"""Carrying on with a sweep that ran out of time: what the next invocation is told, and how it reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from reaper.core.guards import Stops
from reaper.core.report import Unfinished
from reaper.history.shelf import Shelf
from reaper.sweep.lookups import Counts
from reaper.sweep.parts import Earlier
from reaper.sweep.ports import HistoryError
from reaper.wire.codec import WireError, convert, decode, encode
from reaper.wire.common import Place, Ref
from reaper.wire.continuation import Continuation, Event, LaidBy, LiveIn, LookUpsIn, StopsIn, WaitingStop
from reaper.wire.report import ScopeIn

KEY: Final = "continuation"
MOST_PARTS: Final = 20
"""So many parts of one sweep are a sweep that cannot be finished; the schedule begins another one anyway."""
_ROOM: Final = 200_000
"""Bytes; an asynchronous invocation takes 256 kB (AWS Lambda quotas)."""


class ContinuationError(Exception):
    """The event is no continuation of ours. ``str(error)`` is one sentence."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a sweep this is, from 1, and what came before it (``None`` for the first)."""

    number: int = 1
    earlier: Earlier | None = None


def read_event(event: Mapping[str, Any], shelf: Shelf | None = None) -> Part:
    """The part of a sweep that ``event`` asks for: the first, unless it is a continuation, or says where one lies.

    Raises:
        ContinuationError: it says that it is one and makes no sense, or what it points to cannot be had.
    """
    try:
        asked = convert(event, Event)
        if asked.continuation_laid_by is not None:
            asked = _fetched(asked.continuation_laid_by, shelf)
    except (WireError, HistoryError) as error:
        raise ContinuationError(
            f"the event's {KEY!r} cannot be read ({error}): leave it out to begin a sweep"
        ) from None
    told = asked.continuation
    return Part() if told is None else Part(told.part, _earlier(told))


def _fetched(place: LaidBy, shelf: Shelf | None) -> Event:
    if shelf is None:
        raise WireError("it lies in a bucket, and this function has none")
    body = shelf.get(place.name)
    if hashlib.sha256(body).hexdigest() != place.digest:
        raise WireError(f"what lies at {place.name} is not what was laid by")
    return decode(body, Event)


def _earlier(told: Continuation) -> Earlier:
    waiting = [(one.session(), one.idle_cost) for one in told.stops_waiting]
    return Earlier(
        began_at=told.began_at,
        unfinished=Unfinished(
            listings=tuple((one.key(), tuple(one.scope.items())) for one in told.scopes),
            sessions=tuple(one.session() for one in told.sessions),
            stops=tuple(ref for ref, _ in waiting),
            idle_costs={ref: cost for ref, cost in waiting if cost is not None},
        ),
        seen=told.seen,
        live={one.key(): one.count for one in told.live},
        stops={one.key(): Stops(one.count, one.idle_cost) for one in told.stops},
        tag_lookups=_counts(told.tag_lookups),
        evidence_lookups=_counts(told.evidence_lookups),
        blind=frozenset(one.key() for one in told.blind),
    )


@dataclass(frozen=True, slots=True)
class Written:
    """The event for a part, and what had to be left out of it because it would be too big.

    ``trouble`` is why it could not be laid by.
    """

    event: bytes
    left_out: Unfinished = field(default_factory=Unfinished)
    trouble: str = ""


def write_event(part: Part, name: str = "", shelf: Shelf | None = None) -> Written:
    """The event for ``part``. One that would be too big is laid by under ``name``, and the event says where."""
    earlier = part.earlier
    if earlier is None:
        raise ValueError("the first part of a sweep continues nothing")
    whole = _event(part.number, earlier)
    if len(whole) <= _ROOM:
        return Written(whole)
    if shelf is None:
        return _shortened(part.number, earlier)
    try:
        shelf.put(name, whole)
    except HistoryError as error:
        return replace(_shortened(part.number, earlier), trouble=str(error))
    place = LaidBy(name=name, digest=hashlib.sha256(whole).hexdigest())
    return Written(encode(Event(continuation_laid_by=place)))


def _shortened(number: int, earlier: Earlier) -> Written:
    sessions, stops = earlier.unfinished.sessions, earlier.unfinished.stops
    while True:
        left = replace(earlier.unfinished, sessions=sessions, stops=stops)
        event = _event(number, replace(earlier, unfinished=left))
        if len(event) <= _ROOM or not (sessions or stops):
            out = Unfinished(
                sessions=earlier.unfinished.sessions[len(sessions) :], stops=earlier.unfinished.stops[len(stops) :]
            )
            return Written(event, out)
        # What was looked at already is worth more than what was not.
        if sessions:
            sessions = sessions[: len(sessions) * _ROOM // len(event)]
        else:
            stops = stops[: len(stops) * _ROOM // len(event)]


def _event(number: int, earlier: Earlier) -> bytes:
    left = earlier.unfinished
    told = Continuation(
        part=number,
        began_at=earlier.began_at,
        scopes=tuple(ScopeIn.at(key, scope=dict(scope)) for key, scope in left.listings),
        sessions=tuple(map(Ref.of, left.sessions)),
        stops_waiting=tuple(WaitingStop.of(ref, idle_cost=left.idle_costs.get(ref)) for ref in left.stops),
        seen=earlier.seen,
        live=tuple(LiveIn.at(key, count=count) for key, count in earlier.live.items()),
        stops=tuple(
            StopsIn.at(key, count=stops.count, idle_cost=stops.idle_cost) for key, stops in earlier.stops.items()
        ),
        tag_lookups=_lookups(earlier.tag_lookups),
        evidence_lookups=_lookups(earlier.evidence_lookups),
        blind=tuple(map(Place.at, sorted(earlier.blind, key=str))),
    )
    return encode(Event(continuation=told))


def _lookups(counts: Counts) -> tuple[LookUpsIn, ...]:
    return tuple(LookUpsIn.at(key, asked=asked, failed=failed) for key, (asked, failed) in counts.items())


def _counts(told: Iterable[LookUpsIn]) -> Counts:
    return {one.key(): (one.asked, one.failed) for one in told}
