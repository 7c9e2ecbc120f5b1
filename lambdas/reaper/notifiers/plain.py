"""Plain text for people: foreign words rendered harmless, times in the reader's timezone, lines that fit a mail."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from unicodedata import combining, east_asian_width
from zoneinfo import ZoneInfo

from reaper.core.policy.problems import one_line
from reaper.core.snooze import zone_of

WIDTH: Final = 78
"""Columns of a line, but for links, which are never broken."""
_SHOWN: Final = 200
_MOST_MARKS: Final = 3
"""Marks over one letter; no language needs more, and a pile of them covers the lines above."""
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters that take no ink and yet count as printable: fillers, blanks and variation selectors."""
_LINK: Final = re.compile(r"://|(?<=\bwww)\.", re.IGNORECASE)
_URL: Final = re.compile(r"https?://[!-~]+")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")
_LAST_YEAR: Final = 9000
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def shown(value: object, longest: int = _SHOWN) -> str:
    """``value`` on one line, not too long, with nothing in it that steers a terminal or a mail reader.

    Control characters, line ends, marks that change the direction of writing and invisible characters are shown as escapes,
    piles of combining marks are cut, and what a mail reader would make a link of is broken up: ``https[:]//``.
    """
    text = str(value)
    plain = one_line(text if len(text) <= longest else f"{text[:longest]}...")
    if not plain.isascii():
        plain = _without_piles(_INVISIBLE.sub(lambda found: found.group().encode("unicode_escape").decode(), plain))
    return _LINK.sub(lambda found: f"[{found.group()[0]}]{found.group()[1:]}", plain)


def url_in(value: object) -> str:
    """``value`` if it is the URL of a web page and nothing else, or nothing."""
    return value if isinstance(value, str) and _URL.fullmatch(value) else ""


def wrapped(text: str, first: str = "", rest: str = "") -> str:
    """``text`` in lines of :data:`WIDTH` columns at most, the first begun with ``first``, all others with ``rest``."""
    lines: list[str] = []
    line, used, begun = first, _width(first), False
    for whole in text.split():
        word = whole
        while True:
            width = _width(word[: WIDTH + 1])  # more never fits: a long word is not measured again and again
            if used + begun + width <= WIDTH:
                line, used, begun = f"{line}{' ' if begun else ''}{word}", used + begun + width, True
                break
            if not begun:
                fits = _fitting(word, WIDTH - used)
                line, word = line + word[:fits], word[fits:]
            lines.append(line.rstrip())
            line, used, begun = rest, _width(rest), False
    return "\n".join([*lines, line.rstrip()])


class Clock:
    """Tells instants in a reader's timezone, named. A timezone that does not exist is UTC, and is named so."""

    def __init__(self, timezone: str, now: datetime | None = None) -> None:
        """``timezone`` is an IANA name; ``now`` the instant whose year need not be told."""
        self._zone = zone_of(timezone)
        self.name = self._zone.key if isinstance(self._zone, ZoneInfo) else "UTC"
        self._now = self._here(now) if now else None

    def at(self, instant: datetime) -> str:
        """``Sun 1 Mar 11:45 CET``."""
        moment = self._here(instant)
        year = "" if self._now and moment.year == self._now.year else f" {moment.year}"
        day = f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]}{year}"
        return f"{day} {moment:%H:%M} {_zone_name(moment)}"

    def within(self, text: str) -> str:
        """``text`` with each RFC 3339 instant in it told as :meth:`at` does."""
        return _INSTANT.sub(lambda found: self._at_text(found.group()), text)

    def day_after(self, instant: datetime | None, days: int) -> str:
        """``2026-03-08``: the date so many days after an instant, or after now where there is none."""
        moment = self._here(instant) if instant else self._now
        if moment is None or moment.year > _LAST_YEAR:
            return "2030-01-31"
        return (moment.date() + timedelta(days)).isoformat()

    def _at_text(self, text: str) -> str:
        try:
            return self.at(datetime.fromisoformat(text))
        except ValueError:
            return text

    def _here(self, instant: datetime) -> datetime:
        try:
            return instant.astimezone(self._zone)
        except (ValueError, OverflowError):
            # The first or the last day there is, which this timezone cannot tell.
            return instant.replace(tzinfo=UTC)


def _zone_name(moment: datetime) -> str:
    """``CET``; zones without letters of their own have a number: ``UTC+03``."""
    name = moment.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def _width(text: str) -> int:
    """Columns: an East Asian character may take two."""
    return len(text) if text.isascii() else sum(1 + (east_asian_width(char) in "WF") for char in text)


def _fitting(word: str, columns: int) -> int:
    """How many characters of ``word`` fit, at least one."""
    used = 0
    for index, char in enumerate(word):
        used += _width(char)
        if used > columns:
            return max(index, 1)
    return len(word)


def _without_piles(text: str) -> str:
    kept: list[str] = []
    pile = 0
    for char in text:
        pile = pile + 1 if combining(char) else 0
        if pile <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)
