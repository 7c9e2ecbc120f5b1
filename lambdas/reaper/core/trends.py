"""What the sweeps of the past say about this one: is the listing believable, are stops taken, are they regretted?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from typing import Final

from reaper.core.records import PolicyCount, Population, ScopeRecord, StopTaken, SweepRecord
from reaper.core.session import ScopeKey, Session, SessionRef

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


def unbelievable(live: int, scope: ScopeKey, past: Sequence[Population], factor: float) -> str | None:
    """Why ``live`` sessions in ``scope`` are too few or too many to be true after the ``past`` sweeps, or ``None``.

    An empty listing after hundreds is a broken listing, not a quiet day. A change that is real is believed once most of
    the last sweeps have seen it. ``past`` is newest first.
    """
    counts = [population.live for population in past[:LOOK_BACK]]
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


def swept(record: ScopeRecord, at: float, live: int | None, unconfirmed: Iterable[SessionRef]) -> ScopeRecord:
    """``record`` after a sweep that began ``at`` and saw ``live`` sessions there, ``None`` where it could not see all.

    Stops are kept while they are ``unconfirmed``, and until a sweep has seen who may have come back in the time that counts.
    """
    populations = record.populations
    if live is not None and all(one.at != at for one in populations):
        known = (*populations, Population(at=at, live=live))
        populations = tuple(sorted(known, key=lambda one: -one.at)[:LOOK_BACK])
    waiting = frozenset(unconfirmed)
    stops = tuple(stop for stop in record.stops if live is None or stop.ref in waiting or at <= stop.at + REGRET_WINDOW)
    return replace(record, swept_at=max(at, record.swept_at or at), populations=populations, stops=stops)


def settled(record: ScopeRecord, now: float, *, stops: Iterable[StopTaken], regrets: Iterable[str] = ()) -> ScopeRecord:
    """``record`` with the ``stops`` a sweep made there, the latest of each session, and the policies whose stop is regretted."""
    own = tuple(stops)
    latest = {stop.ref: stop for stop in (*record.stops, *own)}
    counts = count_on(record.counts, now, stops=[stop.policy for stop in own], regrets=regrets)
    return replace(record, stops=tuple(latest.values()), counts=counts)


def scopes_of(records: Sequence[SweepRecord], keys: Iterable[ScopeKey]) -> dict[ScopeKey, ScopeRecord]:
    """What the sweeps of releases before :class:`ScopeRecord` say of ``keys``; ``records`` are newest first.

    Their counts told nothing of scopes, so the first scope is given them.
    """
    stops: dict[SessionRef, StopTaken] = {}
    for record in records:
        for stop in (*record.stops, *record.unconfirmed):
            if stop.ref not in stops or stops[stop.ref].at < stop.at:
                stops[stop.ref] = stop
    counts = next((record.counts for record in records if record.finished_at is not None), ())
    found: dict[ScopeKey, ScopeRecord] = {}
    for key in keys:
        looked = [record.started_at for record in records if key in record.live or key in record.blind]
        seen = [Population(at=one.started_at, live=one.live[key]) for one in records if key in one.live]
        found[key] = ScopeRecord(
            key=key,
            swept_at=max(looked, default=None),
            populations=tuple(seen[:LOOK_BACK]),
            stops=tuple(stop for stop in stops.values() if stop.ref.key == key),
            counts=counts if not found else (),
        )
    return found


def may_replace(session: Session, stop: StopTaken) -> bool:
    """True when ``session`` was created so soon after the stop that its owner may have put it in the place of the one stopped."""
    created = session.facts.created_at
    return (
        bool(stop.likeness)
        and isinstance(created, float)
        and stop.at < created <= stop.at + REGRET_WINDOW
        and session.ref.key == stop.ref.key
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
            f"max_regret_share: {regrets} of the last {stops} stops of {policy} were regretted (one like it was back within "
            f"{REGRET_WINDOW / 60:g} minutes); more than {max_share:.0%}, so it only reports. To release it, mend the policy "
            f"and give it a new name, raise guards.max_regret_share, or wait until {COUNTED_DAYS} days have passed"
        )
        for policy, (regrets, stops) in regret_rates(counts).items()
        if stops >= MIN_STOPS and regrets > max_share * stops
    }


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
