"""A whole sweep: survey, plan, and in enforce mode act; then the report. With a ledger it remembers, around all of that.

A dry run and a real run differ in one place only: whether :func:`~reaper.sweep.act.act` is called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reaper.core.facts import ABSENT, NOT_ASKED, Facts, Undecidable
from reaper.core.guards import tags_untrusted
from reaper.core.judge import KEEP, CompiledBook, Verdict, VerdictKind
from reaper.core.memory import Card, SweepRecord
from reaper.core.outcome import Outcome
from reaper.core.plan import Finding, Judged, Setting, plan, tripped_caps
from reaper.core.report import Blind, Mode, Report, Tripped, Unfinished
from reaper.core.session import ScopeKey, Session, SessionRef
from reaper.core.shown import card_of, shown
from reaper.core.trends import count_on, regret_rates
from reaper.core.vocabulary import read_owner
from reaper.sweep import aftermath, parts, remember
from reaper.sweep.act import act
from reaper.sweep.parts import Earlier
from reaper.sweep.ports import CallCounter, HistoryError, HistoryRecorder, Ledger, Progress, Provider
from reaper.sweep.survey import Survey, survey
from reaper.sweep.walk import THREADS, silent


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is told of a session: the team, and the IANA name of the timezone they live in."""

    team: str = ""
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What one sweep is told to do.

    ``clock`` gives epoch seconds; ``only`` limits stops to the sessions of a plan; ``ledger`` remembers from sweep to
    sweep, read only if ``forgetful``; ``history`` keeps every live session as it was judged, of this sweep alone. ``tell``
    has people told of the report and returns what went wrong with that; nothing at all means that it was told. ``reader``
    gives who that is, by the owner. Once
    ``in_time`` says no, nothing more is looked at, and once ``stops_in_time`` does (by default the same) nothing more is
    stopped; ``earlier`` is what the parts of this sweep before this one did.
    """

    run_id: str
    mode: Mode
    book: CompiledBook
    providers: Sequence[Provider]
    counter: CallCounter
    clock: Callable[[], float]
    only: frozenset[SessionRef] | None = None
    notes: tuple[str, ...] = ()
    ledger: Ledger | None = None
    forgetful: bool = False
    history: HistoryRecorder | None = None
    tell: Callable[[Report], tuple[str, ...]] | None = None
    reader: Callable[[str | None], Reader] = lambda _owner: Reader()
    progress: Progress = silent
    threads: int = THREADS
    in_time: Callable[[], bool] = lambda: True
    stops_in_time: Callable[[], bool] | None = None
    earlier: Earlier | None = None


def run(sweep: Sweep) -> Report:
    """Do the sweep and say what came of it. Stops sessions only in enforce mode."""
    if sweep.forgetful and sweep.mode is Mode.ENFORCE:
        raise ValueError("a sweep that stops sessions has to remember that it did")
    started, earlier = sweep.clock(), sweep.earlier
    past = remember.look_back(sweep.ledger, started) if sweep.ledger else remember.Past()
    regrets = aftermath.Regrets(past, started)

    def witness(session: Session, verdict: Verdict) -> None:
        regrets.see(session)
        if sweep.history:
            sweep.history.record(session, verdict)

    seen = survey(
        sweep.providers,
        sweep.book,
        started,
        remember=(sweep.only or frozenset()) | {stop.ref for stop in past.pending},
        witness=witness,
        progress=sweep.progress,
        threads=sweep.threads,
        in_time=sweep.in_time,
        resume=earlier.unfinished if earlier else None,
    )
    if earlier:
        seen.live.update(earlier.live)
        seen.seen += earlier.seen
        _decide_waiting(sweep, seen, earlier.unfinished.stops, started, witness)
    parts.hold_over(seen)
    lost = _keep_history(sweep, started)
    if sweep.ledger is None:
        findings = _plan(sweep, seen, started, None)
        acts = sweep.mode is Mode.ENFORCE
        done = _Done(findings=_act(sweep, findings, seen.unfinished.unseen()) if acts else findings)
    else:
        done = _remembering(sweep, sweep.ledger, past, seen, regrets, started)
    tripped = {**tripped_caps(done.findings), **_tag_trouble(sweep, seen), **done.tripped}
    report = Report(
        run_id=sweep.run_id,
        mode=sweep.mode,
        started_at=started,
        finished_at=sweep.clock(),
        seen=seen.seen,
        live=seen.live.total(),
        findings=done.findings,
        blind=(*seen.blind, *_ledger_unread(sweep, done)),
        regrets=regret_rates(done.record.counts) if done.record else {},
        api_calls=sweep.counter.counts(),
        notes=(*sweep.notes, *done.notes, *lost),
        tripped=tuple(Tripped(scope, why) for scope, why in sorted(tripped.items(), key=str)),
        unfinished=seen.unfinished,
        live_by_scope=dict(seen.live),
    )
    return _tell(sweep, report, done)


def _decide_waiting(
    sweep: Sweep, seen: Survey, waiting: Sequence[SessionRef], now: float, witness: Callable[[Session, Verdict], None]
) -> None:
    """Add to ``seen`` the stops that waited for the rest of their scope, judged as they are now, where that is done."""
    unseen = seen.unfinished.unseen()
    ready = tuple(ref for ref in waiting if ref.key not in unseen)
    if not ready:
        seen.unfinished = replace(seen.unfinished, stops=tuple(waiting))
        return
    again = survey(
        sweep.providers,
        sweep.book,
        now,
        witness=witness,
        progress=sweep.progress,
        threads=sweep.threads,
        in_time=sweep.in_time,
        resume=Unfinished(sessions=ready),
    )
    seen.judged += again.judged
    seen.blind += again.blind
    left = (*(ref for ref in waiting if ref.key in unseen), *again.unfinished.sessions)
    seen.unfinished = replace(seen.unfinished, stops=left)


def _keep_history(sweep: Sweep, started: float) -> tuple[str, ...]:
    """Close the recording, before anything is acted on; a note where it was not kept, which is no reason to do less."""
    if sweep.history is None:
        return ()
    try:
        sweep.history.close(_Begun(sweep.run_id, started))
    except HistoryError as error:
        return (str(error),)
    return ()


def _ledger_unread(sweep: Sweep, done: _Done) -> tuple[Blind, ...]:
    """A ledger that cannot be used is a blind spot of the sweep, told and alarmed on like any other."""
    if done.trouble is None:
        return ()
    where = sweep.providers[0].key if sweep.providers else ScopeKey("", "", "")
    return (Blind(ScopeKey("ledger", where.account, where.region), (), done.trouble),)


@dataclass(frozen=True, slots=True)
class _Begun:
    """Which sweep a recording is of."""

    run_id: str
    started_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What the sweep did: its findings, what it has to say beside them, and the ledger's record of it, if it has one."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    tripped: Mapping[ScopeKey, str] = field(default_factory=dict[ScopeKey, str])
    record: SweepRecord | None = None
    trouble: str | None = None
    """Why the ledger could not be used, if it could not."""


def _tell(sweep: Sweep, report: Report, done: _Done) -> Report:
    """Have people told, and remember that they were: what nobody heard of is told again, and was no warning."""
    if sweep.tell is None:
        return report
    notes = sweep.tell(report)
    if sweep.ledger and done.record and not done.record.told and not notes:
        notes = remember.mark_told(sweep.ledger, done.record)
    return replace(report, notes=(*report.notes, *notes))


def _remembering(  # noqa: PLR0913, PLR0917 - the whole sweep so far
    sweep: Sweep, ledger: Ledger, past: remember.Past, seen: Survey, regrets: aftermath.Regrets, started: float
) -> _Done:
    """Plan and act with what is remembered."""
    blind = frozenset(one.key for one in seen.blind).union(sweep.earlier.blind if sweep.earlier else ())
    unseen, begun = seen.unfinished.unseen(), seen.unfinished.undecided()
    known = remember.Seen(
        judged=seen.judged,
        live={scope: live for scope, live in seen.live.items() if scope not in unseen},
        blind=blind | unseen,
        regrets=regrets.found,
    )
    taken = remember.take_in(ledger, past, known, sweep.book, started)
    keys = frozenset(provider.key for provider in sweep.providers)
    # What other parts looked at is not gone because this one does not see it.
    here = replace(known, blind=known.blind | parts.elsewhere(sweep.earlier, keys))
    confirmations = aftermath.confirm(taken, here, keys, started)
    planned = _merged(_plan(sweep, seen, started, taken.recalled), confirmations)
    known_of = taken.recalled.memories
    findings = remember.freshly(
        [shown(finding, known_of.get(finding.ref), sweep.book, started) for finding in planned], taken, started
    )
    tripped = taken.recalled.tripped
    if sweep.forgetful:
        return _Done(findings=findings, tripped=tripped, trouble=taken.recalled.trouble)
    regretted = aftermath.new_regrets(taken, known)
    acts = sweep.mode is Mode.ENFORCE and any(finding.allowed for finding in findings)
    record = SweepRecord(
        run_id=sweep.run_id,
        # All parts of a sweep are one moment to the next sweep, which asks whether a policy held in all of the last one.
        started_at=sweep.earlier.began_at if sweep.earlier else started,
        finished_at=None if acts else sweep.clock(),
        mode=sweep.mode.value,
        live={scope: live for scope, live in seen.live.items() if scope not in blind | begun},
        blind=blind - begun,
        claims=tuple(finding.ref for finding in findings if finding.allowed) if acts else (),
        unconfirmed=aftermath.still_unconfirmed(taken, findings),
        counts=count_on(remember.counts_before(past), started, regrets=[stop.policy for stop in regretted.values()]),
        told=sweep.tell is None or not any(finding.news for finding in findings),
    )
    told = remember.announce(
        ledger,
        findings,
        taken,
        record,
        regretted=regretted,
        acts=acts,
        card=lambda finding: _card(sweep, finding, started),
    )
    if not (acts and told.kept):
        record = told.record if told.trouble is None else None
        return _Done(findings=told.findings, tripped=tripped, record=record, trouble=told.trouble)
    findings = _act(sweep, told.findings, unseen, ledger)
    claimed = {before.ref for before in told.findings if before.allowed}
    acted = {finding.ref: finding for finding in findings if finding.ref in claimed}
    now = sweep.clock()
    stops = aftermath.stops_taken(acted.values(), told.kept, now)
    counts = count_on(record.counts, started, stops=[stop.policy for stop in stops])
    finished = replace(told.record, finished_at=now, stops=stops, counts=counts)
    notes = remember.settle(ledger, acted, told.kept, finished, now)
    return _Done(
        findings=findings, notes=notes, tripped=tripped, record=replace(finished, version=finished.version + 1)
    )


def _merged(planned: Sequence[Finding], confirmations: Sequence[Finding]) -> list[Finding]:
    """One finding per session: what is not stopping is not planned for, and one made anew is no longer the one that ended."""
    not_stopping = {finding.ref for finding in confirmations if finding.outcome is Outcome.NOT_STOPPING}
    findings = {finding.ref: finding for finding in planned if finding.ref not in not_stopping}
    return list({**{finding.ref: finding for finding in confirmations}, **findings}.values())


def _plan(sweep: Sweep, seen: Survey, now: float, recalled: remember.Recalled | None) -> tuple[Finding, ...]:
    setting = Setting(
        guards=sweep.book.book.guards,
        live=seen.live,
        now=now,
        lens=sweep.book.lens,
        only=sweep.only,
        already=parts.already(sweep.earlier, seen),
        tag_trouble=_tag_trouble(sweep, seen),
        recalled=recalled,
    )
    findings = plan(seen.judged, setting)
    return findings if sweep.only is None else (*findings, *_no_longer(sweep.only, findings, seen))


def _card(sweep: Sweep, finding: Finding, now: float) -> Card | None:
    owner = read_owner(finding.session, now, sweep.book.lens)
    reader = sweep.reader(owner if isinstance(owner, str) else None)
    enforces = sweep.mode is Mode.ENFORCE
    return card_of(finding, sweep.book.lens, now, team=reader.team, timezone=reader.timezone, enforces=enforces)


def _act(
    sweep: Sweep, findings: Sequence[Finding], unseen: frozenset[ScopeKey], ledger: Ledger | None = None
) -> tuple[Finding, ...]:
    providers = {provider.key: provider for provider in sweep.providers}
    in_time = sweep.stops_in_time or sweep.in_time
    whole = parts.withhold_unseen(findings, unseen)

    def kept(ref: SessionRef) -> tuple[Outcome, str] | None:
        return remember.kept_meanwhile(ledger, ref, sweep.clock()) if ledger else None

    return act(whole, providers, sweep.book, sweep.clock, progress=sweep.progress, in_time=in_time, kept=kept)


def _tag_trouble(sweep: Sweep, seen: Survey) -> dict[ScopeKey, str]:
    """Scopes in which too many of the tags asked for could not be read."""
    asked = Counter(_scope(one) for one in seen.judged if one.session.facts.tags is not NOT_ASKED)
    failed = Counter(_scope(one) for one in seen.judged if isinstance(one.session.facts.tags, Undecidable))
    guards = sweep.book.book.guards
    troubles = {scope: tags_untrusted(failed[scope], count, scope, guards) for scope, count in asked.items()}
    return {scope: why for scope, why in troubles.items() if why is not None}


def _scope(one: Judged) -> ScopeKey:
    return one.session.ref.key


def _no_longer(only: frozenset[SessionRef], findings: Sequence[Finding], seen: Survey) -> list[Finding]:
    """The sessions of a plan that no policy wants stopped now: named, so that none goes missing without a word."""
    sessions = {one.session.ref: one.session for one in seen.judged}
    unread = {blind.key for blind in seen.blind}
    return [
        _kept(sessions[ref]) if ref in sessions else _unseen(ref, in_the_dark=ref.key in unread)
        for ref in sorted(only - {finding.ref for finding in findings}, key=str)
    ]


def _kept(session: Session) -> Finding:
    return Finding(session, KEEP, Outcome.SPARED, "it is in the plan, and no policy wants it stopped any more")


def _unseen(ref: SessionRef, *, in_the_dark: bool) -> Finding:
    if in_the_dark:
        why = "it is in the plan, but not all of its service could be read"
        session = Session(ref, Facts(state="", phase=Undecidable(why), created_at=Undecidable(why)))
        return Finding(session, Verdict(VerdictKind.UNDETERMINED), Outcome.UNDETERMINED, why)
    session = Session(ref, Facts(state="", phase=ABSENT, created_at=ABSENT))
    return Finding(session, KEEP, Outcome.ALREADY_GONE, "it is in the plan, and is not running any more")
