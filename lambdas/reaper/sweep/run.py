"""A whole sweep: survey, plan, and in enforce mode act; then the report. With a ledger it remembers, around all of that.

A dry run and a real run differ in one place only: whether :func:`~reaper.sweep.act.act` is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from reaper.core.guards import Stops
from reaper.core.judge import Verdict, retired
from reaper.core.plan import Finding, known_idle_cost, tripped_caps
from reaper.core.report import Blind, Mode, Report, Tripped, Unfinished
from reaper.core.session import ScopeKey, Session, SessionRef
from reaper.sweep import aftermath, parts, remember
from reaper.sweep.announce import mark_told, promised_now
from reaper.sweep.instructions import Sweep
from reaper.sweep.lookups import LookUps
from reaper.sweep.planning import planned, setting_of, stopped
from reaper.sweep.ports import HistoryError
from reaper.sweep.remembering import Done, Remembering
from reaper.sweep.survey import Survey, survey


def run(sweep: Sweep) -> Report:
    """Do the sweep and say what came of it. Stops sessions only in enforce mode."""
    if sweep.forgetful and sweep.mode is Mode.ENFORCE:
        raise ValueError("a sweep that stops sessions has to remember that it did")
    started = sweep.clock()
    keys = [provider.key for provider in sweep.providers]
    past = remember.look_back(sweep.ledger, keys, started) if sweep.ledger else remember.Past()
    # One whose stops are regretted must not stand before a policy that may still stop the same session.
    fallen = past.fallen(sweep.book.book.guards.max_regret_share)
    sweep = replace(sweep, book=retired(sweep.book, fallen))
    regrets = aftermath.Regrets(past)
    seen = _look(sweep, past, regrets, started)
    lost = _keep_history(sweep, started)
    if sweep.ledger is None:
        done = _without_ledger(sweep, seen, started)
    else:
        done = Remembering(sweep, sweep.ledger, past, seen, started).carry_out(regrets)
    tripped = {
        **_fallen_in(past, fallen),
        **tripped_caps(done.findings),
        **seen.lookups.tag_trouble(sweep.book.book.guards),
        **seen.lookups.evidence_trouble(sweep.book.book.guards),
        **done.tripped,
    }
    tags, evidence = seen.lookups.counts()
    report = Report(
        run_id=sweep.run_id,
        mode=sweep.mode,
        started_at=started,
        finished_at=sweep.clock(),
        seen=seen.seen,
        live=seen.live.total(),
        findings=done.findings,
        blind=(*seen.blind, *seen.lookups.blind(), *_ledger_unread(sweep, done)),
        regrets=done.regrets,
        api_calls=sweep.counter.counts(),
        notes=(*sweep.notes, *seen.absent, *done.notes, *lost),
        tripped=tuple(Tripped(scope, why) for scope, why in sorted(tripped.items(), key=str)),
        unfinished=seen.unfinished,
        live_by_scope=dict(seen.live),
        stops_by_scope=_stops_by_scope(sweep, done.findings, started),
        tag_lookups=tags,
        evidence_lookups=evidence,
    )
    return _tell(sweep, report, done)


def _look(sweep: Sweep, past: remember.Past, regrets: aftermath.Regrets, now: float) -> Survey:
    """Survey what is to be looked at, and leave what needs all of its scope to the part of the sweep that has seen it."""
    earlier = sweep.earlier
    lookups = LookUps(earlier.tag_lookups, earlier.evidence_lookups) if earlier else LookUps()

    def witness(session: Session, verdict: Verdict) -> None:
        regrets.see(session)
        if sweep.history:
            sweep.history.record(session, verdict)

    def look(resume: Unfinished | None, wanted: frozenset[SessionRef]) -> Survey:
        return survey(
            sweep.providers,
            sweep.book,
            now,
            remember=wanted,
            witness=witness,
            progress=sweep.progress,
            threads=sweep.threads,
            in_time=sweep.in_time,
            resume=resume,
            lookups=lookups,
        )

    wanted = (sweep.only or frozenset()) | {stop.ref for stop in past.pending}
    seen = look(earlier.unfinished if earlier else None, wanted)
    if earlier:
        seen.live.update(earlier.live)
        seen.seen += earlier.seen
        _decide_waiting(seen, earlier.unfinished, look)
    parts.hold_over(seen, now, sweep.book.lens)
    return seen


def _decide_waiting(
    seen: Survey,
    left_over: Unfinished,
    look: Callable[[Unfinished | None, frozenset[SessionRef]], Survey],
) -> None:
    """Add to ``seen`` the stops that waited for the rest of their scope, judged as they are now, where that is done."""
    unseen, waiting = seen.unfinished.unseen(), left_over.stops
    ready = tuple(ref for ref in waiting if ref.key not in unseen)
    if not ready:
        seen.unfinished = replace(seen.unfinished, stops=waiting, idle_costs=left_over.idle_costs)
        return
    again = look(Unfinished(sessions=ready), frozenset())
    seen.judged += again.judged
    seen.blind += again.blind
    left = (*(ref for ref in waiting if ref.key in unseen), *again.unfinished.sessions)
    costs = {ref: cost for ref, cost in left_over.idle_costs.items() if ref in set(left)}
    seen.unfinished = replace(seen.unfinished, stops=left, idle_costs=costs)


def _keep_history(sweep: Sweep, started: float) -> tuple[str, ...]:
    """Close the recording, before anything is acted on; a note where it was not kept, which is no reason to do less."""
    if sweep.history is None:
        return ()
    try:
        sweep.history.close(_Begun(sweep.run_id, started))
    except HistoryError as error:
        return (str(error),)
    return ()


@dataclass(frozen=True, slots=True)
class _Begun:
    """Which sweep a recording is of."""

    run_id: str
    started_at: float


def _ledger_unread(sweep: Sweep, done: Done) -> tuple[Blind, ...]:
    """A ledger that cannot be used is a blind spot of the sweep, told and alarmed on like any other."""
    if done.trouble is None:
        return ()
    where = sweep.providers[0].key if sweep.providers else ScopeKey("", "", "")
    return (Blind(ScopeKey("ledger", where.account, where.region), (), done.trouble),)


def _fallen_in(past: remember.Past, fallen: Mapping[str, str]) -> dict[ScopeKey, str]:
    """The scopes in which stops of the ``fallen`` policies were regretted, and why those only report."""
    return {
        key: fallen[count.policy]
        for key, scope in past.scopes.items()
        for count in scope.counts
        if count.regrets and count.policy in fallen
    }


def _stops_by_scope(sweep: Sweep, findings: Sequence[Finding], now: float) -> dict[ScopeKey, Stops]:
    """What counts against the caps in each scope: every stop that was sent, or would be, whether it is news or not."""
    stops: dict[ScopeKey, Stops] = {}
    for finding in findings:
        if finding.allowed or finding.stop_sent_at is not None:
            so_far = stops.get(finding.ref.key, Stops())
            stops[finding.ref.key] = so_far.and_one(known_idle_cost(finding.session, now, sweep.book.lens))
    return stops


def _tell(sweep: Sweep, report: Report, done: Done) -> Report:
    """Have people told, and remember that they were: what nobody heard of is told again, and was no warning."""
    if sweep.tell is None:
        return report
    announced = done.announced
    if announced is not None:
        report = replace(report, findings=promised_now(report.findings, announced, sweep.clock()))
    notes = sweep.tell(report)
    if sweep.ledger and announced is not None and not announced.record.told and not notes:
        notes = mark_told(sweep.ledger, report.findings, announced, sweep.clock())
    return replace(report, notes=(*report.notes, *notes))


def _without_ledger(sweep: Sweep, seen: Survey, now: float) -> Done:
    """Plan and act with nothing remembered."""
    setting = setting_of(sweep, seen, now, None)
    findings = planned(sweep, seen, setting)
    if sweep.mode is Mode.ENFORCE:
        findings = stopped(sweep, findings, setting, None)
    return Done(findings=findings)
