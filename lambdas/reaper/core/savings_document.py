"""A period's savings as public JSON, ``schema_version`` 1: the same from the command line and the weekly message."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from reaper.core.report import rfc3339
from reaper.core.savings import Dimension, Measure, Savings, Sweeps

SAVINGS_VERSION: Final = 1

Json = dict[str, Any]


def savings_json(savings: Savings) -> Json:
    """All of it. Amounts are estimates in USD, durations seconds, instants RFC 3339 in UTC."""
    return {
        **headline_json(savings),
        **{f"by_{by.value}": _by(savings, by) for by in Dimension},
        "days": [
            {
                **asdict(cell),
                "day": cell.day.isoformat(),
                **{what.value: round(cell.amount(what), 4) for what in Measure},
            }
            for cell in savings.cells
        ],
        "observed_idle": [asdict(one) for one in savings.observed],
        "longest_idle": [asdict(one) for one in savings.longest_idle],
        "false_stops_by_policy": [asdict(one) for one in savings.false_stops],
        "snoozes": [{**asdict(one), "until": rfc3339(one.until), "at": rfc3339(one.at)} for one in savings.snoozes],
        "blind": [asdict(one) for one in savings.blind],
        "unread": list(savings.unread),
    }


def headline_json(savings: Savings) -> Json:
    """The numbers that stand for all of it."""
    return {
        "schema_version": SAVINGS_VERSION,
        "since": rfc3339(savings.since),
        "until": rfc3339(savings.until),
        "timezone": savings.timezone,
        "estimate": True,
        "currency": "USD",
        "idle_cost": round(savings.idle_cost, 2),
        "avoided_cost": round(savings.avoided_cost, 2),
        "avoided_by_basis": [
            {"basis": one.basis.value, "stops": one.stops, "avoided_cost": round(one.avoided_cost, 2)}
            for one in savings.claims
        ],
        "protected_cost": round(savings.protected_cost, 2),
        "stopped": savings.stops,
        "not_stopping": savings.not_stopped,
        "false_stops": savings.false_stops_seen,
        "snoozed": len(savings.snoozes),
        "blind_places": len(savings.blind),
        "still_blind": sum(one.still for one in savings.blind),
        "unpriced_sessions": savings.unpriced,
        "unread_reports": len(savings.unread),
        "garbled_findings": savings.garbled,
        "sweeps": _sweeps(savings.sweeps),
        **(
            {"owners": {"resolved": savings.owners[0], "unresolved": savings.owners[1]}}
            if savings.owners is not None
            else {}
        ),
    }


def _by(savings: Savings, by: Dimension) -> list[Json]:
    totals = {what: savings.totals(by, what) for what in Measure}
    names = sorted(
        {name for found in totals.values() for name in found},
        key=lambda name: (-totals[Measure.IDLE].get(name, 0.0), name),
    )
    return [
        {by.value: name, **{what.value: round(totals[what].get(name, 0.0), 2) for what in Measure}} for name in names
    ]


def _sweeps(sweeps: Sweeps) -> Json:
    return {
        **asdict(sweeps),
        "first": None if sweeps.first is None else rfc3339(sweeps.first),
        "last": None if sweeps.last is None else rfc3339(sweeps.last),
    }
