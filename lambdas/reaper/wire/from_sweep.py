"""A sweep's own values as what is told of them: reports, findings, facts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from reaper.core.avoided import avoided_cost
from reaper.core.facts import ABSENT, NOT_ASKED, Missing, Undecidable
from reaper.core.outcome import Outcome
from reaper.core.plan import Finding, known_idle_cost
from reaper.core.report import Blind, Report, Unfinished
from reaper.core.session import Session, SessionRef
from reaper.core.shown import evidence, idle_since
from reaper.core.vocabulary import VOCABULARY, FactType, Lens, read_hourly_cost
from reaper.wire import common
from reaper.wire import report as wire
from reaper.wire.common import FACTS, Fact, Facts, Ref, instant

ArnOf = Callable[[SessionRef], str | None]
"""What a session is called outside of this program, if it has such a name."""


def report_of(
    report: Report, lens: Lens, now: float, *, error: str = "", arn: ArnOf = lambda _ref: None
) -> wire.Report:
    """The public report. ``now`` is the moment the facts are told for: that of the judgement.

    ``error`` says why nothing was looked at, ``arn`` what a session is called outside of this program.
    """
    idle = [known_idle_cost(one.session, now, lens) for one in report.findings if one.outcome.row.costs]
    findings = tuple(finding_of(one, lens, now, arn) for one in report.findings)
    avoided = [one.avoided_cost for one in findings if one.avoided_cost is not None]
    return wire.Report(
        schema_version=wire.REPORT_VERSION,
        run_id=report.run_id,
        mode=report.mode,
        started_at=instant(report.started_at),
        finished_at=instant(report.finished_at),
        sessions=wire.Sessions(seen=report.seen, live=report.live),
        findings=findings,
        blind=tuple(map(blind_of, report.blind)),
        totals=report.totals(),
        idle_cost=round(sum(cost for cost in idle if cost is not None and math.isfinite(cost)), 2),
        avoided_cost=round(sum(avoided), 2) if avoided else None,
        api_calls=dict(sorted(report.api_calls.items())),
        unfinished=_unfinished(report.unfinished) if report.unfinished else None,
        guards=tuple(wire.Guard.at(one.key, detail=one.why) for one in report.tripped),
        regrets={policy: wire.Regret(regrets=some, stops=of) for policy, (some, of) in report.regrets.items()},
        notes=report.notes,
        error=error,
    )


def finding_of(finding: Finding, lens: Lens, now: float, arn: ArnOf = lambda _ref: None) -> wire.Finding:
    """One finding, with what the person it belongs to wants to know beyond the facts."""
    facts, snooze, limit = finding.session.facts, finding.snooze, finding.limit
    since = idle_since(facts, now)
    avoided = _avoided(finding, lens, now) if finding.outcome is Outcome.STOPPED else None
    return wire.Finding(
        ref=Ref.of(finding.ref),
        verdict=finding.verdict.kind.value,
        policy=finding.verdict.policy,
        outcome=finding.outcome.value,
        detail=finding.detail,
        facts=Facts(**facts_of(finding.session, lens, now, FACTS)),
        news=finding.news,
        arn=arn(finding.ref) or "",
        idle_since=None if since is None else instant(since),
        evidence=evidence(facts),
        due=None if finding.due is None else instant(finding.due),
        snooze=snooze
        and common.Snooze(until=instant(snooze.until), by=snooze.by, at=instant(snooze.at), times=snooze.times),
        snooze_limit=limit and wire.SnoozeLimit(max=round(limit.max), left=limit.times),
        avoided_cost=None if avoided is None else round(avoided[0], 2),
        avoided_basis="" if avoided is None else avoided[1],
    )


def facts_of(session: Session, lens: Lens, now: float, names: Iterable[str]) -> dict[str, Any]:
    """The facts ``names`` of a session at ``now``, those that were asked."""
    found: dict[str, Fact] = {}
    for name in names:
        definition = VOCABULARY[name]
        value = definition.read(session, now, lens)
        if value is NOT_ASKED:
            continue
        if isinstance(value, float) and not math.isfinite(value):
            found[name] = common.Undecidable(f"it is said to be {value}, which is no number")
        elif value is ABSENT or isinstance(value, Missing):
            found[name] = None
        elif isinstance(value, Undecidable):
            found[name] = common.Undecidable(value.reason)
        elif isinstance(value, float | int):
            found[name] = _number(float(value), definition.type)
        else:
            found[name] = dict(value) if definition.type is FactType.TAGS else str(value)  # type: ignore[call-overload]
    return found


def blind_of(blind: Blind) -> wire.Blind:
    """One blind scope."""
    return wire.Blind.at(blind.key, scope=dict(blind.scope), error=blind.error)


def _unfinished(unfinished: Unfinished) -> wire.Unfinished:
    return wire.Unfinished(
        scopes=tuple(wire.ScopeIn.at(key, scope=dict(scope)) for key, scope in unfinished.listings),
        sessions=tuple(map(Ref.of, unfinished.sessions)),
        stops=tuple(map(Ref.of, unfinished.stops)),
    )


def _avoided(finding: Finding, lens: Lens, now: float) -> tuple[float, str] | None:
    """The estimated USD its stop avoided, and what that compares with."""
    rate, timeout = read_hourly_cost(finding.session, now, lens), finding.session.facts.idle_timeout
    return avoided_cost(
        rate if isinstance(rate, float) else None,
        idle_since(finding.session.facts, now),
        timeout if isinstance(timeout, float) else None,
        now,
        finding.ref.service,
    )


def _number(value: float, kind: FactType) -> float:
    """Whole seconds, cents to a hundredth: more would claim more than is known."""
    if kind is FactType.DURATION:
        return round(value)
    rounded = round(value, 4)
    return int(rounded) if rounded.is_integer() and kind is FactType.NUMBER else rounded
