"""What the sweeps of the past say about this one: is the listing believable, are stops taken, are they regretted?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from typing import Final

from reaper.core.memory import PolicyCount, StopTaken, SweepRecord, likeness
from reaper.core.session import ScopeKey, Session

MIN_SWEEPS: Final = 3
"""Fewer sweeps than this are no history."""
LOOK_BACK: Final = 6
"""How many sweeps tell what is usual."""
MIN_POPULATION: Final = 20
"""Below this, a population halves or doubles by chance."""
REGRET_WINDOW: Final = 900.0
"""Seconds after our stop in which a session put in its place counts as a regret."""
MIN_STOPS: Final = 5
"""Fewer stops than this are too few to take a share of."""
COUNTED_DAYS: Final = 14
"""For how long stops and regrets count."""
SETTLING: Final = 300.0
"""Seconds a service may take to end a session after it accepted the stop."""


def unbelievable(live: int, scope: ScopeKey, past: Sequence[SweepRecord], factor: float) -> str | None:
    """Why ``live`` sessions in ``scope`` are too few or too many to be true after the ``past`` sweeps, or ``None``.

    An empty listing after hundreds is a broken listing, not a quiet day. A change that is real is believed once most of
    the last sweeps have seen it. ``past`` is newest first.
    """
    counts = [record.live[scope] for record in past if scope in record.live][:LOOK_BACK]
    if len(counts) < MIN_SWEEPS:
        return None
    usual = median(counts)
    if max(usual, live) < MIN_POPULATION or (live * factor >= usual and live <= usual * factor):
        return None
    sudden = "only" if live < usual else "as many as"
    return (
        f"population: {sudden} {live} live sessions of {scope}, where {usual:g} are usual: a listing that changes by more "
        f"than {factor:g} times is not believed. If it is real, it is believed once most of the last {LOOK_BACK} sweeps saw "
        "it, or at once with a higher guards.population_factor"
    )


def last_sweep_of(scope: ScopeKey, past: Iterable[SweepRecord]) -> float | None:
    """When the latest sweep that looked at ``scope`` began, whether it could see all of it or not."""
    return max((record.started_at for record in past if scope in record.live or scope in record.blind), default=None)


def recent_stops(past: Iterable[SweepRecord], now: float) -> tuple[StopTaken, ...]:
    """The stops of the last minutes, each once: what a new session is compared with."""
    stops = {stop.ref: stop for record in past for stop in record.stops if now - stop.at <= 2 * REGRET_WINDOW}
    return tuple(stops.values())


def unconfirmed_stops(past: Iterable[SweepRecord]) -> tuple[StopTaken, ...]:
    """Every stop of the past that may still have to be confirmed, each once, the latest of a session."""
    found: dict[object, StopTaken] = {}
    for record in past:
        for stop in (*record.stops, *record.unconfirmed):
            if stop.ref not in found or found[stop.ref].at < stop.at:
                found[stop.ref] = stop
    return tuple(found.values())


def replaces(session: Session, stop: StopTaken) -> bool:
    """True when ``session`` looks like the one its owner put in the place of the one stopped."""
    created = session.facts.created_at
    return (
        isinstance(created, float)
        and stop.at < created <= stop.at + REGRET_WINDOW
        and session.ref.key == stop.ref.key
        and likeness(session) == stop.likeness
    )


def count_on(
    counts: Sequence[PolicyCount], now: float, *, stops: Iterable[str] = (), regrets: Iterable[str] = ()
) -> tuple[PolicyCount, ...]:
    """``counts`` with this sweep's ``stops`` and ``regrets`` (policy names) added, and days too old left out."""
    day = _day(now)
    oldest = _day(now - COUNTED_DAYS * 86_400)
    found = {(count.policy, count.day): count for count in counts if count.day > oldest}

    def today(policy: str) -> PolicyCount:
        return found.get((policy, day)) or PolicyCount(policy=policy, day=day)

    for policy in stops:
        found[policy, day] = replace(today(policy), stops=today(policy).stops + 1)
    for policy in regrets:
        found[policy, day] = replace(today(policy), regrets=today(policy).regrets + 1)
    return tuple(found[key] for key in sorted(found))


def regret_rates(counts: Iterable[PolicyCount]) -> Mapping[str, tuple[int, int]]:
    """Policy name -> (regrets, stops) over the days that count."""
    totals: dict[str, tuple[int, int]] = {}
    for count in counts:
        regrets, stops = totals.get(count.policy, (0, 0))
        totals[count.policy] = (regrets + count.regrets, stops + count.stops)
    return totals


def fallen(counts: Iterable[PolicyCount], max_share: float) -> Mapping[str, str]:
    """The policies whose stops are regretted too often to go on, and why; they only report until it is better."""
    return {
        policy: (
            f"{regrets} of the last {stops} stops of {policy} were regretted (a session like it was back within "
            f"{REGRET_WINDOW / 60:g} minutes); more than {max_share:.0%}, so it only reports. "
            f"Mend the policy and give it a new name, or wait until {COUNTED_DAYS} days have passed"
        )
        for policy, (regrets, stops) in regret_rates(counts).items()
        if stops >= MIN_STOPS and regrets > max_share * stops
    }


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
