"""What the reports of past sweeps say, as far as savings are told from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST_IDLE_TOLD = 10 * 366 * 86_400.0
"""Seconds; nothing is idle for longer than that, and no clock is so wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeSeen:
    """The snooze that a session had; instants are epoch seconds."""

    by: str
    until: float
    at: float
    times: int


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
    snooze: SnoozeSeen | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSweep:
    """One sweep of the past, or a part of one; instants are epoch seconds."""

    run_id: str
    began: float
    ended: float
    sightings: tuple[Sighting, ...] = ()
    garbled: int = 0
    """How many of its findings make no sense."""
    is_refused: bool = False
    """Nothing was looked at: its policies could not be used, say."""
    goes_on: bool = False
    """Another part was to carry on with it."""
    blind: Mapping[str, str] = field(default_factory=dict[str, str])
    """What could not be seen, as a text, and why."""
    regrets: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """Policy -> (regrets, stops) of the days that count."""
    owners: tuple[int, int] | None = None
    """How many findings had an owner that is known, and how many had not."""
