"""Moments as services give them: one that cannot be is not taken for one that was."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from reaper.core.facts import Fact, Undecidable

AHEAD: Final = 300.0
"""Seconds a moment may lie in the future: clocks differ."""
BEFORE: Final = 60.0
"""Seconds a moment may lie before that of what it belongs to."""


@dataclass(frozen=True, slots=True)
class Instants:
    """Reads the moments of one service, which has been there ``since`` (epoch seconds). ``clock`` gives epoch seconds."""

    title: str
    since: float
    clock: Callable[[], float] = time.time

    def read(self, seconds: float | None, name: str, *, belongs_to: Fact[float] | None = None) -> Fact[float] | None:
        """``seconds`` (since the epoch); ``None`` where there are none, and undecidable for a moment that cannot be.

        That is one from before the service existed (0 stands for "none" in many answers), from before what it
        ``belongs_to`` came to be, or from the future.
        """
        if seconds is None:
            return None
        if seconds < self.since:
            return self._refused(name, seconds, f"before there was any {self.title}")
        if seconds > self.clock() + AHEAD:
            return self._refused(name, seconds, "which is yet to come")
        if isinstance(belongs_to, float) and seconds < belongs_to - BEFORE:
            return self._refused(name, seconds, f"before the session began at {instant(belongs_to)}")
        return seconds

    def _refused(self, name: str, seconds: float, why: str) -> Undecidable:
        return Undecidable(f"{self.title} gave {name} as {instant(seconds)}, {why}")


def instant(seconds: float) -> str:
    """``seconds`` since the epoch as people read it in evidence: ``2026-03-01T10:00:00Z``."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f} s since 1970"
