"""The tag ``session-reaper/keep-until``: how anyone protects one session, for a while.

Pins expire. One that makes no sense protects all the same, because whoever set it wanted the session kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

KEEP_UNTIL: Final = "session-reaper/keep-until"

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")


@dataclass(frozen=True, slots=True)
class Pin:
    """A ``keep-until`` tag as read: its own text, and until when it holds (epoch seconds; ``None``: makes no sense)."""

    text: str
    until: float | None

    def protects(self, now: float) -> bool:
        """True until then, and for ever where it makes no sense."""
        return self.until is None or now < self.until


def read_pin(tags: Mapping[str, str]) -> Pin | None:
    """The pin among ``tags``, if there is one. A bare date (RFC 3339) holds to the end of that day, UTC."""
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
