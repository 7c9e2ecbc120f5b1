"""Adds up the reports of sweeps to :class:`~reaper.core.savings.Savings`. Takes one sweep at a time, in order of time.

A session's idle cost grows from report to report. So that no hour is counted twice, each report adds what it is the first to
see of the session's idleness: from when it began, or from the last report, whichever is later, until now.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from statistics import median
from typing import Final

from reaper.catalog.services import longest_idle_of
from reaper.core.avoided import HOUR, avoided_cost
from reaper.core.outcome import Outcome, costs, is_live
from reaper.core.savings import (
    ENOUGH,
    NO_POLICY,
    NO_TEAM,
    Basis,
    Cell,
    Claim,
    FalseStops,
    IdleSession,
    Observed,
    Savings,
    Snoozing,
)
from reaper.core.sightings import PastSweep, Sighting, SnoozeSeen
from reaper.core.sweep_tally import SweepTally

GONE_FOR_GOOD: Final = 24 * HOUR
"""Seconds without a word of a session after which it counts as ended."""
MOST_LISTED: Final = 25
"""Sessions that a list for people has."""

Whose = tuple[date, str, str, str]


@dataclass(slots=True)
class _Course:
    """One session so far: until when its idleness is counted, and as it was last seen."""

    counted_until: float
    at: float
    idle_for: float
    service: str
    ended_by_itself: bool = False
    stopped: bool = False
    team: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class _Stop:
    at: float
    idle_since: float | None
    whose: Whose
    sighting: Sighting


class Tally:
    """The numbers of the time from ``since`` to ``until`` (epoch seconds); a day begins when it does in ``zone``."""

    def __init__(self, since: float, until: float, zone: tzinfo = UTC) -> None:
        self._since = since
        self._until = until
        self._zone = zone
        self._idle: defaultdict[Whose, list[float]] = defaultdict(list)
        self._protected: list[float] = []
        self._courses: dict[str, _Course] = {}
        self._stops: dict[str, list[_Stop]] = {}
        self._not_stopped = 0
        self._unpriced: set[str] = set()
        self._snoozes: dict[tuple[str, float], Snoozing] = {}
        self._regrets: dict[str, FalseStops] = {}
        self._before: Mapping[str, tuple[int, int]] | None = None
        self._owners: tuple[int, int] | None = None
        self._sweeps = SweepTally()
        self._latest: dict[str, tuple[IdleSession, float]] = {}
        self._garbled = 0

    def take(self, sweep: PastSweep) -> None:
        """Add a sweep; one of another time is left out."""
        if not self._since <= sweep.began <= self._until:
            return
        if self._sweeps.take(sweep) and not sweep.is_refused:
            self._latest.clear()
        for sighting in sweep.sightings:
            self._see(sighting, sweep.began, sweep.ended)
        self._garbled += sweep.garbled
        self._take_regrets(sweep.regrets)
        self._owners = sweep.owners or self._owners

    def result(self, unread: Iterable[str] = ()) -> Savings:
        """All of it; ``unread`` says which reports of the period are not in it."""
        observed = {one.service: one for one in self._observed()}
        avoided: defaultdict[Whose, list[float]] = defaultdict(list)
        stops: defaultdict[Whose, int] = defaultdict(int)
        claimed: dict[Basis, list[float]] = {basis: [] for basis in Basis}
        for stop in (stop for some in self._stops.values() for stop in some):
            basis, amount = _claim(stop, observed)
            avoided[stop.whose].append(amount)
            stops[stop.whose] += 1
            claimed[basis].append(amount)
        cells = [
            Cell(
                day=whose[0],
                team=whose[1],
                service=whose[2],
                policy=whose[3],
                idle_cost=math.fsum(self._idle.get(whose, ())),
                avoided_cost=math.fsum(avoided.get(whose, ())),
                stops=stops.get(whose, 0),
            )
            for whose in sorted({*self._idle, *avoided})
        ]
        longest = sorted((one for one, _ in self._latest.values()), key=lambda one: (-one.idle_for, one.session))
        return Savings(
            since=self._since,
            until=self._until,
            timezone=str(getattr(self._zone, "key", "UTC")),
            cells=tuple(cell for cell in cells if cell.idle_cost or cell.avoided_cost or cell.stops),
            claims=tuple(
                Claim(basis=basis, stops=len(amounts), avoided_cost=math.fsum(amounts))
                for basis, amounts in claimed.items()
                if amounts
            ),
            observed=tuple(observed.values()),
            longest_idle=tuple(longest[:MOST_LISTED]),
            false_stops=tuple(sorted(self._regrets.values(), key=lambda one: (-one.seen, one.policy))),
            snoozes=tuple(sorted(self._snoozes.values(), key=lambda one: (one.at, one.session), reverse=True)),
            blind=self._sweeps.blind(),
            sweeps=self._sweeps.result(),
            owners=self._owners,
            protected_cost=math.fsum(self._protected),
            unpriced=len(self._unpriced),
            unread=tuple(unread),
            garbled=self._garbled,
            not_stopped=self._not_stopped,
        )

    def _see(self, seen: Sighting, at: float, ended: float) -> None:
        if Outcome.read(seen.outcome) is Outcome.NOT_STOPPING:
            self._undo_stop(seen)
        course = self._courses.get(seen.session)
        if seen.idle_for is not None:
            course = self._count_idleness(seen, at, course)
        if Outcome.read(seen.outcome) is Outcome.ALREADY_GONE and course is not None:
            course.ended_by_itself = True
        if Outcome.read(seen.outcome) is Outcome.STOPPED:
            self._stop(seen, at, ended)
            if course is not None:
                course.stopped = True
        self._latest.pop(seen.session, None)
        if is_live(seen.outcome) and seen.idle_for:
            self._latest[seen.session] = (_idle_session(seen), at)
        if seen.snooze is not None:
            self._snooze(seen, seen.snooze)

    def _count_idleness(self, seen: Sighting, at: float, course: _Course | None) -> _Course:
        """Add what ``seen`` is the first to tell of the session's idleness."""
        assert seen.idle_for is not None  # noqa: S101 - narrows for the type checker
        if course is None:
            course = self._courses[seen.session] = _Course(self._since, at, seen.idle_for, seen.service)
        # What went before belongs to whom the session belonged to when it was judged.
        course.team, course.policy = seen.team or course.team, seen.policy or course.policy
        begun = max(at - seen.idle_for, course.counted_until)
        if costs(seen.outcome) and seen.idle_for and seen.hourly_cost is None:
            self._unpriced.add(seen.session)
        elif seen.hourly_cost and costs(seen.outcome):
            for day, seconds in _split(begun, at, self._zone):
                whose = (day, course.team or NO_TEAM, seen.service, course.policy or NO_POLICY)
                self._idle[whose].append(seen.hourly_cost * seconds / HOUR)
        elif seen.hourly_cost and Outcome.read(seen.outcome) is Outcome.PROTECTED:
            self._protected.append(seen.hourly_cost * max(0.0, at - begun) / HOUR)
        course.counted_until = max(course.counted_until, at)
        course.at, course.idle_for, course.ended_by_itself = at, seen.idle_for, False
        return course

    def _stop(self, seen: Sighting, at: float, ended: float) -> None:
        created = at - seen.age if seen.age is not None else None
        day = datetime.fromtimestamp(at, self._zone).date()
        idle_since = None if seen.idle_for is None else at - seen.idle_for
        # When exactly is not told: at the end of the sweep at the latest.
        stop = _Stop(ended, idle_since, (day, seen.team or NO_TEAM, seen.service, seen.policy or NO_POLICY), seen)
        some = self._stops.setdefault(seen.session, [])
        if some and (created is None or created <= some[-1].at):
            # The same session once more: the stop before did not end it.
            some.pop()
        some.append(stop)

    def _undo_stop(self, seen: Sighting) -> None:
        if self._stops.get(seen.session):
            self._stops[seen.session].pop()
            self._not_stopped += 1
            if (course := self._courses.get(seen.session)) is not None:
                course.stopped = False

    def _snooze(self, seen: Sighting, snooze: SnoozeSeen) -> None:
        self._snoozes[seen.session, snooze.at] = Snoozing(
            session=seen.id,
            name=seen.name,
            service=seen.service,
            team=seen.team or NO_TEAM,
            by=snooze.by,
            until=snooze.until,
            at=snooze.at,
            times=snooze.times,
        )

    def _take_regrets(self, told: Mapping[str, tuple[int, int]]) -> None:
        """The counts of the last days, which grow by new ones, and shrink as days pass."""
        if not told:
            return
        for policy, (regrets, stops) in told.items():
            earlier = regrets if self._before is None else self._before.get(policy, (0, 0))[0]
            seen = self._regrets[policy].seen if policy in self._regrets else 0
            self._regrets[policy] = FalseStops(
                policy=policy, seen=seen + max(0, regrets - earlier), recent=regrets, recent_stops=stops
            )
        for policy in self._regrets.keys() - told.keys():
            self._regrets[policy] = replace(self._regrets[policy], recent=0, recent_stops=0)
        self._before = told

    def _observed(self) -> Iterator[Observed]:
        """The services of which enough sessions ended that nobody stopped.

        A session of which no report says anything more may have been used again, or judged by other policies: then it
        lived on for longer than it is taken for here, so that the median is too short rather than too long.
        """
        latest = self._sweeps.result().last or 0.0
        idle: defaultdict[str, list[float]] = defaultdict(list)
        for course in self._courses.values():
            if not course.stopped and (course.ended_by_itself or course.at + GONE_FOR_GOOD <= latest):
                idle[course.service].append(course.idle_for)
        for service, times in sorted(idle.items()):
            if len(times) >= ENOUGH:
                yield Observed(service=service, sessions=len(times), median=median(times))


def savings_of(sweeps: Iterable[PastSweep], since: float, until: float, zone: tzinfo = UTC) -> Savings:
    """What ``sweeps``, in order of time, tell of the time from ``since`` to ``until``."""
    tally = Tally(since, until, zone)
    for sweep in sweeps:
        tally.take(sweep)
    return tally.result()


def _claim(stop: _Stop, observed: Mapping[str, Observed]) -> tuple[Basis, float]:
    """What is claimed for a stop, in USD, and on what basis."""
    seen = stop.sighting
    if seen.hourly_cost is None or seen.idle_for is None:
        return Basis.NOTHING, 0.0
    most = seen.hourly_cost * longest_idle_of(seen.service) / HOUR
    if seen.idle_timeout:
        if seen.avoided is not None:
            return Basis.TIMEOUT, min(seen.avoided, seen.hourly_cost * seen.idle_timeout / HOUR, most)
        claim = avoided_cost(seen.hourly_cost, stop.idle_since, seen.idle_timeout, stop.at, seen.service)
        return (Basis.TIMEOUT, claim[0]) if claim else (Basis.NOTHING, 0.0)
    if seen.service not in observed:
        return Basis.NOTHING, 0.0
    left = max(0.0, observed[seen.service].median - seen.idle_for)
    return Basis.OBSERVED, min(seen.hourly_cost * left / HOUR, most)


def _idle_session(seen: Sighting) -> IdleSession:
    assert seen.idle_for is not None  # noqa: S101 - narrows for the type checker
    return IdleSession(
        session=seen.id,
        name=seen.name,
        service=seen.service,
        team=seen.team or NO_TEAM,
        owner=seen.owner,
        idle_for=seen.idle_for,
        hourly_cost=seen.hourly_cost,
        idle_cost=None if seen.hourly_cost is None else seen.hourly_cost * seen.idle_for / HOUR,
        outcome=seen.outcome,
    )


def _split(begun: float, ended: float, zone: tzinfo) -> Iterator[tuple[date, float]]:
    """The seconds from ``begun`` to ``ended`` by day."""
    while begun < ended:
        day = datetime.fromtimestamp(begun, zone).date()
        midnight = datetime.combine(day + timedelta(days=1), time(), zone).timestamp()
        until = min(ended, midnight) if midnight > begun else ended
        yield day, until - begun
        begun = until
