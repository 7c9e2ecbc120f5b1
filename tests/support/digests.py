"""Digests for people, as JSON, written by hand."""

from __future__ import annotations

from typing import Any

from tests.support.reports import finding, report

TOKEN = "eyJ2IjoxfQ.c2lnbmF0dXJl"
URL = f"https://answers.example.com/s/{TOKEN}"


def warned(identity: str = "nightly", *, outcome: str = "warned", **change: Any) -> dict[str, Any]:
    return finding(
        outcome,
        identity,
        **{
            "team": "data",
            "idle_since": "2026-03-01T08:00:00Z",
            "evidence": "statement 7 completed 2026-03-01T08:00:00Z",
            "due": "2026-03-01T10:45:00Z",
            "snooze_limit": {"max": 86_400, "left": 2},
            "links": {"answer": URL},
            "facts": {
                "name": "etl",
                "state": "READY",
                "phase": "idle",
                "age": 9000,
                "idle_for": 7200,
                "owner": "alice",
                "hourly_cost": 2.2,
                "idle_cost": 4.4,
            },
            **change,
        },
    )


def digest(*findings: dict[str, Any], to: str = "#data", medium: str = "slack", **change: Any) -> dict[str, Any]:
    key = f"{medium}:{to}" if to else medium
    audience = {"key": key, "medium": medium, "to": to, "teams": ["data"], "timezone": "Europe/Berlin"}
    return report(*findings, **{"mode": "enforce", "audience": audience, **change})
