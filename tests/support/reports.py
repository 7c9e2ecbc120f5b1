"""Public reports, as JSON, written by hand."""

from __future__ import annotations

import json
from typing import Any

from reaper.core.report import Report
from reaper.core.vocabulary import Lens
from reaper.wire import report as wire
from reaper.wire.codec import convert, encode
from reaper.wire.from_sweep import report_of


def ref(identity: str = "nightly", **change: Any) -> dict[str, Any]:
    return {
        "service": "glue",
        "account": "123456789012",
        "region": "eu-central-1",
        "scope": {},
        "id": identity,
        **change,
    }


def finding(outcome: str, identity: str = "nightly", **change: Any) -> dict[str, Any]:
    return {
        "ref": ref(identity),
        "verdict": "stop",
        "policy": "glue-idle",
        "outcome": outcome,
        "detail": "idle for 2h, which is at least 1h",
        "facts": {"name": None, "state": "READY", "phase": "idle", "age": 9000, "idle_for": 7200, "owner": "alice"},
        **change,
    }


def blind(**change: Any) -> dict[str, Any]:
    return {
        "service": "athena",
        "account": "123456789012",
        "region": "eu-central-1",
        "scope": {"workgroup": "science"},
        "error": "athena:ListSessions on science was denied in eu-central-1: grant it to the caller",
        **change,
    }


def report(*findings: dict[str, Any], **change: Any) -> dict[str, Any]:
    totals: dict[str, int] = {}
    for one in findings:
        totals[one["outcome"]] = totals.get(one["outcome"], 0) + 1
    return {
        "schema_version": 1,
        "run_id": "run-1",
        "mode": "report",
        "started_at": "2026-03-01T10:00:00Z",
        "finished_at": "2026-03-01T10:00:12Z",
        "sessions": {"seen": 40, "live": 17},
        "findings": list(findings),
        "blind": [],
        "totals": totals,
        "idle_cost": 4.4,
        "api_calls": {"glue:ListSessions": 1},
        **change,
    }


def as_json(swept: Report, lens: Lens, now: float) -> dict[str, Any]:
    """The public report of a sweep, as whoever reads its JSON has it."""
    return json.loads(encode(report_of(swept, lens, now)))


def typed(document: dict[str, Any]) -> wire.Report:
    """The report that a document written by hand is."""
    return convert(document, wire.Report)
