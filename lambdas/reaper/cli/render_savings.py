"""A period's savings, in every format. Pure: the numbers in, text out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from reaper.cli.grid import Grid, markdown, plain
from reaper.cli.render_rows import as_json, joined
from reaper.cli.text import UNKNOWN, clean, count, duration
from reaper.core import durations
from reaper.core.report import rfc3339
from reaper.core.savings import Dimension, Measure, Savings
from reaper.core.savings_document import savings_json

if TYPE_CHECKING:
    from reaper.cli.console import Surface

FORMATS: Final = ("table", "json", "markdown")

Section = tuple[str, Grid]


def render_savings(savings: Savings, output: str, surface: Surface) -> str:  # noqa: ARG001 - tables are narrow
    """``savings`` as ``output``."""
    if output == "json":
        return as_json(savings_json(savings))
    sections = [section for section in _sections(savings) if section[1].rows]
    if output == "markdown":
        return joined(*(f"**{title}**\n\n{markdown(grid)}" for title, grid in sections))
    return joined(*(f"{title}:\n{plain(grid)}" for title, grid in sections))


def summary(savings: Savings) -> list[str]:
    """What came of it, in a few lines for people."""
    sweeps = savings.sweeps
    if not sweeps.done:
        lines = ["No report of this period was found, so nothing is known of it."]
    else:
        every = f", about one every {durations.format(round(sweeps.every))}" if sweeps.every else ""
        missed = f"; about {sweeps.missed} are missing" if sweeps.missed else ""
        lines = [
            f"{count(sweeps.done, 'sweep')}{every}{missed}.",
            f"Idle cost {savings.idle_cost:.2f} USD.",
            f"{count(savings.stops, 'stop')} avoided about {savings.avoided_cost:.2f} USD. All amounts are estimates.",
        ]
    if savings.unpriced:
        lines.append(f"{count(savings.unpriced, 'idle session')} without a known price cost nothing here.")
    if savings.blind:
        still = sum(one.still for one in savings.blind)
        lines.append(f"{count(len(savings.blind), 'place')} could not be read at times, {still} still cannot.")
    if savings.garbled:
        lines.append(f"{count(savings.garbled, 'finding')} made no sense, and counted for nothing.")
    if savings.unread:
        lines.append(f"{count(len(savings.unread), 'report')} COULD NOT BE READ: what happened then is not in this.")
        lines += [f"  {clean(one)}" for one in savings.unread]
    return lines


def _sections(savings: Savings) -> list[Section]:
    return [
        *(_costs(savings, by) for by in Dimension),
        ("Idle the longest, when last looked at", _longest(savings)),
        (
            "False stops",
            Grid(
                ("POLICY", "IN THE PERIOD", "OF ITS LATEST STOPS"),
                tuple(
                    (clean(one.policy), str(one.seen), f"{one.recent} of {one.recent_stops}")
                    for one in savings.false_stops
                    if one.seen or one.recent
                ),
            ),
        ),
        (
            "Snoozes",
            Grid(
                ("SESSION", "NAME", "SERVICE", "TEAM", "BY", "WHEN", "UNTIL", "TIMES"),
                tuple(
                    _cells(
                        one.session,
                        one.name,
                        one.service,
                        one.team,
                        one.by,
                        rfc3339(one.at),
                        rfc3339(one.until),
                        one.times,
                    )
                    for one in savings.snoozes
                ),
            ),
        ),
        (
            "Blind spots",
            Grid(
                ("PLACE", "SWEEPS", "HOW LONG", "STILL", "WHY"),
                tuple(
                    (
                        clean(one.place),
                        f"{one.sweeps} of {savings.sweeps.done}",
                        duration(one.seconds),
                        "yes" if one.still else "no",
                        clean(one.error),
                    )
                    for one in savings.blind
                ),
            ),
        ),
    ]


def _costs(savings: Savings, by: Dimension) -> Section:
    idle, avoided = (savings.totals(by, what) for what in Measure)
    names = sorted({*idle, *avoided}, key=lambda name: (-idle.get(name, 0.0), -avoided.get(name, 0.0), name))
    rows = [(clean(name), f"{idle.get(name, 0.0):.2f}", f"{avoided.get(name, 0.0):.2f}") for name in names]
    if len(rows) > 1:
        rows.append(("(all)", f"{savings.idle_cost:.2f}", f"{savings.avoided_cost:.2f}"))
    first, last = (datetime.fromtimestamp(at, UTC).date() for at in (savings.since, savings.until))
    return (
        f"Costs by {by.value}, {first} to {last}, estimates in USD",
        Grid((by.value.upper(), "IDLE COST", "AVOIDED COST (EST.)"), tuple(rows)),
    )


def _longest(savings: Savings) -> Grid:
    return Grid(
        ("SESSION", "NAME", "SERVICE", "TEAM", "OWNER", "IDLE", "COST SO FAR", "OUTCOME"),
        tuple(
            _cells(
                one.session,
                one.name,
                one.service,
                one.team,
                one.owner,
                duration(one.idle_for),
                UNKNOWN if one.idle_cost is None else f"{one.idle_cost:.2f}",
                one.outcome,
            )
            for one in savings.longest_idle
        ),
    )


def _cells(*values: object) -> tuple[str, ...]:
    return tuple(clean(value) for value in values)
