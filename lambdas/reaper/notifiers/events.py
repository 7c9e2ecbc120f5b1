"""Reports as EventBridge events, for whatever else wants to know: one for each session with news, and one for the sweep.

Takes the public JSON of a report (:func:`reaper.core.report.as_json`). Events carry no tags and nothing of what ran in a
session; names, owners and details were written by strangers, and are shortened. ``schema/events`` holds what is promised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from reaper.core.outcome import Outcome
from reaper.core.report import rfc3339
from reaper.notifiers.event_bus import Entry, EventPublisher, Published, clipped

__all__ = ["Entry", "EventPublisher", "Published", "events_of", "stop_requested"]

Json = Mapping[str, Any]
ArnOf = Callable[[Json], str | None]

SCHEMA_VERSION: Final = 1

SWEEP_COMPLETED: Final = "Sweep Completed"
STOP_REQUESTED: Final = "Session Stop Requested"
DETAIL_TYPES: Final[Mapping[Outcome, str]] = {outcome: outcome.row.event for outcome in Outcome if outcome.row.event}
"""The event of each outcome that has one."""


def events_of(report: Json, *, arn: ArnOf, at: float) -> list[Entry]:
    """The events of a report, as of the moment ``at``: of each finding with news, and at last of the sweep.

    ``arn`` names a session by its ``ref`` where its finding does not say its ``arn`` itself.
    """
    told = [finding for finding in report["findings"] if finding.get("news", True)]
    found = [
        Entry(kind, _session_detail(report, finding, at), at, _resources(finding.get("arn") or arn(finding["ref"])))
        for finding in told
        if (outcome := Outcome.read(finding["outcome"])) and (kind := outcome.row.event)
    ]
    return [*found, Entry(SWEEP_COMPLETED, _sweep_detail(report, at), at)]


def stop_requested(  # noqa: PLR0913 - what is known of the session, and who asked when
    session: Json,
    *,
    by: str,
    at: float,
    arn: str | None = None,
    policy: str | None = None,
    owner: str = "",
    team: str = "",
) -> Entry:
    """The event of somebody's wish to have ``session`` (a ref as JSON) stopped at once."""
    detail = {
        "schemaVersion": SCHEMA_VERSION,
        "session": _session(session),
        "policy": policy,
        "by": by,
        "at": rfc3339(at),
        **_texts(owner=owner, team=team),
    }
    return Entry(STOP_REQUESTED, detail, at, _resources(arn))


_REF: Final = ("service", "account", "region", "scope", "id")
_SNOOZE: Final = ("until", "by", "at", "times")


def _session_detail(report: Json, finding: Json, at: float) -> Json:
    facts = finding.get("facts", {})
    snooze = finding.get("snooze")
    return {
        "schemaVersion": SCHEMA_VERSION,
        "runId": report["run_id"],
        "mode": report["mode"],
        "session": _session(finding["ref"]),
        "outcome": finding["outcome"],
        "policy": finding.get("policy"),
        "detail": finding.get("detail") or "",
        "at": rfc3339(at),
        **_texts(
            name=facts.get("name"),
            owner=facts.get("owner"),
            team=finding.get("team"),
            idleSince=finding.get("idle_since"),
            due=finding.get("due"),
        ),
        **_numbers(hourlyCost=facts.get("hourly_cost"), idleCost=facts.get("idle_cost")),
        **({"snooze": {part: snooze[part] for part in _SNOOZE if part in snooze}} if snooze else {}),
    }


def _sweep_detail(report: Json, at: float) -> Json:
    owners = report.get("owners")
    unfinished = report.get("unfinished")
    return {
        "schemaVersion": SCHEMA_VERSION,
        "runId": report["run_id"],
        "mode": report["mode"],
        "at": rfc3339(at),
        "startedAt": report["started_at"],
        "finishedAt": report["finished_at"],
        "sessions": {"seen": report["sessions"]["seen"], "live": report["sessions"]["live"]},
        "totals": dict(report["totals"]),
        "blindScopes": len(report["blind"]),
        "trippedGuards": len(report.get("guards", ())),
        "idleCost": report["idle_cost"],
        **_numbers(avoidedCost=report.get("avoided_cost")),
        **({"unresolvedOwners": owners["unresolved"]} if owners else {}),
        **({"unfinished": {what: len(left) for what, left in unfinished.items()}} if unfinished else {}),
        **_texts(error=report.get("error")),
    }


def _session(ref: Json) -> Json:
    return {part: ref[part] for part in _REF if part in ref}


def _resources(arn: str | None) -> tuple[str, ...]:
    return (clipped(arn),) if arn else ()


def _texts(**values: object) -> dict[str, str]:
    """Those of ``values`` that are texts and say something; an undecidable fact is none."""
    return {name: value for name, value in values.items() if isinstance(value, str) and value}


def _numbers(**values: object) -> dict[str, float]:
    """Those of ``values`` that are numbers, and finite."""
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
