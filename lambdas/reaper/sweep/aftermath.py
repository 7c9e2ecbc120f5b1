"""What became of the stops of earlier sweeps: confirmed, not stopping, or regretted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from reaper.core.facts import ABSENT, Facts
from reaper.core.judge import KEEP
from reaper.core.memory import Memory, StopTaken
from reaper.core.outcome import Outcome
from reaper.core.plan import Finding, moment
from reaper.core.session import Phase, ScopeKey, Session, SessionRef
from reaper.core.trends import SETTLING, recent_stops, replaces
from reaper.sweep.remember import Past, Seen, TakenIn


class Regrets:
    """Watches every session a survey sees for those put in the place of one we stopped."""

    def __init__(self, past: Past, now: float) -> None:
        self._stops = recent_stops(past.records, now)
        self._earliest = min((stop.at for stop in self._stops), default=float("inf"))
        self.found: dict[SessionRef, StopTaken] = {}

    def see(self, session: Session) -> None:
        """Note it, if it is one. Cheap for all others; safe from any thread (a dict takes one key at a time)."""
        created = session.facts.created_at
        if not isinstance(created, float) or created <= self._earliest:
            return
        for stop in self._stops:
            if replaces(session, stop):
                self.found[stop.ref] = stop


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


def stops_taken(done: Iterable[Finding], kept: Mapping[SessionRef, Memory], now: float) -> tuple[StopTaken, ...]:
    """The stops among ``done`` that a service accepted."""
    return tuple(
        StopTaken(
            ref=finding.ref,
            policy=finding.verdict.policy or "",
            at=now,
            likeness=kept[finding.ref].likeness if finding.ref in kept else "",
        )
        for finding in done
        if finding.outcome is Outcome.STOPPED
    )


def new_regrets(taken: TakenIn, seen: Seen) -> dict[SessionRef, StopTaken]:
    """The regrets this sweep is the first to see."""
    return {
        ref: stop
        for ref, stop in seen.regrets.items()
        if (memory := taken.before.get(ref)) is not None and (memory.regretted_at or 0.0) < stop.at
    }
