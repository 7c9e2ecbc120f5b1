"""What became of the stops of earlier sweeps: confirmed, not stopping, or regretted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from reaper.core.facts import ABSENT, NOT_ASKED, Facts
from reaper.core.judge import KEEP
from reaper.core.memory import Memory, likeness
from reaper.core.outcome import Outcome
from reaper.core.permission import moment
from reaper.core.plan import Finding
from reaper.core.records import StopTaken
from reaper.core.session import Phase, ScopeKey, Session, SessionRef
from reaper.core.trends import SETTLING, may_replace
from reaper.core.vocabulary import Lens, tagged_owner
from reaper.sweep.ports import Provider
from reaper.sweep.remember import Past, Seen, TakenIn
from reaper.sweep.survey import ask

_MOST_CANDIDATES = 50
"""Sessions whose tags are asked for, because they may stand in the place of one that was stopped."""


class Regrets:
    """Watches every session a survey sees for those put in the place of one we stopped."""

    def __init__(self, past: Past) -> None:
        self._stops = tuple(stop for stop in past.pending if stop.likeness)
        self._earliest = min((stop.at for stop in self._stops), default=float("inf"))
        self._candidates: dict[SessionRef, Session] = {}

    def see(self, session: Session) -> None:
        """Note it, if it may be one. Cheap for all others; safe from any thread (a dict takes one key at a time)."""
        created = session.facts.created_at
        if not isinstance(created, float) or created <= self._earliest:
            return
        if any(may_replace(session, stop) for stop in self._stops):
            self._candidates[session.ref] = session

    def found(self, providers: Iterable[Provider], lens: Lens) -> dict[SessionRef, StopTaken]:
        """The stops that are regretted: its owner made another like it. Asks for the tags that tell who an owner is."""
        by_key = {provider.key: provider for provider in providers}
        found: dict[SessionRef, StopTaken] = {}
        for session in list(self._candidates.values())[:_MOST_CANDIDATES]:
            known, provider = session, by_key.get(session.ref.key)
            if provider is not None and session.facts.tags is NOT_ASKED:
                known = ask(provider, session, frozenset({"tags"}))
            alike = likeness(known, tagged_owner(known, lens))
            found.update(
                {stop.ref: stop for stop in self._stops if alike == stop.likeness and may_replace(known, stop)}
            )
        return found


def confirm(taken: TakenIn, seen: Seen, providers: Collection[ScopeKey], now: float) -> list[Finding]:
    """What became of the stops of earlier sweeps: a finding for each that is confirmed, or is not stopping."""
    live = {one.session.ref: one.session for one in seen.judged}
    found: list[Finding] = []
    for stop in taken.past.pending:
        memory = taken.before.get(stop.ref)
        if memory is None or not memory.awaiting or stop.ref.key not in providers:
            continue
        session = live.get(stop.ref)
        created = session.facts.created_at if session else None
        if session is None or (isinstance(created, float) and created > stop.at):
            if stop.ref.key not in seen.blind:
                found.append(_confirmed(stop))
        elif now - stop.at >= SETTLING:
            why = f"{stop.policy} stopped it at {moment(stop.at)}, the service accepted that, and it still runs: stop it by hand"
            found.append(Finding(session, KEEP, Outcome.NOT_STOPPING, why))
    return found


def _confirmed(stop: StopTaken) -> Finding:
    session = Session(stop.ref, Facts(state="", phase=Phase.ENDED, created_at=ABSENT, idle_since=ABSENT))
    return Finding(session, KEEP, Outcome.CONFIRMED, f"ended, as {stop.policy} told it to at {moment(stop.at)}")


def still_unconfirmed(taken: TakenIn, findings: Sequence[Finding]) -> tuple[StopTaken, ...]:
    """The stops of earlier sweeps that the next one has to ask after."""
    confirmed = {finding.ref for finding in findings if finding.outcome is Outcome.CONFIRMED}
    return tuple(
        stop
        for stop in taken.past.pending
        if stop.ref not in confirmed and (memory := taken.before.get(stop.ref)) is not None and memory.awaiting
    )


def stops_taken(done: Iterable[Finding], kept: Mapping[SessionRef, Memory]) -> tuple[StopTaken, ...]:
    """The stops among ``done`` that a service accepted."""
    return tuple(
        StopTaken(
            ref=finding.ref,
            policy=finding.verdict.policy or "",
            at=finding.stop_sent_at,
            likeness=kept[finding.ref].likeness if finding.ref in kept else "",
        )
        for finding in done
        if finding.outcome is Outcome.STOPPED and finding.stop_sent_at is not None
    )


def new_regrets(taken: TakenIn, seen: Seen) -> dict[SessionRef, StopTaken]:
    """The regrets this sweep is the first to see."""
    return {
        ref: stop
        for ref, stop in seen.regrets.items()
        if (memory := taken.before.get(ref)) is not None and (memory.regretted_at or 0.0) < stop.at
    }
