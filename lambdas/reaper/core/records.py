"""What is remembered of sweeps: a :class:`ScopeRecord` of each service in an account and region, and a :class:`SweepRecord`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from reaper.core.session import ScopeKey, SessionRef


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCount:
    """How often a policy stopped a session on one day, and how often that was regretted."""

    policy: str
    day: str
    """``2026-03-01``, UTC."""
    stops: int = 0
    regrets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTaken:
    """A stop that the service accepted; ``at`` is when it was sent. ``likeness`` is empty where nothing identifies another."""

    ref: SessionRef
    policy: str
    at: float
    likeness: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """How many live sessions a sweep that began ``at`` saw in a scope, having read all of it."""

    at: float
    live: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRecord:
    """What the sweeps of the past say of one service in one account and region, however many other sweeps lie between."""

    key: ScopeKey
    swept_at: float | None = None
    """When the latest sweep that looked at it began, whether it could see all of it or not."""
    populations: tuple[Population, ...] = ()
    """The latest first, as many as tell what is usual."""
    stops: tuple[StopTaken, ...] = ()
    """Stops still to be confirmed, or that may still be regretted."""
    counts: tuple[PolicyCount, ...] = ()
    """Stops and regrets by policy and day, of the days that count."""
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRecord:
    """One sweep. ``finished_at`` is ``None`` while it acts, and for ever if it was killed.

    ``live``, ``blind``, ``unconfirmed`` and ``counts`` are what releases before :class:`ScopeRecord` kept here.
    """

    run_id: str
    started_at: float
    finished_at: float | None = None
    mode: str = "report"
    live: Mapping[ScopeKey, int] = field(default_factory=lambda: MappingProxyType({}))
    """How many live sessions each scope had, those that could be read wholly."""
    blind: frozenset[ScopeKey] = frozenset()
    claims: tuple[SessionRef, ...] = ()
    """Sessions it announced to stop, known before it stopped the first."""
    stops: tuple[StopTaken, ...] = ()
    """Its own stops that a service accepted."""
    unconfirmed: tuple[StopTaken, ...] = ()
    """Stops of sweeps before it that were still to be confirmed when it ended."""
    counts: tuple[PolicyCount, ...] = ()
    """Stops and regrets by policy and day, carried on from sweep to sweep."""
    told: bool = True
    """Whether what it had to tell has left the program."""
    version: int = 0
