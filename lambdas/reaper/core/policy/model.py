"""A loaded policy file as values. :mod:`.load` makes them, :mod:`.compile` makes them fast, ``schema`` describes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA_VERSION = 1
DEFAULT_OWNER_TAGS = ("session-reaper/owner", "owner", "Owner", "user", "email")


class Operator(StrEnum):
    """How an ordered fact is compared. A file's ``!=`` loads as :class:`Not` around ``==``: true on an absent fact."""

    GREATER = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="
    EQUAL = "=="


class Action(StrEnum):
    """What a policy wants done, strongest first when several hold."""

    PROTECT = "protect"
    STOP = "stop"
    REPORT = "report"


class Lifted(StrEnum):
    """What ``even_when`` may lift of the floor that lets only idle sessions be stopped."""

    BUSY = "busy"
    STARTING = "starting"
    UNHEALTHY = "unhealthy"
    UNDECIDABLE = "undecidable"


class Stage(StrEnum):
    """How far a stop policy may go on its own, below the mode of the sweep: a new one is tried next to proven ones."""

    OBSERVE = "observe"
    """Says what it would stop, and warns nobody."""
    WARN = "warn"
    """Warns, and never stops."""
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class FactRef:
    """The right side of a comparison when it is another fact: ``idle_for: "> idle_timeout"``."""

    fact: str


@dataclass(frozen=True, slots=True)
class TextTest:
    """A text fact is any of ``patterns``: literal or glob (``*`` any run, ``?`` one character), case-sensitive.

    A pattern is never both: ``!red`` loads as :class:`Not` around this.
    """

    fact: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TagTest:
    """The tag ``key`` is any of ``patterns`` (as :class:`TextTest`). A missing tag makes it false."""

    key: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """An ordered fact against a number (seconds for durations, USD for costs) or another fact of the same type."""

    fact: str
    operator: Operator
    right: float | FactRef


@dataclass(frozen=True, slots=True)
class Presence:
    """A fact is ``present`` or ``absent``."""

    fact: str
    present: bool


@dataclass(frozen=True, slots=True)
class TagPresence:
    """The tag ``key`` is ``present`` or ``absent``."""

    key: str
    present: bool


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of ``terms`` holds."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of ``terms`` holds."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """``term`` does not hold. On an undecidable fact this is undecided, not true."""

    term: Condition


Leaf = TextTest | TagTest | Compare | Presence | TagPresence
Condition = Leaf | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeLimit:
    """How long one snooze of a session may be (seconds), and how many there may be."""

    max: float = 28_800.0
    times: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy. ``services`` empty means every service; ``grace`` is seconds, ``None`` for none."""

    name: str
    when: Condition
    then: Action
    description: str = ""
    services: frozenset[str] = frozenset()
    grace: float | None = None
    even_when: frozenset[Lifted] = frozenset()
    stage: Stage = Stage.ENFORCE
    snooze: SnoozeLimit = SnoozeLimit()


@dataclass(frozen=True, slots=True, kw_only=True)
class StopHours:
    """When stops are allowed: ``days`` 0 (Monday) to 6, from ``start`` to ``end`` in minutes after local midnight.

    ``end <= start`` runs past midnight into the following day. ``timezone`` is an IANA name.
    """

    days: frozenset[int]
    start: int
    end: int
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """Limits on the stops of one sweep, per service, account and region. On by default."""

    max_stops: int = 25
    max_stop_share: float = 0.5
    """Of the live sessions seen there, when there are at least ``min_population`` of them."""
    min_population: int = 5
    min_age: float = 600.0
    """Seconds; a younger session is not stopped."""
    stop_hours: tuple[StopHours, ...] = ()
    """Empty: any time."""
    max_idle_cost: float | None = None
    """USD: the idle cost of all sessions one sweep stops may not be more; ``None``: no limit."""
    population_factor: float = 5.0
    """How many times more, or fewer, live sessions than usual is too sudden to be true. Needs a ledger's history."""
    max_tag_failures: float = 0.2
    """The share of tag look-ups that may fail before no stop is trusted."""
    max_evidence_failures: float = 0.2
    """The share of a scope's sessions whose evidence of use may be unreadable before no stop there is trusted."""
    max_regret_share: float = 0.2
    """The share of a policy's stops that may be regretted (the session recreated within minutes) before it only reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyBook:
    """A whole policy file. ``prices`` are the user's own, over those of the catalog (USD per unit-hour)."""

    policies: tuple[Policy, ...] = ()
    guards: Guards = field(default_factory=Guards)
    owner_tags: tuple[str, ...] = DEFAULT_OWNER_TAGS
    prices: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
