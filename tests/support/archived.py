"""Public reports of sweeps, made by hand: what the archive holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from reaper.core.sightings import PastSweep
from reaper.wire.past import past_sweep

Json = dict[str, Any]

MONDAY = datetime(2027, 3, 1, tzinfo=UTC).timestamp()
"""Midnight of a Monday."""
HOUR = 3600.0


def moment(at: float) -> str:
    """RFC 3339."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def finding(  # noqa: PLR0913 - one per fact
    id_: str,
    outcome: str = "reported",
    *,
    idle: float | None = HOUR,
    rate: float | None = 2.0,
    timeout: float | None = None,
    team: str | None = "data",
    policy: str | None = "glue-idle",
    service: str = "glue",
    age: float | None = 10 * HOUR,
    **more: Any,
) -> Json:
    """A finding of the session ``id_``: durations in seconds, ``rate`` in USD an hour."""
    return {
        "ref": {"service": service, "account": "123456789012", "region": "eu-central-1", "scope": {}, "id": id_},
        "verdict": "stop",
        "policy": policy,
        "outcome": outcome,
        "detail": "idle",
        "facts": {
            "name": f"{id_} name",
            "state": "READY",
            "age": age,
            "idle_for": idle,
            "idle_timeout": timeout,
            "owner": "ana",
            "hourly_cost": rate,
            "idle_cost": None if rate is None or idle is None else rate * idle / HOUR,
        },
        **({} if team is None else {"team": team}),
        **more,
    }


def past(*reports: Json) -> list[PastSweep]:
    """What such reports are read as."""
    return [past_sweep(json.dumps(one).encode()) for one in reports]


def report(at: float, *findings: Json, run: str | None = None, took: float = 0.0, **more: Any) -> Json:
    """The report of a sweep that began at ``at`` (epoch seconds)."""
    return {
        "schema_version": 1,
        "run_id": run or f"run-{at:.0f}",
        "mode": "enforce",
        "started_at": moment(at),
        "finished_at": moment(at + took),
        "sessions": {"seen": len(findings), "live": len(findings)},
        "findings": list(findings),
        "blind": [],
        "totals": {},
        "idle_cost": 0,
        "api_calls": {},
        **more,
    }
