"""The small languages inside a policy's texts, as regular expressions that the loader and the JSON Schema share.

None is anchored: the loader matches whole texts, the schema adds ``^`` and ``$``. They keep to what every JSON Schema engine
can run: no look-around, no classes that depend on Unicode.
"""

from __future__ import annotations

from typing import Final

from reaper.core import durations

NAME: Final = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""A policy's name: safe in a metric, a tag and a file name."""

NUMBER: Final = "[0-9]{1,12}([.][0-9]{1,9})?"
"""The right side of a comparison of numbers."""

COMPARISON: Final = " *(>=|<=|==|!=|>|<) *(%s) *"
"""A comparison, once its right side is filled in."""

VALUE_START: Final = "[^!<>=]"
"""How a text pattern begins. What begins otherwise is a negation or looks like a comparison."""

TEXT_START: Final = "(![^!<>= ]|[^!<>=])"
"""How a text condition begins: a pattern, or ``!`` and a pattern."""

TAG_KEY: Final = "[^*?]+"
"""A tag key; keys are matched literally, so a glob there would never match."""

_DAY: Final = "(mon|tue|wed|thu|fri|sat|sun)"
_DAY_RANGE: Final = f"{_DAY}(-{_DAY})?"
DAYS: Final = f" *{_DAY_RANGE}( *, *{_DAY_RANGE})* *"
"""``mon-fri``, ``sat,sun``, ``fri-mon``, ``mon-wed,fri``."""

START: Final = "([01][0-9]|2[0-3]):[0-5][0-9]"
END: Final = f"({START}|24:00)"

DURATION: Final = durations.PATTERN
ZERO_DURATION: Final = "(0+[wdhms])+"

MAX_COUNT: Final = 1_000_000
"""The largest number of stops or sessions a guard may name."""
MAX_PRICE: Final = 1_000_000
"""The largest price, USD per unit and hour."""
MAX_COST: Final = 1_000_000
"""The largest limit on what idleness has cost, USD."""
MAX_FACTOR: Final = 1_000_000
"""The largest factor; it makes a guard that never trips, like any far beyond the largest population."""
MAX_SNOOZES: Final = 100
"""The most snoozes of one session: what could be snoozed for ever would be kept for ever."""
SHORTEST_SNOOZE: Final = "1h"
LONGEST_SNOOZE: Final = "7d"
"""The limits of ``snooze.max``. The schema cannot say them: it has no arithmetic for durations."""
