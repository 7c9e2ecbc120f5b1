"""The world's clock: real time that tests can move, and the moments of a world document."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime

_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+(?:\.\d+)?)([wdhms])")
_RELATIVE = re.compile(r"(?P<sign>[+-])?(?P<parts>(?:\d+(?:\.\d+)?[wdhms])+)")


def seconds(text: str) -> float:
    """Read a signed duration such as `-3h`, `+90s`, `-1d12h`; seconds. Raises ValueError on anything else."""
    match = _RELATIVE.fullmatch(text.strip())
    if match is None:
        msg = f"{text!r} is not a duration such as -3h, +90s or -1d12h"
        raise ValueError(msg)
    total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(match["parts"]))
    return -total if match["sign"] == "-" else total


class Clock:
    """The time in the world. Thread-safe; moments are seconds since the epoch, UTC.

    A running clock is real time plus an offset. Whoever looks at the world lives in real time and cannot be moved, so
    moving a running clock forward makes everything *look older* instead: `seen` turns a moment of the world into the
    one that a client is told. A frozen clock stands where it was put, and `seen` changes nothing: the looker is
    expected to take the time from here (`reaper --now`, or an injected clock).
    """

    def __init__(self, frozen_at: datetime | str | float | None = None) -> None:
        self._lock = threading.Lock()
        self._offset = 0.0
        self._frozen: float | None = None
        if frozen_at is not None:
            self._frozen = self.moment(frozen_at)

    def time(self) -> float:
        """Return the world's time in seconds since the epoch."""
        with self._lock:
            return time.time() + self._offset if self._frozen is None else self._frozen

    def now(self) -> datetime:
        """Return the world's time, UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._frozen is not None

    def seen(self, moment: float) -> float:
        """Return the moment as a client is told it, seconds since the epoch."""
        return moment - self._offset if self._frozen is None else moment

    def freeze(self, at: datetime | str | float | None = None) -> None:
        """Stop the clock, at the given moment or at the present one."""
        moment = self.time() if at is None else self.moment(at)
        with self._lock:
            self._frozen = moment

    def run(self) -> None:
        """Let the clock go with real time again, nothing moved."""
        with self._lock:
            self._frozen, self._offset = None, 0.0

    def set(self, at: datetime | str | float) -> None:
        """Move the clock to a moment; it stays frozen or goes on running from there."""
        moment = self.moment(at)
        with self._lock:
            if self._frozen is None:
                self._offset = moment - time.time()
            else:
                self._frozen = moment

    def advance(self, by: float) -> None:
        """Move the clock forward by so many seconds (back, if negative)."""
        with self._lock:
            if self._frozen is None:
                self._offset += by
            else:
                self._frozen += by

    def moment(self, value: datetime | str | float, base: float | None = None) -> float:
        """Read a moment: a datetime, RFC 3339 text, seconds since the epoch, `now`, or relative text such as `-3h`.

        Relative text counts from `base`, by default the present. Raises ValueError on anything else, and on a
        date-time without an offset.
        """
        if isinstance(value, bool):
            msg = f"{value!r} is not a moment"
            raise ValueError(msg)  # noqa: TRY004 - one kind of error for every bad moment
        if isinstance(value, int | float):
            return float(value)
        if isinstance(value, str):
            if value == "now" or _RELATIVE.fullmatch(value.strip()):
                start = self.time() if base is None else base
                return start if value == "now" else start + seconds(value)
            value = datetime.fromisoformat(value)
        if value.tzinfo is None:
            msg = f"{value.isoformat()} has no offset from UTC"
            raise ValueError(msg)
        return value.timestamp()
