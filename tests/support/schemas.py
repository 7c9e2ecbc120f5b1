"""What tests of the published schemas have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

FULL: dict[str, Any] = {
    "team": "data",
    "arn": "arn:aws:glue:eu-central-1:123456789012:session/nightly",
    "idle_since": "2026-03-01T08:00:00Z",
    "evidence": "statement 7 completed",
    "due": "2026-03-01T10:30:00Z",
    "snooze": {"until": "2026-03-01T10:30:00Z", "by": "ana", "at": "2026-03-01T09:00:00Z", "times": 2},
    "snooze_limit": {"max": 28800, "left": 1},
    "facts": {"name": "adhoc", "owner": "ana", "tags": {"env": "dev"}, "hourly_cost": 2.2, "idle_cost": 4},
}
"""All that a finding may have on top."""


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every part of a schema that lists the members of an object."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            yield schema
        for part in schema.values():
            yield from objects(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects(part)
