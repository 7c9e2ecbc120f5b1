"""A whole sweep: survey, plan, and in enforce mode act; then the report.

A dry run and a real run differ in one place only: whether :func:`~reaper.sweep.act.act` is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from reaper.core.facts import ABSENT, Facts, Undecidable
from reaper.core.judge import KEEP, CompiledBook, Verdict, VerdictKind
from reaper.core.plan import Finding, Outcome, plan
from reaper.core.report import Mode, Report
from reaper.core.session import Session, SessionRef
from reaper.sweep.act import act
from reaper.sweep.ports import CallCounter, Progress, Provider
from reaper.sweep.survey import THREADS, Survey, silent, survey


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What one sweep is told to do. ``clock`` gives epoch seconds; ``only`` limits stops to the sessions of a plan."""

    run_id: str
    mode: Mode
    book: CompiledBook
    providers: Sequence[Provider]
    counter: CallCounter
    clock: Callable[[], float]
    only: frozenset[SessionRef] | None = None
    notes: tuple[str, ...] = ()
    progress: Progress = field(default=silent)
    threads: int = THREADS


def run(sweep: Sweep) -> Report:
    """Do the sweep and say what came of it. Stops sessions only in enforce mode."""
    started = sweep.clock()
    seen = survey(
        sweep.providers,
        sweep.book,
        started,
        remember=sweep.only or frozenset(),
        progress=sweep.progress,
        threads=sweep.threads,
    )
    findings = plan(seen.judged, seen.live, sweep.book.book.guards, started, only=sweep.only)
    if sweep.only is not None:
        findings = (*findings, *_no_longer(sweep.only, findings, seen))
    if sweep.mode is Mode.ENFORCE:
        providers = {provider.key: provider for provider in sweep.providers}
        findings = act(findings, providers, sweep.book, sweep.clock, sweep.progress)
    return Report(
        run_id=sweep.run_id,
        mode=sweep.mode,
        started_at=started,
        finished_at=sweep.clock(),
        seen=seen.seen,
        live=seen.live.total(),
        findings=findings,
        blind=tuple(seen.blind),
        api_calls=sweep.counter.counts(),
        notes=sweep.notes,
    )


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
