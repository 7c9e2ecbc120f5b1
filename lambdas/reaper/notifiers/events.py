"""Reports as EventBridge events, for whatever else wants to know: one for each session with news, and one for the sweep.

Events carry no tags and nothing of what ran in a session; names, owners and details were written by strangers, and are
shortened. ``schema/events`` holds what is promised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from reaper.core.outcome import Outcome
from reaper.notifiers.event_bus import Entry, EventPublisher, Published, clipped
from reaper.notifiers.port import Notifier, NotifyError
from reaper.wire.common import Ref, instant, known_number, known_text
from reaper.wire.events import (
    EVENT_VERSION,
    STOP_REQUESTED,
    SWEEP_COMPLETED,
    SessionDetail,
    StopRequestedDetail,
    SweepDetail,
)
from reaper.wire.report import Finding, Report

__all__ = ["Entry", "EventPublisher", "Published", "events_of", "stop_requested"]

DETAIL_TYPES: Final[Mapping[Outcome, str]] = {outcome: outcome.row.event for outcome in Outcome if outcome.row.event}
"""The event of each outcome that has one."""


def create(client: Callable[[str], Any], bus: str, _where: str) -> EventNotifier:
    """The notifier of an event bus of the function's own region."""
    return EventNotifier(EventPublisher(client("events"), bus))


class EventNotifier(Notifier):
    """Sends the events of whole sweeps. One that is lost is counted."""

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher

    def _tell_digest(self, digest: Report) -> None:
        published = self._publisher.publish(events_of(digest))
        if published.lost:
            raise NotifyError("; ".join(published.notes), lost=published.lost)


def events_of(report: Report) -> list[Entry]:
    """The events of a report, as of its end: of each finding with news, and at last of the sweep."""
    at = report.finished_at
    found = [
        Entry(kind, _session_detail(report, finding, at), at, _resources(finding.arn))
        for finding in report.findings
        if finding.news and (outcome := Outcome.read(finding.outcome)) and (kind := outcome.row.event)
    ]
    return [*found, Entry(SWEEP_COMPLETED, _sweep_detail(report, at), at)]


def stop_requested(  # noqa: PLR0913 - what is known of the session, and who asked when
    session: Ref,
    *,
    by: str,
    at: float,
    arn: str | None = None,
    policy: str | None = None,
    owner: str = "",
    team: str = "",
) -> Entry:
    """The event of somebody's wish to have ``session`` stopped at once, uttered ``at`` (epoch seconds)."""
    when = instant(at)
    detail = StopRequestedDetail(
        schema_version=EVENT_VERSION, session=session, policy=policy, by=by, at=when, owner=owner, team=team
    )
    return Entry(STOP_REQUESTED, detail, when, _resources(arn))


def _session_detail(report: Report, finding: Finding, at: datetime) -> SessionDetail:
    facts = finding.facts
    return SessionDetail(
        schema_version=EVENT_VERSION,
        run_id=report.run_id,
        mode=report.mode,
        session=finding.ref,
        outcome=finding.outcome,
        policy=finding.policy,
        detail=finding.detail,
        at=at,
        name=known_text(facts.name),
        owner=known_text(facts.owner),
        team=finding.team,
        idle_since=finding.idle_since,
        hourly_cost=known_number(facts.hourly_cost),
        idle_cost=known_number(facts.idle_cost),
        due=finding.due,
        snooze=finding.snooze,
    )


def _sweep_detail(report: Report, at: datetime) -> SweepDetail:
    return SweepDetail(
        schema_version=EVENT_VERSION,
        run_id=report.run_id,
        mode=report.mode,
        at=at,
        started_at=report.started_at,
        finished_at=report.finished_at,
        sessions=report.sessions,
        totals=report.totals,
        blind_scopes=len(report.blind),
        tripped_guards=len(report.guards),
        idle_cost=report.idle_cost,
        avoided_cost=report.avoided_cost,
        unresolved_owners=report.owners.unresolved if report.owners else None,
        unfinished=report.unfinished.total() if report.unfinished else None,
        error=report.error,
    )


def _resources(arn: str | None) -> tuple[str, ...]:
    return (clipped(arn),) if arn else ()
