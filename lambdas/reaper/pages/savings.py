"""The money page: what idleness cost, what stops avoided, and what is not known. One file, for a manager to read or print."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from reaper.core import durations
from reaper.core.outcome import Outcome
from reaper.core.report import rfc3339
from reaper.core.savings import Dimension, Measure, Savings
from reaper.core.snooze import zone_of
from reaper.pages.charts import figure, patterns, series_of
from reaper.pages.layout import Child, Element, document, dollars, element, foreign, moment
from reaper.pages.savings_notes import how_it_was_made, notices, since_words
from reaper.pages.savings_style import STYLE_OF_MONEY

TITLE: Final = "What idle sessions cost"
_BY_DAY: Final = 21
"""Days up to which a chart has a bar for each; a longer period has one for each week."""
_MOST_ROWS: Final = 12

_BY: Final = {Dimension.TEAM: "team", Dimension.SERVICE: "service", Dimension.POLICY: "policy"}
_WHAT: Final = {Measure.IDLE: "Idle cost", Measure.AVOIDED: "Avoided cost (estimate)"}


def page(savings: Savings, *, made_at: float) -> str:
    """The page as HTML. ``made_at`` is in epoch seconds."""
    return document(TITLE, _body(savings, made_at), STYLE_OF_MONEY)


def _body(savings: Savings, made_at: float) -> Iterable[Element]:
    first, last = (_day(moment, savings) for moment in (savings.since, savings.until))
    yield element("h1", None, TITLE)
    days = _long(first) if first == last else f"{_long(first)} to {_long(last)}"
    yield element(
        "p",
        {"class": "lede"},
        f"{days}. Interactive cloud sessions are billed while nobody uses them. This page shows what that cost, what stopping"
        " them avoided, and what is not known. All amounts are estimates in US dollars, not bills.",
    )
    if savings.sweeps.done:
        yield _headline(savings)
    yield from notices(savings)
    if savings.sweeps.done:
        yield element("section", {"class": "card"}, *_charts(savings, first, last))
        yield _longest_idle(savings)
        yield _false_stops(savings)
        yield _snoozes(savings)
        yield _blind(savings)
    yield how_it_was_made(savings)
    yield element("footer", None, "Made by Session Reaper, ", moment(made_at, savings.timezone), ".")


def _headline(savings: Savings) -> Element:
    sweeps = savings.sweeps
    still = sum(one.still for one in savings.blind)
    every = f", about every {durations.format(round(sweeps.every))}" if sweeps.every else ""
    tiles = [
        ("Idle cost", dollars(savings.idle_cost), "what idle sessions cost in this period", "first"),
        ("Avoided cost (an estimate)", dollars(savings.avoided_cost), "what stopped sessions would have cost", "first"),
        ("Sessions stopped", f"{savings.stops:,}", f"in {sweeps.done:,} sweeps{every}", ""),
        ("False stops", f"{savings.false_stops_seen:,}", "stops that somebody soon made up for by starting anew", ""),
        ("Could not be seen", f"{len(savings.blind):,}", _blind_words(len(savings.blind), still), ""),
    ]
    return element(
        "dl",
        {"class": "headline"},
        *(
            element(
                "div",
                {"class": size} if size else None,
                element("dt", None, name),
                element("dd", {"class": "big"}, value),
                element("dd", {"class": "note"}, note),
            )
            for name, value, note, size in tiles
        ),
    )


def _blind_words(places: int, still: int) -> str:
    if not places:
        return "every place was read"
    if places == 1:
        return "place that could not be read, and still cannot" if still else "place that could not be read for a while"
    return f"places that could not be read; {still or 'none'} of them still cannot"


@dataclass(frozen=True, slots=True)
class _Axis:
    """The bars of the charts: the day each begins with, and its label."""

    starts: tuple[date, ...]
    labels: tuple[str, ...]
    bucket: Callable[[date], date]


def _axis(first: date, last: date) -> _Axis:
    step = 1 if (last - first).days < _BY_DAY else 7
    starts = tuple(first + timedelta(days=number) for number in range(0, (last - first).days + 1, step))

    def bucket(day: date) -> date:
        return starts[min(max((day - first).days // step, 0), len(starts) - 1)]

    return _Axis(starts, tuple(_short(day) for day in starts), bucket)


def _charts(savings: Savings, first: date, last: date) -> Iterable[Element]:
    axis = _axis(first, last)
    yield element("h2", None, "Over time")
    each = "day" if len(axis.starts) > 1 and axis.starts[1] - axis.starts[0] == timedelta(days=1) else "week"
    yield element(
        "p",
        {"class": "soft"},
        "One bar for the day."
        if len(axis.starts) == 1
        else f"One bar for each {each}, named by its first day."
        if each == "week"
        else "One bar for each day.",
    )
    yield patterns()
    yield element(
        "div", {"class": "charts"}, *(_chart(savings, axis, by, what) for by in Dimension for what in Measure)
    )


def _chart(savings: Savings, axis: _Axis, by: Dimension, what: Measure) -> Element:
    found = savings.over_time(by, what, axis.bucket)
    amounts = {name: [days.get(start, 0.0) for start in axis.starts] for name, days in found.items()}
    both = [savings.totals(by, measure) for measure in Measure]
    # One order for both charts, so that a name has one colour.
    names = sorted({*both[0], *both[1]}, key=lambda name: (-sum(one.get(name, 0.0) for one in both), name))
    return figure(f"{_WHAT[what]} by {_BY[by]}", series_of(amounts, names), axis.labels, of=_BY[by])


def _longest_idle(savings: Savings) -> Element:
    rows = [
        (
            _session(one.name, one.session),
            one.service,
            foreign(one.team, shown=60),
            foreign(one.owner or "unknown", shown=60),
            durations.format(round(one.idle_for) // 60 * 60) if one.idle_for >= 60 else "under 1m",  # noqa: PLR2004 - a minute
            "no price known" if one.idle_cost is None else dollars(one.idle_cost),
            known.row.counted if (known := Outcome.read(one.outcome)) else foreign(one.outcome),
        )
        for one in savings.longest_idle
    ]
    return _listed(
        "Idle the longest, right now",
        f"Sessions that were idle when the latest sweep looked{since_words(savings)}, the longest first.",
        ("Session", "Service", "Team", "Owner", "Idle for", "Cost so far", "What happens"),
        rows,
        "Nothing was idle that a policy speaks of.",
    )


def _false_stops(savings: Savings) -> Element:
    rows = [
        (
            foreign(one.policy, shown=60),
            f"{one.seen:,}",
            f"{one.recent} of {one.recent_stops}" if one.recent_stops else "none",
        )
        for one in savings.false_stops
        if one.seen or one.recent
    ]
    return _listed(
        "False stops",
        "A stop counts as false when a session like it was started again soon after by the same person."
        " A policy with many of them is too eager; past a limit, it is held back by itself.",
        ("Policy", "False stops", "Of its latest stops (14 days)"),
        rows,
        "None was noticed.",
    )


def _snoozes(savings: Savings) -> Element:
    rows = [
        (
            _session(one.name, one.session),
            one.service,
            foreign(one.by or "unknown", shown=80),
            _told_moment(one.at, savings),
            _told_moment(one.until, savings),
            f"{one.times}",
        )
        for one in savings.snoozes[:_MOST_ROWS]
    ]
    more = len(savings.snoozes) - len(rows)
    note = f" The latest {len(rows)} of {len(savings.snoozes)} are listed." if more else ""
    return _listed(
        "Snoozes",
        f"Sessions that somebody asked to keep for a while. Times are in {savings.timezone}.{note}",
        ("Session", "Service", "By", "When", "Until", "Times so far"),
        rows,
        "Nobody asked to keep a session.",
    )


def _blind(savings: Savings) -> Element:
    done = savings.sweeps.done
    rows = [
        (
            foreign(one.place, shown=100),
            foreign(one.error),
            f"{one.sweeps:,} of {done:,} sweeps ({one.sweeps / done:.0%})",
            durations.format(max(60, round(one.seconds) // 60 * 60)) if one.seconds else "the latest sweep",
            "yes" if one.still else "no",
        )
        for one in savings.blind[:_MOST_ROWS]
    ]
    more = len(savings.blind) - len(rows)
    note = f" The longest {len(rows)} of {len(savings.blind)} are listed." if more else ""
    return _listed(
        "Blind spots",
        f"What could not be read. Sessions there are in none of these numbers, and none of them was stopped.{note}",
        ("Place", "Why", "How often", "How long", "Still"),
        rows,
        "Every place was read in every sweep.",
    )


def _listed(title: str, note: str, columns: Sequence[str], rows: Sequence[Sequence[Child]], nothing: str) -> Element:
    """A table, of which a phone shows each row as a list. Its roles are spelt out, for that display takes them away."""
    heading = element("h2", None, title)
    if not rows:
        return element(
            "section", {"class": "card"}, heading, element("p", {"class": "soft"}, note), element("p", None, nothing)
        )
    head = [element("th", {"scope": "col", "role": "columnheader"}, name) for name in columns]
    body = [
        element(
            "tr",
            {"role": "row"},
            element("th", {"scope": "row", "role": "rowheader"}, row[0]),
            *(
                element("td", {"role": "cell", "data-label": name}, element("span", None, cell))
                for name, cell in zip(columns[1:], row[1:], strict=True)
            ),
        )
        for row in rows
    ]
    table = element(
        "table",
        {"role": "table", "aria-label": title},
        element("thead", {"role": "rowgroup"}, element("tr", {"role": "row"}, *head)),
        element("tbody", {"role": "rowgroup"}, *body),
    )
    return element(
        "section",
        {"class": "card"},
        heading,
        element("p", {"class": "soft"}, note),
        element("div", {"class": "listed"}, table),
    )


def _session(name: str, id_: str) -> Element:
    if name == id_:
        return foreign(name, shown=80)
    return element(
        "span", None, foreign(name, shown=80), element("small", {"class": "id soft"}, foreign(id_, shown=80))
    )


def _told_moment(at: float, savings: Savings) -> Child:
    local = datetime.fromtimestamp(at, zone_of(savings.timezone))
    return element("time", {"datetime": rfc3339(at)}, f"{local:%a} {local.day} {local:%b}, {local:%H:%M}")


def _day(at: float, savings: Savings) -> date:
    return datetime.fromtimestamp(at, zone_of(savings.timezone)).date()


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def _long(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"
