"""The money page in a few lines of plain text, for a mail."""

from __future__ import annotations

from datetime import datetime

from reaper.core.policy.problems import one_line
from reaper.core.savings import Dimension, Measure, Savings
from reaper.core.snooze import zone_of
from reaper.pages.layout import dollars

_MOST_TEAMS = 5


def subject(savings: Savings) -> str:
    """At most 100 characters of ASCII, as SNS takes them."""
    if not savings.sweeps.done:
        return "Session Reaper, weekly: nothing is known of this period"
    return (
        f"Session Reaper, weekly: {dollars(savings.idle_cost)} idle, {dollars(savings.avoided_cost)} avoided (estimates)"
    )[:100]


def text(savings: Savings, where: str) -> str:
    """The mail; ``where`` the page is."""
    zone = zone_of(savings.timezone)
    first, last = (datetime.fromtimestamp(at, zone) for at in (savings.since, savings.until))
    period = f"{first.day} {first:%B} {first.year} to {last.day} {last:%B} {last.year} ({savings.timezone})"
    lines = ["What idle sessions cost", period, "", *_numbers(savings), *_gaps(savings), "", where, ""]
    return "\n".join(lines)


def _numbers(savings: Savings) -> list[str]:
    if not savings.sweeps.done:
        return ["No report of this period was found, so nothing is known of it."]
    teams = list(savings.totals(Dimension.TEAM, Measure.IDLE).items())[:_MOST_TEAMS]
    return [
        f"Idle cost:        {dollars(savings.idle_cost)}",
        f"Avoided cost:     {dollars(savings.avoided_cost)}",
        f"Sessions stopped: {savings.stops:,}",
        f"False stops:      {savings.false_stops_seen:,}",
        f"Could not be seen: {len(savings.blind):,} places",
        "",
        "All amounts are estimates. Avoided cost is what stopped sessions would have cost until their own idle timeout, or",
        "for as long as others of their service stayed idle; where neither is known, nothing is claimed.",
        *(["", "Idle cost by team:"] if teams else []),
        *(f"  {one_line(name[:60])}: {dollars(amount)}" for name, amount in teams),
    ]


def _gaps(savings: Savings) -> list[str]:
    return (
        ["", f"{len(savings.unread):,} reports could not be read; what happened in those sweeps is missing."]
        if savings.unread
        else []
    )
