"""The tag ``session-reaper/keep-until``: how anyone protects one session, for a while.

Pins expire. One that makes no sense, or whose key is not spelt quite right, protects all the same, because whoever set it
wanted the session kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from reaper.core.spelling import bare

if TYPE_CHECKING:
    from collections.abc import Mapping

KEEP_UNTIL: Final = "session-reaper/keep-until"

_BARE_KEY: Final = bare(KEEP_UNTIL)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")


@dataclass(frozen=True, slots=True)
class Pin:
    """A ``keep-until`` tag as read: its own text, and until when it holds (epoch seconds; ``None``: makes no sense).

    ``key`` is how its key is spelt. One that is not spelt right makes no sense either: it never expires.
    """

    text: str
    until: float | None
    key: str = KEEP_UNTIL

    def protects(self, now: float) -> bool:
        """True until then, and for ever where it makes no sense."""
        return self.until is None or now < self.until

    @property
    def fault(self) -> str:
        """What is wrong with it, for people; empty where nothing is."""
        if self.key != KEEP_UNTIL:
            return f"the tag {self.key!r}={self.text!r} is not spelt {KEEP_UNTIL}"
        return (
            f"the tag {KEEP_UNTIL}={self.text!r} is neither an RFC 3339 date nor a date-time"
            if self.until is None
            else ""
        )


def read_pin(tags: Mapping[str, str]) -> Pin | None:
    """The pin among ``tags``, if there is one. A bare date (RFC 3339) holds to the end of that day, UTC.

    One whose key differs in case, blanks or separators only counts too, and more than the well-spelt one: nobody can say
    which of the two was meant.
    """
    for key, text in tags.items():
        if key != KEEP_UNTIL and bare(key) == _BARE_KEY:
            return Pin(text, None, key)
    text = tags.get(KEEP_UNTIL)
    return None if text is None else Pin(text, _instant(text.strip()))


def _instant(text: str) -> float | None:
    try:
        if _DATE.fullmatch(text):
            return (datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(days=1)).timestamp()
        if _DATE_TIME.fullmatch(text):
            return datetime.fromisoformat(text.upper().replace(" ", "T")).timestamp()
    except (ValueError, OverflowError):
        return None
    return None
