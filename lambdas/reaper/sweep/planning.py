"""The plan of one sweep, and the stops it allows, on what the survey saw and what is remembered."""

from __future__ import annotations

from collections.abc import Sequence

from reaper.core.facts import ABSENT, Facts, Undecidable
from reaper.core.judge import KEEP, Verdict, VerdictKind
from reaper.core.outcome import Outcome
from reaper.core.permission import Recalled, Setting
from reaper.core.plan import Finding, plan
from reaper.core.report import Mode
from reaper.core.session import Session, SessionRef
from reaper.sweep import parts
from reaper.sweep.act import STOP_THREADS, act
from reaper.sweep.instructions import Sweep
from reaper.sweep.ports import Ledger
from reaper.sweep.recheck import Rules
from reaper.sweep.survey import Survey


def setting_of(sweep: Sweep, seen: Survey, now: float, recalled: Recalled | None) -> Setting:
    """What stops are allowed under in this sweep; ``recalled`` is ``None`` without a ledger."""
    guards = sweep.book.book.guards
    return Setting(
        guards=guards,
        live=seen.live,
        now=now,
        lens=sweep.book.lens,
        enforced=sweep.mode is Mode.ENFORCE,
        only=sweep.only,
        already=parts.already(sweep.earlier, seen),
        unseen=seen.unfinished.unseen(),
        tag_trouble=seen.lookups.tag_trouble(guards),
        evidence_trouble=seen.lookups.evidence_trouble(guards),
        recalled=recalled,
        idle_only=frozenset(provider.key for provider in sweep.providers if provider.stops_idle_only),
        lifted=sweep.book.lifted(),
    )


def planned(sweep: Sweep, seen: Survey, setting: Setting) -> tuple[Finding, ...]:
    """A finding for every session judged, and for each of the plan that is applied."""
    findings = plan(seen.judged, setting)
    return findings if sweep.only is None else (*findings, *_no_longer(sweep.only, findings, seen))


def stopped(sweep: Sweep, findings: Sequence[Finding], setting: Setting, ledger: Ledger | None) -> tuple[Finding, ...]:
    """``findings`` with what became of the stops that are allowed."""
    providers = {provider.key: provider for provider in sweep.providers}
    rules = Rules(book=sweep.book, setting=setting, clock=sweep.clock, run_id=sweep.run_id, ledger=ledger)
    in_time = sweep.stops_in_time or sweep.in_time
    threads = min(STOP_THREADS, sweep.threads)
    return act(findings, providers, rules, sweep.pause, progress=sweep.progress, in_time=in_time, threads=threads)


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
