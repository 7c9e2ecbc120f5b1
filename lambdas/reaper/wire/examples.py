"""One report as an example, for the schemas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from reaper.catalog.services import specs
from reaper.core.outcome import Outcome
from reaper.core.report import Mode
from reaper.wire.common import Facts, Ref
from reaper.wire.events import EVENT_VERSION, SessionDetail, StopRequestedDetail, SweepDetail
from reaper.wire.report import Blind, Finding, Owners, Report, Sessions, SnoozeLimit

_ALONE: Final = next(spec for spec in specs().values() if not spec.scope)
"""A service whose sessions live in no scope."""
_SCOPED: Final = next(spec for spec in specs().values() if spec.scope)
_LIST: Final = {spec.service: spec.read[0].actions[0] for spec in (_ALONE, _SCOPED)}
_PLACE: Final = {"account": "123456789012", "region": "eu-central-1"}
NOW: Final = datetime(2026, 3, 1, 10, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)

FINDING: Final = Finding(
    ref=Ref(service=_ALONE.service, **_PLACE, scope={}, id="nightly-adhoc"),
    verdict="stop",
    policy="idle",
    outcome=Outcome.WARNED.value,
    detail="idle for 2h, which is at least 1h; its grace ends in 30m",
    facts=Facts(
        name="adhoc",
        state="READY",
        phase="idle",
        age=9000,
        idle_for=7200,
        idle_timeout=172_800,
        owner="ana@example.com",
        tags={"env": "dev"},
        kind="glueetl",
        worker_type="G.1X",
        dpus=5,
        hourly_cost=2.2,
        idle_cost=4.4,
    ),
    team="data",
    arn=_ALONE.session_arn.format(partition="aws", **_PLACE, id="nightly-adhoc"),
    idle_since=NOW - 2 * _HOUR,
    evidence="statement 7 completed 2026-03-01T08:00:00Z",
    due=NOW + _HOUR / 2,
    snooze_limit=SnoozeLimit(max=28_800, left=3),
)

REPORT: Final = Report(
    schema_version=1,
    run_id="4b1c8e0e-6a3c-4c52-9f0e-0a5d5a3f6a11",
    mode=Mode.ENFORCE,
    started_at=NOW,
    finished_at=NOW + timedelta(seconds=12),
    sessions=Sessions(seen=40, live=17),
    findings=(FINDING,),
    blind=(
        Blind(
            service=_SCOPED.service,
            **_PLACE,
            scope={_SCOPED.scope[0]: "science"},
            error=f"{_LIST[_SCOPED.service]} was denied in eu-central-1: grant it to the caller",
        ),
    ),
    totals={Outcome.WARNED.value: 1},
    idle_cost=4.4,
    owners=Owners(resolved=1, unresolved=0),
    api_calls={_LIST[_SCOPED.service]: 2, _LIST[_ALONE.service]: 1},
)

SESSION_DETAIL: Final = SessionDetail(
    schema_version=EVENT_VERSION,
    run_id=REPORT.run_id,
    mode=REPORT.mode,
    session=FINDING.ref,
    outcome=FINDING.outcome,
    policy=FINDING.policy,
    detail=FINDING.detail,
    at=NOW,
    name="adhoc",
    owner="ana@example.com",
    team="data",
    idle_since=FINDING.idle_since,
    hourly_cost=2.2,
    idle_cost=4.4,
    due=FINDING.due,
)
SWEEP_COMPLETED: Final = SweepDetail(
    schema_version=EVENT_VERSION,
    run_id=REPORT.run_id,
    mode=REPORT.mode,
    at=NOW,
    started_at=NOW,
    finished_at=REPORT.finished_at,
    sessions=REPORT.sessions,
    totals={Outcome.WARNED.value: 1, Outcome.STOPPED.value: 2},
    blind_scopes=0,
    tripped_guards=0,
    idle_cost=11.7,
    avoided_cost=31.2,
    unresolved_owners=1,
)
STOP_REQUESTED: Final = StopRequestedDetail(
    schema_version=EVENT_VERSION,
    session=FINDING.ref,
    policy=FINDING.policy,
    by="ana@example.com",
    at=NOW + timedelta(seconds=330),
    owner="ana@example.com",
    team="data",
)
