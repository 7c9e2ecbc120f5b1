"""What people are shown of a finding beyond its verdict: when the stop comes, what keeps it, what more they may ask for. Pure."""

from __future__ import annotations

from dataclasses import replace

from reaper.core.facts import Facts
from reaper.core.judge import CompiledBook, VerdictKind
from reaper.core.memory import Card, Memory, due_once_told, promised
from reaper.core.outcome import Outcome
from reaper.core.plan import Finding
from reaper.core.policy.model import SnoozeLimit, Stage
from reaper.core.vocabulary import Lens, read_hourly_cost, read_owner


def shown(finding: Finding, memory: Memory | None, book: CompiledBook, now: float, *, enforced: bool) -> Finding:
    """``finding`` with when it is due, the snooze that lasts, and how many more there may be."""
    snooze = memory.snooze if memory and memory.snooze and now < memory.snooze.until else None
    return replace(
        finding, due=_due(finding, memory, now, enforced=enforced), snooze=snooze, limit=_limit(finding, memory, book)
    )


def card_of(  # noqa: PLR0913 - of whom, and for whom
    finding: Finding, lens: Lens, now: float, *, team: str, timezone: str, enforces: bool
) -> Card | None:
    """What the page behind a link shows of it; ``None`` for what no policy wants stopped.

    ``team`` and ``timezone`` are those of its reader, ``enforces`` whether the sweep stops anything.
    """
    verdict, facts = finding.verdict, finding.session.facts
    if verdict.kind is not VerdictKind.STOP:
        return None
    owner, rate = read_owner(finding.session, now, lens), read_hourly_cost(finding.session, now, lens)
    limit = finding.limit or SnoozeLimit()
    taken = finding.snooze.times if finding.snooze else 0
    return Card(
        name=facts.name if isinstance(facts.name, str) else "",
        owner=owner if isinstance(owner, str) else "",
        team=team,
        state=facts.state,
        idle_since=idle_since(facts, now),
        evidence=evidence(facts),
        hourly_cost=rate if isinstance(rate, float) else None,
        detail=verdict.detail,
        due=finding.due,
        snooze_max=limit.max,
        snooze_times=max(limit.times, taken),
        timezone=timezone,
        acts=enforces and verdict.stage is Stage.ENFORCE,
    )


def idle_since(facts: Facts, now: float) -> float | None:
    """The last evidence of use, epoch seconds; ``None`` while in use, or where there is none."""
    since = facts.idle_since
    return since if isinstance(since, float) and since <= now else None


def evidence(facts: Facts) -> str:
    """How it is known since when it is idle, in the provider's words; empty where it says nothing."""
    return facts.evidence.get("idle_since") or facts.evidence.get("phase", "")


def _due(finding: Finding, memory: Memory | None, now: float, *, enforced: bool) -> float | None:
    if finding.outcome is Outcome.SNOOZED and memory and memory.snooze:
        return memory.snooze.until
    if finding.outcome is not Outcome.WARNED or finding.verdict.stage is not Stage.ENFORCE or memory is None:
        return None
    due = promised(memory, finding.verdict, now, enforced=enforced)
    return due_once_told(memory, finding.verdict, now) if due is None else due


def _limit(finding: Finding, memory: Memory | None, book: CompiledBook) -> SnoozeLimit | None:
    """How long a snooze may be (seconds), and how many more there may be."""
    if finding.verdict.kind is not VerdictKind.STOP:
        return None
    allowed = next((one.policy.snooze for one in book.stops if one.policy.name == finding.verdict.policy), None)
    if allowed is None or memory is None:
        return None
    taken = memory.snooze.times if memory.snooze else 0
    return SnoozeLimit(max=allowed.max, times=max(0, allowed.times - taken))
