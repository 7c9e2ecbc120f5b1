"""How often a schedule expression runs: checked when the stack is built, and the measure of a missed run.

EventBridge's own grammar, as its user guide gives it: ``rate(15 minutes)`` and six-field ``cron(...)`` in UTC (minute,
hour, day of month, month, day of week, year), where one of the two day fields is ``?``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

MINUTE: Final = 60
DAY: Final = 86_400
LONGEST_GAP: Final = 6 * DAY
"""A CloudWatch alarm looks back at most seven days, so a rarer run could go missing unseen."""

_UNITS: Final = {"minute": MINUTE, "hour": 3600, "day": DAY}
_CRON_FIELDS: Final = 6
_FIRST_DAY: Final = date(2024, 1, 1)
_DAYS_LOOKED_AT: Final = 366 + 31
"""A leap year and a month of days: every gap that can recur between one run and the next shows in them."""


class ScheduleError(Exception):
    """The expression is not a schedule, or is too rare. ``str(error)`` says what to write instead."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """A checked schedule ``expression`` and the ``longest_gap`` between two runs, in seconds."""

    expression: str
    longest_gap: int


def read_schedule(expression: str, *, watched: bool = True) -> Cadence:
    """The cadence of ``rate(...)`` or ``cron(...)``; raises :class:`ScheduleError` with a sentence.

    One that an alarm watches may not be rarer than :data:`LONGEST_GAP`.
    """
    text = " ".join(expression.split())
    if match := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", text):
        gap = _rate(text, int(match[1]), match[2])
    elif match := re.fullmatch(r"cron\((.*)\)", text):
        gap = _cron_gap(text, match[1].split())
    else:
        raise ScheduleError(
            f"{expression!r} is not a schedule: write rate(15 minutes) or cron(0/15 8-18 ? * MON-FRI *)"
        )
    if watched and gap > LONGEST_GAP:
        raise ScheduleError(f"{text} leaves more than six days between two runs: a missed run could not be noticed")
    return Cadence(text, gap)


def _rate(text: str, count: int, unit: str) -> int:
    if count < 1:
        raise ScheduleError(f"{text} never runs: write at least rate(1 minute)")
    wanted = unit if count == 1 else f"{unit}s"
    if f"{wanted})" not in text:
        raise ScheduleError(f"{text} is refused by EventBridge: write rate({count} {wanted})")
    return count * _UNITS[unit]


def _cron_gap(text: str, parts: list[str]) -> int:
    if len(parts) != _CRON_FIELDS:
        raise ScheduleError(
            f"{text} has {len(parts)} fields: write six, minute hour day-of-month month day-of-week year"
        )
    minute, hour, month_day, month, week_day, year = parts
    if (month_day == "?") == (week_day == "?"):
        raise ScheduleError(f"{text} needs a ? as exactly one of day-of-month and day-of-week")
    if year != "*":
        raise ScheduleError(f"{text} ends with the year {year}: write * so that the sweeps never cease")
    hours, minutes = _HOUR.expand(hour), _MINUTE.expand(minute)
    months, month_days, week_days = _MONTH.expand(month), _MONTH_DAY.expand(month_day), _WEEK_DAY.expand(week_day)
    days = [
        offset
        for offset in range(_DAYS_LOOKED_AT)
        for day in [_FIRST_DAY + timedelta(days=offset)]
        if day.month in months and day.day in month_days and day.isoweekday() % 7 + 1 in week_days
    ]
    return _longest_gap(text, sorted(h * 60 + m for h in hours for m in minutes), days)


def _longest_gap(text: str, minutes: list[int], days: list[int]) -> int:
    if not days:
        raise ScheduleError(f"{text} never runs")
    within_day = max((after - before for before, after in pairwise(minutes)), default=0)
    apart = max((after - before for before, after in pairwise(days)), default=_DAYS_LOOKED_AT)
    return max(within_day * MINUTE, apart * DAY - (minutes[-1] - minutes[0]) * MINUTE)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a cron expression: its name, its bounds, and the words it knows for the numbers from ``low`` on."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()

    def expand(self, field: str) -> set[int]:
        """The values ``field`` stands for: ``*``, ``?``, ``5``, ``1-5``, ``0/15``, ``MON-FRI`` and lists of these."""
        values: set[int] = set()
        for part in field.split(","):
            span, slash, step = part.partition("/")
            first, dash, last = span.partition("-")
            everything = span in {"*", "?"}
            start = self.low if everything else self._number(first, field)
            end = self._number(last, field) if dash else self.high if everything or slash else start
            stride = self._stride(step, field) if slash else 1
            if end < start:
                values.update(range(start, self.high + 1, stride), range(self.low, end + 1, stride))
            else:
                values.update(range(start, end + 1, stride))
        return values

    def _number(self, word: str, field: str) -> int:
        if word.upper() in self.words:
            return self.low + self.words.index(word.upper())
        if word.isdecimal() and self.low <= int(word) <= self.high:
            return int(word)
        raise self._not_understood(field)

    def _stride(self, word: str, field: str) -> int:
        if word.isdecimal() and int(word) > 0:
            return int(word)
        raise self._not_understood(field)

    def _not_understood(self, field: str) -> ScheduleError:
        wanted = f"{self.low} to {self.high}, *, lists, ranges and steps"
        return ScheduleError(f"the {self.name} {field!r} of the cron expression is not understood: use {wanted}")


_MINUTE: Final = _Field("minute", 0, 59)
_HOUR: Final = _Field("hour", 0, 23)
_MONTH_DAY: Final = _Field("day-of-month", 1, 31)
_MONTH: Final = _Field(
    "month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
)
_WEEK_DAY: Final = _Field("day-of-week", 1, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
