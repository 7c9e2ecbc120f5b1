"""What idleness cost over a period and what stops avoided, as values. All of it is an estimate, never a bill.

Avoided cost compares with what did not happen, and says with what: an hour's price times the time a session would have gone
on being idle, had it not been stopped. :mod:`reaper.core.tally` makes these values from the reports of sweeps.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

ENOUGH: Final = 5
"""Sessions of a service that have to have ended by themselves before their median says anything."""

Key = TypeVar("Key", str, date)

NO_TEAM: Final = "no team"
NO_POLICY: Final = "no policy"


class Basis(StrEnum):
    """What the avoided cost of a stop compares with."""

    TIMEOUT = "timeout"
    """The session's own idle timeout."""
    OBSERVED = "observed"
    """How long sessions of its service stayed idle that ended by themselves: the median."""
    NOTHING = "nothing"
    """Neither is known, and nothing is claimed."""


class Dimension(StrEnum):
    """By what costs are told apart."""

    TEAM = "team"
    SERVICE = "service"
    POLICY = "policy"


class Measure(StrEnum):
    """What is added up."""

    IDLE = "idle_cost"
    AVOIDED = "avoided_cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The costs, in USD, of one day for one team, service and policy."""

    day: date
    team: str
    service: str
    policy: str
    idle_cost: float = 0.0
    avoided_cost: float = 0.0
    stops: int = 0

    def named(self, dimension: Dimension) -> str:
        """Whose costs they are."""
        return str(getattr(self, dimension.value))

    def amount(self, measure: Measure) -> float:
        """How much of it, in USD."""
        return float(getattr(self, measure.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleSession:
    """A session that was live and idle when the latest sweep looked; ``idle_for`` in seconds, costs in USD."""

    session: str
    name: str
    service: str
    team: str
    owner: str
    idle_for: float
    hourly_cost: float | None
    idle_cost: float | None
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseStops:
    """Stops of a policy after which the same person soon began a session like it.

    ``seen`` of the period; ``recent`` of ``recent_stops`` in the days that guards look at, when the latest sweep told.
    """

    policy: str
    seen: int
    recent: int
    recent_stops: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snoozing:
    """Somebody kept a session: from when until when (epoch seconds), and how many times by then."""

    session: str
    name: str
    service: str
    team: str
    by: str
    until: float
    at: float
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindSpot:
    """What could not be seen: in how many sweeps, for how many seconds at least, why lastly, and whether it still is so."""

    place: str
    error: str
    sweeps: int
    seconds: float
    still: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeps:
    """The sweeps of a period. ``missed`` is how many more there would be, had none of the gaps been longer than usual."""

    done: int = 0
    missed: int = 0
    refused: int = 0
    """Those that could judge nothing, for want of usable policies."""
    cut_short: int = 0
    """Those that were not carried on to their end."""
    every: float | None = None
    """Seconds from one to the next, usually."""
    first: float | None = None
    last: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The stops whose avoided cost has one basis."""

    basis: Basis
    stops: int = 0
    avoided_cost: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """How long the sessions of a service stayed idle that ended by themselves: the median, in seconds, and of how many."""

    service: str
    sessions: int
    median: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """A period in numbers. ``since`` and ``until`` are epoch seconds, ``timezone`` says where a day begins."""

    since: float
    until: float
    timezone: str
    cells: tuple[Cell, ...] = ()
    """In order of day, team, service, policy; what is nothing is left out."""
    claims: tuple[Claim, ...] = ()
    observed: tuple[Observed, ...] = ()
    longest_idle: tuple[IdleSession, ...] = ()
    """The longest first."""
    false_stops: tuple[FalseStops, ...] = ()
    snoozes: tuple[Snoozing, ...] = ()
    """The latest first."""
    blind: tuple[BlindSpot, ...] = ()
    """The longest first."""
    sweeps: Sweeps = field(default_factory=Sweeps)
    owners: tuple[int, int] | None = None
    """How many findings of the latest sweep had an owner that is known, and how many had not; ``None`` where untold."""
    protected_cost: float = 0.0
    """What the idleness of sessions that are kept on purpose cost. In none of the other numbers."""
    unpriced: int = 0
    """Idle sessions for which no price is known, and which are in no cost."""
    unread: tuple[str, ...] = ()
    """Reports of the period that could not be read, and why."""
    garbled: int = 0
    """Findings in reports that made no sense, and are in none of the numbers."""
    not_stopped: int = 0
    """Stops that a service accepted and that did not end the session; nothing is claimed for them."""

    @property
    def idle_cost(self) -> float:
        """What idleness cost, in USD."""
        return math.fsum(cell.idle_cost for cell in self.cells)

    @property
    def avoided_cost(self) -> float:
        """What stops avoided, in USD; an estimate."""
        return math.fsum(cell.avoided_cost for cell in self.cells)

    @property
    def stops(self) -> int:
        """Sessions that were stopped, without those that went on all the same."""
        return sum(cell.stops for cell in self.cells)

    @property
    def false_stops_seen(self) -> int:
        """Stops that look mistaken."""
        return sum(one.seen for one in self.false_stops)

    def totals(self, dimension: Dimension, measure: Measure) -> dict[str, float]:
        """USD by name, the largest first."""
        return _summed(self.cells, lambda cell: cell.named(dimension), measure)

    def over_time(
        self, dimension: Dimension, measure: Measure, bucket: Callable[[date], date]
    ) -> dict[str, dict[date, float]]:
        """USD by name, the largest first, and by what ``bucket`` makes of a day."""
        split: defaultdict[str, list[Cell]] = defaultdict(list)
        for cell in self.cells:
            split[cell.named(dimension)].append(cell)
        return {
            name: _summed(split[name], lambda cell: bucket(cell.day), measure)
            for name in self.totals(dimension, measure)
        }


def _summed(cells: Iterable[Cell], key: Callable[[Cell], Key], measure: Measure) -> dict[Key, float]:
    parts: defaultdict[Key, list[float]] = defaultdict(list)
    for cell in cells:
        parts[key(cell)].append(cell.amount(measure))
    sums = {name: math.fsum(amounts) for name, amounts in parts.items()}
    return dict(
        sorted(((name, total) for name, total in sums.items() if total), key=lambda one: (-one[1], str(one[0])))
    )
