"""The ``guards`` of a policy file: how much one sweep may stop, and when."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reaper.core.policy import syntax
from reaper.core.policy.model import Guards, StopHours
from reaper.core.policy.parse_values import count, duration, number, strict_text
from reaper.core.policy.problems import did_you_mean, quoted
from reaper.core.timezones import timezones

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reaper.core.policy.place import Place

_WINDOW: Final = ("days", "from", "to", "timezone")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW_EXAMPLE: Final = 'write it like {days: mon-fri, from: "08:00", to: "18:00", timezone: Europe/Berlin}'


def parse_guards(place: Place) -> Guards | None:
    """The guards, each with its default where the file names none."""
    fields = place.fields(READERS, "a mapping of guards", noun="guard")
    if fields is None:
        return None
    found = {key: READERS[key](value) for key, value in fields.items()}
    return None if None in found.values() else replace(Guards(), **found)


def _parse_stops(place: Place) -> int | None:
    return count(place, "a whole number of stops", syntax.MAX_COUNT)


def _parse_population(place: Place) -> int | None:
    return count(place, "a whole number of sessions", syntax.MAX_COUNT)


def _parse_min_age(place: Place) -> float | None:
    return duration(place, "10m")


def _parse_cost(place: Place) -> float | None:
    cost = number(place, "an amount in USD", "write the number alone: 50")
    if cost is not None and not 0 <= cost <= syntax.MAX_COST:
        return place.error(f"{cost:.15g} is out of range", f"write USD, from 0 to {syntax.MAX_COST}, or leave it out")
    return cost


def _parse_factor(place: Place) -> float | None:
    factor = number(place, "how many times more or fewer", "write the number alone: 5")
    if factor is not None and not 1 < factor <= syntax.MAX_FACTOR:
        return place.error(
            f"{factor:.15g} is no factor",
            f"write how many times more or fewer is too sudden, above 1 and up to {syntax.MAX_FACTOR}",
        )
    return factor


def _parse_share(place: Place) -> float | None:
    share = number(place, "a share from 0 to 1", "write a half as 0.5")
    if share is not None and not 0 <= share <= 1:
        percent = 1 < share <= 100  # noqa: PLR2004 - what a percentage looks like
        return place.error(
            f"{share:g} is no share", f"write {share:g} percent as {share / 100:g}" if percent else "0 to 1"
        )
    return share


def _parse_stop_hours(place: Place) -> tuple[StopHours, ...] | None:
    items = place.items("a list of windows", _WINDOW_EXAMPLE)
    if items is None:
        return None
    windows = [_parse_window(item) for item in items]
    found = tuple(window for window in windows if window is not None)
    return found if len(found) == len(windows) else None


def _parse_window(place: Place) -> StopHours | None:
    fields = place.fields(_WINDOW, "a window of days and times", hint=_WINDOW_EXAMPLE)
    if fields is None:
        return None
    for key in _WINDOW:
        if key not in fields:
            place.error(f"`{key}` is missing", _WINDOW_EXAMPLE)
    if len(fields) < len(_WINDOW):
        return None
    days = _parse_days(fields["days"])
    start = _parse_time(fields["from"], syntax.START)
    end = _parse_time(fields["to"], syntax.END)
    timezone = parse_timezone(fields["timezone"])
    if start is not None and start == end:
        return fields["to"].error("the window ends when it begins", 'a whole day is from "00:00" to "24:00"')
    if days is None or start is None or end is None or timezone is None:
        return None
    return StopHours(days=days, start=start, end=end, timezone=timezone)


def _parse_days(place: Place) -> frozenset[int] | None:
    text = strict_text(place, "days")
    if text is None:
        return None
    if not re.fullmatch(syntax.DAYS, text):
        return place.error(f"{quoted(text)} names no days", "write them like mon-fri, sat,sun or mon")
    days: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        start, end = _DAYS.index(first), _DAYS.index(last or first)
        days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return frozenset(days)


def _parse_time(place: Place, pattern: str) -> int | None:
    """Minutes after midnight. The text as written is read, so that YAML's base-60 numbers never come into it."""
    text = strict_text(place, "a time of day")
    if text is None:
        return None
    if not re.fullmatch(pattern, text):
        if text == "24:00":
            return place.error("a window cannot begin at 24:00", 'write "00:00"')
        padded = re.fullmatch(r"([0-9]):([0-5][0-9])", text)
        return place.error(f"{quoted(text)} is no time of day", f'write "{f"0{text}" if padded else "08:00"}"')
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def parse_timezone(place: Place) -> str | None:
    """The name of a time zone that exists wherever this is deployed."""
    text = strict_text(place, "an IANA time zone")
    if text is None:
        return None
    if text in timezones():
        return text
    near = did_you_mean(text, timezones()) or "write it like Europe/Berlin"
    return place.error(f"no such time zone {quoted(text)}", near)


READERS: Final[Mapping[str, Callable[[Place], object]]] = {
    "max_stops": _parse_stops,
    "max_stop_share": _parse_share,
    "min_population": _parse_population,
    "min_age": _parse_min_age,
    "stop_hours": _parse_stop_hours,
    "max_idle_cost": _parse_cost,
    "population_factor": _parse_factor,
    "max_tag_failures": _parse_share,
    "max_evidence_failures": _parse_share,
    "max_regret_share": _parse_share,
}
"""Every guard a file may name, and how it is read: a value, or ``None`` after adding an error."""
