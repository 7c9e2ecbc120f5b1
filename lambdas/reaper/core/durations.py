"""Durations as people write them: ``90s 30m 8h 2d 1w 1h30m``. Whole numbers, largest unit first, a unit on each."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WRITTEN: Final = ("d", "h", "m", "s")
"""The units :func:`format` uses: ``8d`` reads better than ``1w1d``."""


def _pattern() -> str:
    """One alternative per unit a duration may begin with: no look-ahead, so that every JSON Schema engine can run it."""
    alternatives: list[str] = []
    for position, unit in enumerate(_SECONDS):
        smaller = list(_SECONDS)[position + 1 :]
        alternatives.append(f"[0-9]{{1,9}}{unit}" + "".join(f"([0-9]{{1,9}}{other})?" for other in smaller))
    return f"({'|'.join(alternatives)})"


PATTERN: Final = _pattern()
"""A regular expression that fits exactly the durations :func:`parse` takes. Not anchored."""

_FITS: Final = re.compile(PATTERN)
_PART: Final = re.compile(r"([0-9]{1,9})([wdhms])")
_LOOSE_PART: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([a-z]+),?")
_UNIT_WORDS: Final = {
    word: unit
    for unit, words in {
        "w": "w wk wks week weeks",
        "d": "d day days",
        "h": "h hr hrs hour hours",
        "m": "m min mins minute minutes",
        "s": "s sec secs second seconds",
    }.items()
    for word in words.split()
}
_EXAMPLES: Final = "write it like 90s, 30m, 8h, 2d, 1w or 1h30m"


class DurationError(ValueError):
    """A text is no duration. ``str()`` says what is wrong with it, ``hint`` what to write instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def parse(text: str) -> float:
    """The seconds of a duration: ``"1h30m"`` is ``5400.0``.

    Raises:
        DurationError: ``text`` is anything else: ``30``, ``1.5h``, ``1h30``, ``30m1h``, ``30 minutes``, ``-5m``.
    """
    if _FITS.fullmatch(text) is None:
        raise _explained(text)
    return float(sum(int(count) * _SECONDS[unit] for count, unit in _PART.findall(text)))


def format(seconds: float) -> str:  # noqa: A001 - read as durations.format
    """The duration, to the whole second below: ``5400`` is ``"1h30m"``, ``0.4`` is ``"0s"``. Days are the largest unit.

    What it gives for zero or more seconds, :func:`parse` takes.
    """
    if seconds < 0:
        return "-" + format(-seconds)
    if seconds == float("inf"):
        return "forever"
    rest, parts = int(seconds), ""
    for unit in _WRITTEN:
        count, rest = divmod(rest, _SECONDS[unit])
        if count:
            parts += f"{count}{unit}"
    return parts or "0s"


def _explained(text: str) -> DurationError:
    shown = f"`{text}`" if len(text) <= 40 else f"`{text[:40]}...`"  # noqa: PLR2004 - enough to recognise it by
    if re.fullmatch(r"[0-9]{1,9}", text):
        return DurationError(f"{shown} has no unit", f"{text} of what? write {text}m or {text}s")
    if re.fullmatch(r"([0-9]{1,9}[wdhms])+[0-9]{1,9}", text):
        last = re.sub(r".*[wdhms]", "", text)
        return DurationError(f"{shown} ends without a unit", f"{last} of what? write {text}m or {text}s")
    if text.startswith("-"):
        return DurationError(f"{shown} is negative", "a duration is zero or more")
    if (meant := _meant(text)) is not None:
        return DurationError(f"{shown} is not a duration", f"write {meant}")
    return DurationError(f"{shown} is not a duration", _EXAMPLES)


def _meant(text: str) -> str | None:
    """What ``30 minutes``, ``1.5h`` or ``30m1h`` would be properly written, if that is beyond doubt."""
    loose = re.sub(r"\s", "", text.lower())
    if not re.fullmatch(f"({_LOOSE_PART.pattern})+", loose):
        return None
    total = Fraction(0)
    for count, word in _LOOSE_PART.findall(loose):
        unit = _UNIT_WORDS.get(word.removesuffix("and"))
        if unit is None:
            return None
        total += Fraction(count) * _SECONDS[unit]
    return format(float(total)) if total.denominator == 1 else None
