"""Counts the sweeps of a period, and what they could not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from reaper.core.savings import BlindSpot, Sweeps
from reaper.core.sightings import PastSweep

CARRIED_ON: Final = 1800.0
"""Seconds after a part of a sweep by which the next one has begun, if there is one; a function runs for 15 minutes at most."""
_LONGER: Final = 1.5
_ENOUGH: Final = 3


@dataclass(slots=True)
class _Spot:
    error: str
    sweeps: int = 0
    counted: int = -1
    """The latest sweep it was counted in."""
    seconds: float = 0.0
    since: float | None = None
    """When it was last found blind, while it is."""


class SweepTally:
    """The sweeps of a period, of which some come in parts, and some twice."""

    def __init__(self) -> None:
        self._began: list[float] = []
        self._runs: set[str] = set()
        self._last: float | None = None
        self._refused = 0
        self._cut_short = 0
        self._open_until: float | None = None
        """By when the sweep has to be carried on, while it is not at its end."""
        self._spots: dict[str, _Spot] = {}

    def take(self, sweep: PastSweep) -> bool:
        """Count it. True where it begins a sweep, and is not a further part of one, nor one that is told again."""
        at = sweep.began
        carries_on = self._open_until is not None and at <= self._open_until
        if self._open_until is not None and not carries_on:
            self._cut_short += 1
        begins = sweep.run_id not in self._runs and not carries_on
        self._runs.add(sweep.run_id)
        if begins:
            self._began.append(at)
            self._refused += sweep.is_refused
        self._open_until = sweep.ended + CARRIED_ON if sweep.goes_on else None
        self._see_blind(sweep.blind, at)
        self._last = max(at, self._last or at)
        return begins

    def result(self) -> Sweeps:
        """The counts."""
        gaps = [after - before for before, after in pairwise(self._began)]
        every = median(gaps) if len(gaps) >= _ENOUGH else None
        return Sweeps(
            done=len(self._began),
            missed=sum(round(gap / every) - 1 for gap in gaps if gap > _LONGER * every) if every else 0,
            refused=self._refused,
            cut_short=self._cut_short,
            every=every,
            first=self._began[0] if self._began else None,
            last=self._last,
        )

    def blind(self) -> tuple[BlindSpot, ...]:
        """What could not be seen, the longest first."""
        found = [
            BlindSpot(
                place=place, error=spot.error, sweeps=spot.sweeps, seconds=spot.seconds, still=spot.since is not None
            )
            for place, spot in self._spots.items()
        ]
        return tuple(sorted(found, key=lambda one: (-one.seconds, -one.sweeps, one.place)))

    def _see_blind(self, blind: Mapping[str, str], at: float) -> None:
        for spot in self._spots.values():
            if spot.since is not None:
                spot.seconds += max(0.0, at - spot.since)
                spot.since = None
        for place, error in blind.items():
            spot = self._spots.setdefault(place, _Spot(error))
            spot.error, spot.since = error, at
            if spot.counted != len(self._began):
                spot.counted = len(self._began)
                spot.sweeps += 1
